"""Goal: a command in a guide works when somebody copies it. Method: every fenced block marked `sh` is run, in order, by a
shell beside a real gateway; blocks marked `sh root` change a whole machine and are run by tests/packaging/install_check.py
in a bare one. Only places are put in: the guide's folders and port become the test's."""
import os
import pathlib
import re
import subprocess

import pytest

import gateway as gw

GUIDES = gw.ROOT / "docs/guides"
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
KNOWN = {"sh", "sh root", "yaml", "text"}


def guides():
    return sorted(GUIDES.glob("*.md"))


def blocks(path, mark):
    return [body for info, body in FENCE.findall(path.read_text()) if info.strip() == mark]


def test_each_block_says_who_runs_it():
    for path in guides():
        text = path.read_text()
        assert {info.strip() for info, _ in FENCE.findall(text)} <= KNOWN, path.name
        outside = FENCE.sub("", text)
        bare = [line for line in outside.splitlines() if re.match(r"(    |\t|\$ )\S*(sekisho|systemctl|curl|apt)", line)]
        assert not bare, f"{path.name}: not in a block that is run: {bare}"


def test_both_languages_hold_the_same_commands():
    for english in GUIDES.glob("*.en.md"):
        japanese = english.with_name(english.name.replace(".en.", ".ja."))
        for mark in ("sh", "sh root"):
            assert blocks(english, mark) == blocks(japanese, mark), f"{english.name}: {mark}"


def test_inline_commands_are_verbs_with_their_options():
    """What stands in a sentence or a table is not run; its verb and its options exist."""
    for path in guides():
        for command in re.findall(r"`(sekisho [^`\n]+)`", path.read_text()):
            words = command.replace("|", " ").split()[1:]
            verb = []
            for word in words:
                if not re.fullmatch(r"[a-z][a-z-]*", word) or len(verb) == 2:
                    break
                verb.append(word)
            while verb:
                done = subprocess.run([str(gw.binary()), *verb, "--help"], capture_output=True, text=True, timeout=60)
                if done.returncode == 0:
                    break
                verb.pop()
            assert verb, f"{path.name}: {command}"
            for option in re.findall(r"--[a-z-]+", command):
                assert option in done.stdout, f"{path.name}: {command}: {option}"


@pytest.fixture
def machine(fresh_gateway, tmp_path):
    """A gateway with a past, and a shell that finds it where the guides say it is."""
    gateway = fresh_gateway(lambda s: s["apps"]["wiki"].update(service_tokens=True))
    gateway.add("suzuki")
    sato = gateway.signed_in(gateway.add("sato"))
    denied = sato.go(gateway.url("wiki", "/secret/"))
    assert denied.status == 403
    request = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", denied.text)[0]
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sekisho").symlink_to(gateway.program)
    for kind in ("pem", "key"):
        (tmp_path / f"portal.{kind}").write_bytes((gateway.ca.parent / f"portal.{gw.DOMAIN}.{kind}").read_bytes())
    gateway.shell = dict(os.environ, PATH=f"{folder}:/usr/bin:/bin", SEKISHO_CONFIG=str(gateway.config), REQUEST=request, LC_ALL="C.UTF-8")
    gateway.places = {"/etc/sekisho/sekisho.yaml": str(gateway.config), "/etc/sekisho/": f"{tmp_path}/", "/srv/backup/": f"{tmp_path}/",
                      "127.0.0.1:9464": f"127.0.0.1:{gateway.ops}"}
    return gateway


@pytest.mark.parametrize("name", sorted({path.name.split(".")[0] for path in GUIDES.glob("*.en.md")}))
def test_every_command_works(machine, name):
    for block in blocks(GUIDES / f"{name}.en.md", "sh"):
        for place, here in machine.places.items():
            block = block.replace(place, here)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], capture_output=True, text=True, env=machine.shell,
                              stdin=subprocess.DEVNULL, timeout=120)
        assert done.returncode == 0, f"{name}:\n{block}\nexit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def test_there_is_something_to_run():
    assert sum(len(blocks(GUIDES / "ops.en.md", mark)) for mark in ("sh", "sh root")) >= 10
    assert len(blocks(GUIDES / "install.en.md", "sh root")) >= 6
