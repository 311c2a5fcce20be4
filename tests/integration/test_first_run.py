"""Goal: a machine with nothing on it has a gateway after one command, and a second run of it harms nothing.
Method: `sekisho init` in an empty folder, its files as they are, then check, serve, health and sign-in."""
import json
import os
import re
import signal
import subprocess

import pytest

import gateway as gw
import sekisho_client as client


def sekisho(*arguments, **more):
    return subprocess.run([str(gw.binary()), *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, **more)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "etc"


def first_run(folder, *more):
    done = sekisho("init", "--dir", folder, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_init_writes_passes_check_and_is_closed_to_others(folder):
    said = first_run(folder)
    assert "master.key" in said and "self-signed" in said and "Next:" in said
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"master.key": 0o600, "portal.key": 0o600, "portal.pem": 0o644, "sekisho.yaml": 0o640, "data": 0o700, "run": 0o700}
    done = sekisho("check", "--config", folder / "sekisho.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    text = (folder / "sekisho.yaml").read_text()
    assert text.endswith("...\n") and "ポータル" in text and "Where the gateway listens." in text


def test_the_example_in_its_comments_is_good_too(folder):
    first_run(folder, "--portal", "portal.example.com", "--listen", "127.0.0.1:8443")
    path = folder / "sekisho.yaml"
    text = path.read_text()
    example = text[text.index("# An example of"):]
    path.write_text(text[:text.index("# 利用できる人")] + "".join(line[2:] + "\n" if line.startswith("# ") else "" if line.startswith("#") else line + "\n"
                                                             for line in example.splitlines() if "An example of" not in line and "answer is no" not in line))
    assert "\napps:\n" in path.read_text() and "\nrules:\n" in path.read_text()
    done = sekisho("check", "--config", path)
    assert done.returncode == 0 and "1 apps, 1 rules" in done.stdout, done.stdout + done.stderr


def test_a_second_run_touches_nothing(folder):
    first_run(folder)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}
    said = first_run(folder, "--portal", "other.example")
    assert said.count("kept") >= 3 and "made" not in said
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}


def test_bad_answers_are_said_and_leave_nothing(folder):
    for more in (["--portal", "not a host"], ["--listen", "nowhere"], ["--person", "Not A Name"]):
        done = sekisho("--lang", "en", "init", "--dir", folder, *more)
        assert done.returncode == 2 and done.stdout == "" and not folder.exists(), more
        assert done.stderr.count("error: ") == 1 and more[1] in done.stderr, done.stderr


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    done = sekisho("--lang", "en", "init", "--dir", tmp_path / "file/etc")
    assert done.returncode == 2 and "file/etc" in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""


def test_japanese_is_spoken(folder):
    done = sekisho("--lang", "ja", "init", "--dir", folder)
    assert "作りました" in done.stdout and "次に" in done.stdout


def test_from_nothing_to_a_sign_in(folder):
    port, ops = gw.free_port(), gw.free_port()
    first_run(folder, "--portal", f"portal.localhost:{port}", "--listen", f"127.0.0.1:{port}", "--person", "kido")
    path = folder / "sekisho.yaml"
    path.write_text(path.read_text().replace("\n...\n", f"\nops:\n  listen: 127.0.0.1:{ops}\n...\n"))
    assert sekisho("healthcheck", "--config", path).returncode == 1
    process = subprocess.Popen([str(gw.binary()), "serve", "--config", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in process.stdout if '"ready"' in line)
        assert json.loads(line)["port"] == ops
        health = sekisho("healthcheck", "--config", path)
        assert (health.returncode, health.stdout) == (0, "ready\n")
        assert sekisho("healthcheck", "--live", "--config", path).stdout == "alive\n"
        link = sekisho("users", "add", "kido", "--config", path).stdout.strip()
        assert re.match(rf"https://portal\.localhost:{port}/\.sekisho/activate\?link=", link)
        browser = client.Browser(port, folder / "portal.pem")
        account = client.activate(browser, link, "kido", "correct horse battery", lambda: 0)
        client.sign_in(client.Browser(port, folder / "portal.pem"), account, f"https://portal.localhost:{port}/")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(45) == 0, process.stderr.read()
    assert sekisho("healthcheck", "--config", path).returncode == 1


def test_version_is_said_for_programs_too():
    facts = json.loads(sekisho("version", "--json").stdout)
    assert re.fullmatch(r"\d+\.\d+\.\d+", facts["version"]) and facts["store_schema"] >= 2 and "OpenSSL" in facts["crypto"]


def test_config_is_looked_for_in_its_packaged_place():
    done = sekisho("status", env=dict(os.environ, LC_ALL="C"))
    assert done.returncode == 2 and ("/etc/sekisho/sekisho.yaml" in done.stderr or "Cannot reach" in done.stderr)
