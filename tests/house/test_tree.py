"""Goal: the tree says nothing it should not, and what it points at exists.
Method: every text file is read for links, places of build machines, and words that mean unfinished work."""
import re
import subprocess

import pytest

import lint_pages
from house import ROOT, debian, files, name, sources, text_files

# Put together here so that this file does not contain them.
MACHINE_PLACES = [re.compile(p) for p in (r"(?<![\w)])/ho" r"me/[a-z]", r"/Us" r"ers/[A-Z]", r"/wo" r"rk/(main|wt|shared)", r"/ro" r"ot/[a-z]", r"/op" r"t/wheels")]
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X\b|HA" r"CK)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<(?:img|a)\s[^>]*(?:src|href)=\"([^\"]+)\"")


def test_no_place_of_a_build_machine():
    faults = [f"{name(p)}: {m[0]}" for p, text in text_files() for place in MACHINE_PLACES for m in [place.search(text)] if m]
    assert not faults, "\n".join(faults)


def test_nothing_is_marked_unfinished():
    paths = sources() + files(".py", ".sh", ".cmake", ".mjs", ".js", ".css")
    faults = [f"{name(p)}: {m[0]}" for p in paths for m in [UNFINISHED.search(p.read_text())] if m]
    assert not faults, "\n".join(faults)


def test_links_of_the_documents_resolve():
    faults = []
    for path in files(".md"):
        text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.S)
        for match in LINK.finditer(text):
            target = (match[1] or match[2]).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not (path.parent / target).exists():
                faults.append(f"{name(path)}: {target}")
    assert not faults, "\n".join(faults)


def test_each_codec_has_a_fuzz_target_with_a_corpus():
    """Every source whose name says it parses is named by a fuzz target's includes."""
    fuzzed = "\n".join(p.read_text() for p in files("_fuzz.cpp", under="tests/fuzz"))
    parsers = [p for p in sources() if re.search(r"(_codec|canonical_path|/cookies|forwarded|client_hello|/trace|config/load|audit_chain|notify/smtp|notify/webhook|/form|/ip|fetch_metadata)\.hpp$", str(p))]
    missing = [name(p) for p in parsers if f'"{name(p)}"' not in fuzzed]
    assert not missing, "no fuzz target includes: " + ", ".join(missing)
    bare = [p.stem for p in files("_fuzz.cpp", under="tests/fuzz") if not any((ROOT / "tests/fuzz/corpus" / p.stem).glob("*"))]
    assert not bare, "no seeds for: " + ", ".join(bare)


def test_linked_libraries_are_the_committed_list():
    """docs/reference/linked-libraries.txt names, by release, what the shipped program loads."""
    shipped = ROOT / "build" / "release" / "sekisho"
    assert shipped.exists(), "./dev build release comes first"
    done = subprocess.run(["readelf", "-d", str(shipped)], capture_output=True, text=True, check=True)
    linked = sorted(re.sub(r"\.so.*", "", lib) for lib in re.findall(r"NEEDED.*\[([^\]]+)\]", done.stdout))
    release, wanted = debian(), []
    for line in (ROOT / "docs/reference/linked-libraries.txt").read_text().splitlines():
        library, _, releases = line.partition(":")
        if library and not library.startswith("#") and release in releases.split():
            wanted.append(library.strip())
    assert linked == sorted(wanted), f"Debian {release}: loaded {linked}, listed {sorted(wanted)}"


PAGES = {"config": "docs/reference/config.md", "config.ja": "docs/reference/config.ja.md", "limits": "docs/limits.md",
         "metrics": "docs/reference/metrics.md", "audit": "docs/reference/audit.md", "log-fields": "docs/reference/log-fields.md"}


@pytest.mark.parametrize("page", PAGES)
def test_reference_pages_are_what_the_program_prints(page):
    """To bring one up to date: build/release/sekisho reference PAGE > its file."""
    done = subprocess.run([ROOT / "build/release/sekisho", "reference", page], capture_output=True, text=True, check=True)
    kept = ROOT / PAGES[page]
    assert kept.exists(), f"{PAGES[page]} is missing"
    assert kept.read_text().strip() == done.stdout.strip(), f"{PAGES[page]} is out of date"


def test_lint_pages_are_what_the_program_prints_and_its_examples_show():
    """To bring them up to date: python3 tests/house/lint_pages.py"""
    wanted = lint_pages.pages(ROOT / "build/release/sekisho")
    kept = {p.name: p.read_text() for p in (ROOT / "docs/lint").glob("*.md")}
    assert sorted(kept) == sorted(wanted), "a page is missing or left over"
    stale = [page for page, text in wanted.items() if kept[page] != text]
    assert not stale, stale


def test_every_security_rule_is_explained():
    text = (ROOT / "docs/security-rules.md").read_text()
    missing = [f"R{n}" for n in range(1, 36) if not re.search(rf"\bR{n}\b", text)]
    assert not missing, missing


@pytest.mark.parametrize("guide", ["install", "staff", "contractors", "ops"])
def test_guides_come_in_both_languages(guide):
    for language in ("en", "ja"):
        assert (ROOT / f"docs/guides/{guide}.{language}.md").stat().st_size > 500


def test_nothing_is_skipped_in_tests():
    skip = re.compile(r"GTEST_SK" r"IP|DISABLE" r"D_|pytest\.mark\.sk" r"ip|pytest\.sk" r"ip|test\.sk" r"ip")
    faults = [f"{name(p)}: {m[0]}" for p in files(".cpp", ".py", ".mjs", under="tests") for m in [skip.search(p.read_text())] if m]
    assert not faults, "\n".join(faults)
