"""Goal: the package is one that Debian would take: complete, in its places, without complaint, and it says what is in it.
Method: lintian, dpkg-deb, and the files themselves. ./dev package makes it first."""
import json
import os
import re
import subprocess

import pytest

import package as pk

EXPECTED = """
usr/bin/sekisho
usr/lib/systemd/system/sekisho.service
usr/lib/systemd/system/sekisho.socket
usr/lib/sysusers.d/sekisho.conf
usr/lib/tmpfiles.d/sekisho.conf
usr/share/bash-completion/completions/sekisho
usr/share/doc/sekisho/changelog.Debian.gz
usr/share/doc/sekisho/changelog.gz
usr/share/doc/sekisho/copyright
usr/share/doc/sekisho/sbom.spdx.json
usr/share/lintian/overrides/sekisho
usr/share/fish/vendor_completions.d/sekisho.fish
usr/share/man/ja/man1/sekisho.1.gz
usr/share/man/man1/sekisho.1.gz
usr/share/zsh/vendor-completions/_sekisho
""".split()


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deb")
    pk.run("dpkg-deb", "-R", pk.package(), folder)
    return folder


def test_lintian_finds_no_error_and_no_warning():
    done = pk.run("lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning", "--display-level", ">=warning", pk.package(), check=False)
    assert done.returncode == 0 and not done.stdout.strip(), done.stdout + done.stderr


PAGES = re.compile(r"usr/share/doc/sekisho/(((guides|runbooks|lint|reference|decisions)/)?[\w.-]+\.md"
                   r"|examples/(sekisho\.yaml|prometheus/rules\.yml|grafana/\w+\.json|lint/[\w-]+/(good|bad)\.yaml))")


def test_the_files_are_those_and_no_more(opened):
    found = sorted(str(path.relative_to(opened)) for path in opened.rglob("*") if path.is_file() and "DEBIAN" not in path.parts)
    assert [path for path in found if not PAGES.fullmatch(path)] == sorted(EXPECTED)


def test_every_link_of_a_page_leads_to_a_file_of_the_package(opened):
    doc = opened / "usr/share/doc/sekisho"
    pages = sorted(doc.rglob("*.md"))
    assert {page.parent.name for page in pages} >= {"guides", "runbooks", "lint", "reference"}
    links = [(page, link) for page in pages for link in re.findall(r"\]\(\s*([^)#\s]+)", page.read_text()) if "://" not in link]
    assert len(links) > 300
    assert not [f"{page.relative_to(doc)}: {link}" for page, link in links if not (page.parent / link).exists()]


def test_each_help_address_of_code_review_is_a_page_of_the_package(opened):
    """SARIF's helpUri: the page of the rule, where the package puts it."""
    doc = opened / "usr/share/doc/sekisho"
    done = pk.run(opened / "usr/bin/sekisho", "check", "--sarif", "--config", doc / "examples/lint/app-anybody/bad.yaml", check=False)
    rules = json.loads(done.stdout)["runs"][0]["tool"]["driver"]["rules"]
    addresses = {rule["helpUri"].removeprefix("file:///") for rule in rules if "helpUri" in rule}
    assert len(addresses) >= 40 and not [address for address in addresses if not (opened / address).is_file()]
    assert {(opened / address).stem for address in addresses} == {page.stem for page in (doc / "lint").glob("*.md")} - {"README"}


def test_everything_belongs_to_root_and_nobody_else_may_write():
    for line in pk.run("dpkg-deb", "-c", pk.package()).stdout.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root" and mode[5] != "w" and mode[8] != "w", line


def test_what_it_depends_on_is_what_it_loads(opened):
    control = (opened / "DEBIAN/control").read_text()
    depends = re.search(r"^Depends: (.*)$", control, re.M)[1]
    for library in ("libc6", "libssl3", "libsqlite3-0", "libsodium23", "libyaml-cpp0", "tzdata"):
        assert library in depends, depends
    assert re.search(r"^Version: \d+\.\d+\.\d+-1$", control, re.M)


def test_the_program_is_stripped_and_names_no_folder_of_the_build(opened):
    program = opened / "usr/bin/sekisho"
    assert "debug_info" not in pk.run("readelf", "-S", "-W", program).stdout
    data = program.read_bytes()
    assert str(pk.ROOT).encode() not in data, "the place of the build is in the program"
    assert b"test-clock" not in data, "the settable clock is in the package (R7)"
    headers = pk.run("readelf", "-l", "-d", "-W", program).stdout
    assert "GNU_RELRO" in headers and "BIND_NOW" in headers and "DYN (Position-Independent Executable file)" in headers


def test_maintainer_scripts_are_shell_and_know_the_schema(opened):
    schema = json.loads(pk.run(opened / "usr/bin/sekisho", "version", "--json").stdout)["store_schema"]
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = opened / "DEBIAN" / name
        pk.run("sh", "-n", script)
        assert script.stat().st_mode & 0o777 == 0o755 and len(script.read_text().splitlines()) < 40
    assert f"known={schema}\n" in (opened / "DEBIAN/preinst").read_text()


@pytest.mark.parametrize("newer", [0, 1])
def test_data_of_a_newer_program_refuses_the_package(opened, tmp_path, newer):
    """Bad input: an upgrade over a newer schema. One sentence, nothing changed."""
    import sqlite3
    schema = json.loads(pk.run(opened / "usr/bin/sekisho", "version", "--json").stdout)["store_schema"]
    store = tmp_path / "sekisho.db"
    with sqlite3.connect(store) as database:
        database.execute("CREATE TABLE t (a)")
        database.execute(f"PRAGMA user_version={schema + newer}")
    before = store.read_bytes()
    script = tmp_path / "preinst"
    script.write_text((opened / "DEBIAN/preinst").read_text().replace("/var/lib/sekisho/sekisho.db", str(store)))
    done = subprocess.run(["sh", script, "upgrade", "0.0.9-1"], capture_output=True, text=True)
    assert done.returncode == newer
    assert (f"has schema {schema + 1}" in done.stderr and "nothing was changed" in done.stderr and done.stderr.count("\n") == 1) if newer else done.stderr == ""
    assert store.read_bytes() == before


def test_the_list_of_parts_is_whole(opened):
    """SPDX 2.3: the program, each library it loads, related to it."""
    document = json.loads((opened / "usr/share/doc/sekisho/sbom.spdx.json").read_text())
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0" and document["SPDXID"] == "SPDXRef-DOCUMENT"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"]) and document["creationInfo"]["creators"]
    ids = [one["SPDXID"] for one in document["packages"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids)
    for one in document["packages"]:
        assert one["name"] and one["versionInfo"] and one["downloadLocation"] and one["filesAnalyzed"] is False
    related = {(one["relationshipType"], one["relatedSpdxElement"]) for one in document["relationships"]}
    assert ("DESCRIBES", "SPDXRef-Sekisho") in related
    needed = re.findall(r"NEEDED.*\[([^\]]+)\]", pk.run("readelf", "-d", opened / "usr/bin/sekisho").stdout)
    named = " ".join(one["comment"] for one in document["packages"])
    assert not [library for library in needed if library not in named]


def test_the_manual_pages_are_whole(opened):
    for page in ("share/man/man1", "share/man/ja/man1"):
        done = pk.run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", opened / "usr" / page / "sekisho.1.gz", env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80"))
        assert done.stderr.strip() == ""
