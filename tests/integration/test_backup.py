"""Goal: what was backed up comes back whole, nothing that ended comes back with it, and a damaged file changes nothing.
Method: the real program; a backup taken while people work; every part of it damaged in turn."""
import json
import os
import re
import time

import pytest

import gateway as gw
import sekisho_client as client


def backup(gateway, name="copy"):
    path = gateway.folder / name
    done = gateway.run_cli("backup", path, "--config", gateway.config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "master key" in done.stderr and path.stat().st_mode & 0o777 == 0o600
    return path


def head_of(path):
    first, manifest, mac = path.read_bytes().split(b"\n", 3)[:3]
    return json.loads(manifest), len(first) + len(manifest) + len(mac) + 3


def halt(gateway):
    """Stops it and keeps its folder."""
    gateway.process.terminate()
    assert gateway.process.wait(45) == 0


def set_aside(gateway):
    (gateway.folder / "data").rename(gateway.folder / "data-before")


def restore(gateway, path):
    return gateway.run_cli("restore", path, "--config", gateway.config)


def leftovers(gateway):
    data = gateway.folder / "data"
    return sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file() and p.name != "lock") if data.exists() else []


@pytest.fixture(scope="module")
def kept(ports, certs):
    """A gateway with a past: one account, sessions, a token, and a backup taken while all that lived. Now stopped."""
    gateway = gw.Gateway(ports, certs, lambda s: s["apps"]["wiki"].update(service_tokens=True)).start()
    gateway.account = gateway.add("sato")
    gateway.browser_before = gateway.signed_in(gateway.account)
    gateway.token = json.loads(gateway.cli("tokens", "create", "nightly", "--owner", "sato", "--apps", "wiki", "--json"))["token"]
    time.sleep(2)  # a checkpoint a second
    gateway.copy = backup(gateway)
    halt(gateway)
    yield gateway
    gateway.stop()


def test_the_backup_holds_state_and_no_master_key(kept):
    manifest, size = head_of(kept.copy)
    names = [part["name"] for part in manifest["files"]]
    assert all(part["bytes"] > 0 for part in manifest["files"]), manifest
    assert names[0] == "store" and "checkpoints" in names and "audit/audit-00000001.jsonl" in names
    assert size + sum(part["bytes"] for part in manifest["files"]) == kept.copy.stat().st_size
    assert (kept.folder / "master.key").read_bytes() not in kept.copy.read_bytes()


def test_an_existing_file_is_not_overwritten(kept):
    before = kept.copy.read_bytes()
    done = kept.run_cli("backup", kept.copy, "--config", kept.config)
    assert done.returncode == 2 and "Nothing was changed" in done.stderr and kept.copy.read_bytes() == before


def test_restore_refuses_a_place_that_is_not_empty(kept):
    done = restore(kept, kept.copy)
    assert done.returncode == 2 and "empty data directory" in done.stderr, done.stderr


def test_restore_refuses_while_a_gateway_runs(shared, tmp_path):
    path = tmp_path / "copy"
    assert shared.run_cli("backup", path, "--config", shared.config).returncode == 0
    done = shared.run_cli("restore", path, "--config", shared.config)
    assert done.returncode == 2 and "another process works in" in done.stderr


