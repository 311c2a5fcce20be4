"""Goal: whoever meets a verb is told what it does, with an example, in the shell, in the manual and in both languages.
Method: the help of the program is the list; manual and completions are read by the tools that people use."""
import re

import pytest

import package as pk

LANGUAGES = ("en", "ja")


@pytest.fixture(scope="module")
def verbs():
    found = pk.verbs()
    assert len(found) > 20 and ["audit", "verify"] in found and ["backup"] in found
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verb_has_help_and_an_example(verbs, language):
    mark = {"en": "Example: sekisho ", "ja": "例: sekisho "}[language]
    bare = [verb for verb in verbs if mark + verb[0] not in pk.sekisho(*verb, "--help", language=language).stdout.replace("\n", " ")
            and not verb[0].startswith("test-")]
    assert not bare


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verb_stands_in_the_manual(verbs, language):
    page = pk.sekisho("manpage", language=language).stdout.replace("\\-", "-")
    assert not [verb for verb in verbs if f".SS sekisho {' '.join(verb)}\n" not in page]
    example = {"en": "Example:", "ja": "例:"}[language]
    assert page.count(f"\n{example}\n") >= len([verb for verb in verbs if not verb[0].startswith("test-")])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manual_reads_without_a_warning(language, tmp_path):
    page = tmp_path / "sekisho.1"
    page.write_text(pk.sekisho("manpage", language=language).stdout)
    done = pk.run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page, env={"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80", "PATH": "/usr/bin:/bin"})
    assert done.stderr.strip() == "", done.stderr
    assert "sekisho" in done.stdout


def bash_words(script, *typed):
    """What bash offers after these words."""
    ask = f'source {script}; COMP_WORDS=({" ".join(repr(word) for word in typed)}); COMP_CWORD={len(typed) - 1}; _sekisho; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return pk.run("bash", "-c", ask).stdout.split()


def test_bash_offers_verbs_and_options(tmp_path):
    script = tmp_path / "sekisho.bash"
    script.write_text(pk.sekisho("completion", "bash").stdout)
    pk.run("bash", "-n", script)
    assert "audit" in bash_words(script, "sekisho", "au")
    assert bash_words(script, "sekisho", "audit", "v") == ["verify"]
    assert "--checkpoint" in bash_words(script, "sekisho", "audit", "verify", "--ch")
    assert bash_words(script, "sekisho", "completion", "f") == ["fish"]
    assert bash_words(script, "sekisho", "audit", "verify", "--config", str(tmp_path) + "/sek") == [str(script)]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_other_shells_take_their_completions(shell, language, tmp_path):
    script = tmp_path / f"sekisho.{shell}"
    script.write_text(pk.sekisho("completion", shell, language=language).stdout)
    text = script.read_text()
    assert "verify" in text and "--checkpoint" in text if shell == "zsh" else "-l checkpoint" in text
    assert pk.run(shell, "-n", script).stderr == ""


def test_fish_offers_what_the_table_says(tmp_path):
    script = tmp_path / "sekisho.fish"
    script.write_text(pk.sekisho("completion", "fish").stdout)
    offered = pk.run("fish", "-N", "-c", f"source {script}; complete -C 'sekisho audit '").stdout
    assert {line.split("\t")[0] for line in offered.splitlines()} >= {"verify", "search"}


def test_an_unknown_shell_is_refused_by_name():
    done = pk.sekisho("completion", "tcsh", check=False)
    assert done.returncode == 2 and "tcsh" in done.stderr


def test_descriptions_differ_by_language(verbs):
    japanese = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
    for verb in verbs:
        if not verb[0].startswith("test-"):
            assert japanese.search(pk.sekisho(*verb, "--help", language="ja").stdout), verb
            assert not japanese.search(pk.sekisho(*verb, "--help").stdout), verb