def damages(path):
    """Each part with one byte changed, the head in each of its lines, the file cut and grown."""
    whole = path.read_bytes()
    manifest, at = head_of(path)
    flip = lambda n: whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1:]
    yield "first line", flip(3), "no backup of Sekisho"
    yield "newer format", whole.replace(b"sekisho backup 1", b"sekisho backup 9", 1), "newer program"
    yield "manifest", flip(whole.index(b'"made"') + 12), "manifest was changed"
    yield "mac", flip(at - 10), "manifest was changed"
    for part in manifest["files"]:
        for where in (at, at + part["bytes"] // 2, at + part["bytes"] - 1):
            yield part["name"], flip(where), f'"{part["name"]}" was changed'
        at += part["bytes"]
    yield "cut", whole[:-1], "it has"
    yield "cut in half", whole[:len(whole) // 2], "it has"
    yield "grown", whole + b"x", "it has"
    yield "empty", b"", "no backup of Sekisho"


def test_each_damage_is_named_and_changes_nothing(kept, tmp_path):
    set_aside(kept)
    try:
        tried = 0
        for name, data, words in damages(kept.copy):
            path = tmp_path / "damaged"
            path.write_bytes(data)
            done = restore(kept, path)
            assert done.returncode == 2, name
            assert words in done.stderr and done.stderr.endswith("Nothing was changed.\n"), (name, done.stderr)
            assert leftovers(kept) == [], name
            tried += 1
        assert tried > 12
    finally:
        gw.shutil.rmtree(kept.folder / "data", ignore_errors=True)
        (kept.folder / "data-before").rename(kept.folder / "data")


def test_another_master_key_is_told_and_changes_nothing(kept, tmp_path):
    key = kept.folder / "master.key"
    own = key.read_bytes()
    set_aside(kept)
    try:
        key.write_bytes(os.urandom(32))
        done = restore(kept, kept.copy)
        assert done.returncode == 2 and "another master key" in done.stderr and leftovers(kept) == []
    finally:
        key.write_bytes(own)
        gw.shutil.rmtree(kept.folder / "data", ignore_errors=True)
        (kept.folder / "data-before").rename(kept.folder / "data")


def test_a_round_trip_keeps_accounts_and_ends_what_may_have_ended(kept):
    set_aside(kept)
    (kept.folder / "checkpoints.log").rename(kept.folder / "checkpoints.before")
    done = restore(kept, kept.copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Ended: \d+ sessions, 1 service tokens, \d+ activation links, 10 recovery codes", done.stdout), done.stdout
    assert "enabled again" in done.stderr
    assert sorted(p.name for p in (kept.folder / "data").iterdir() if p.name == "restoring") == []
    kept.start()
    # The record goes on from the backup's, unbroken, and says who restored.
    verified = kept.run_cli("audit", "verify", "--config", kept.config)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "state.restored" in kept.cli("audit", "search", "--event", "privileged", "--json")
    # Whoever was signed in is not any more (R9); the token is dead; the account works.
    assert kept.browser_before.request("GET", kept.url("wiki")).status == 303
    plain = client.PlainConnection("127.0.0.1", kept.https, f"wiki.{gw.DOMAIN}", client.trusting(kept.ca))
    plain.request("GET", "/", headers={"Host": kept.host("wiki"), "Sekisho-Token": kept.token})
    assert plain.getresponse().status == 401
    plain.close()
    assert json.loads(kept.cli("tokens", "list", "--json")) == []
    users = json.loads(kept.cli("users", "list", "--json"))
    assert [(user["name"], user["status"], user["recovery_codes_left"]) for user in users] == [("sato", "active", 0)]


def test_a_backup_with_a_newer_schema_is_refused(kept, tmp_path):
    """Made with the key of this gateway, so that only the schema speaks against it."""
    import hashlib
    import hmac
    whole = kept.copy.read_bytes()
    manifest, size = head_of(kept.copy)
    manifest["schema"] += 1
    lines = b"sekisho backup 1\n" + json.dumps(manifest, separators=(",", ":")).encode() + b"\n"
    master = (kept.folder / "master.key").read_bytes()
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    key = hmac.new(extracted, b"backup\x01", hashlib.sha256).digest()
    path = tmp_path / "newer"
    path.write_bytes(lines + b"mac " + hmac.new(key, lines, hashlib.sha256).hexdigest().encode() + b"\n" + whole[size:])
    done = restore(kept, path)
    assert done.returncode == 2 and "this program knows" in done.stderr and done.stderr.endswith("Nothing was changed.\n"), done.stderr


def test_backup_sees_every_whole_line_while_people_work(fresh_gateway):
    gateway = fresh_gateway()
    gateway.add("suzuki")
    path = backup(gateway)
    manifest, size = head_of(path)
    data = path.read_bytes()[size:]
    for part in manifest["files"]:
        text, data = data[:part["bytes"]], data[part["bytes"]:]
        if part["name"].startswith("audit/"):
            assert text.endswith(b"}\n") and all(json.loads(line) for line in text.splitlines())
    assert data == b""
