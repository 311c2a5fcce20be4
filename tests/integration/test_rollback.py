"""Goal: an old copy of the database put under a stopped gateway brings nobody back who was revoked since, is noticed at
the next start by the witness kept outside the data, and is told in words, metric and record (R9).
Method: the real gateway, its database copied, lives on, is stopped or killed, and finds the copy in its place."""
import json
import re
import shutil

import pytest

import gateway as gw
import sekisho_client as client
from test_revocation import until

SENTENCE = "the store is older than its witness: every session, service token, link and recovery code ends"


def stop(gateway, kill):
    if kill:
        return gateway.kill()
    gateway.process.terminate()
    assert gateway.process.wait(45) == 0


def database(gateway):
    found = sorted(path for path in (gateway.folder / "data").iterdir() if re.search(r"\.db(-wal|-shm)?$", path.name))
    assert found, list((gateway.folder / "data").iterdir())
    return found


def copy_of(gateway, to):
    for path in database(gateway):
        shutil.copy2(path, to / path.name)


def put_back(gateway, kept):
    for path in database(gateway):
        path.unlink()
    for path in kept.iterdir():
        shutil.copy2(path, gateway.folder / "data" / path.name)


def witnessed(gateway):
    return int((gateway.folder / "checkpoints.log.store").read_text().split()[-1])


def with_token(gateway, token):
    return gateway.browser().request("GET", gateway.url("wiki"), headers=[("Sekisho-Token", token)], navigate=False).status


class Past:
    """People with sessions, a token and an unused link; then a copy of the database, and what was revoked after it."""

    def __init__(self, gateway, kept):
        self.gateway = gateway
        self.accounts = {name: gateway.add(name) for name in ("sato", "suzuki", "ishii")}
        self.browsers = {name: gateway.signed_in(account) for name, account in self.accounts.items()}
        make = lambda name: json.loads(gateway.cli("tokens", "create", name, "--owner", "sato", "--apps", "wiki", "--json"))["token"]
        self.revoked, self.kept = make("revoked"), make("kept")
        self.link = json.loads(gateway.cli("users", "add", "mori", "--json"))["link"]
        stop(gateway, kill=False)
        copy_of(gateway, kept)
        gateway.start()
        self.reconnect()
        assert all(browser.request("GET", gateway.url("wiki")).status == 200 for browser in self.browsers.values())
        before = witnessed(gateway)
        gateway.cli("sessions", "end", "--user", "sato")
        gateway.cli("users", "disable", "ishii")
        gateway.cli("tokens", "revoke", "revoked")
        client.activate(gateway.browser(), self.link, "mori", "a password of mori's own", lambda: 0)
        until(lambda: witnessed(gateway) > before + 3, 10, "the witness did not move")

    def reconnect(self):
        for browser in self.browsers.values():
            browser.close()


def nobody_came_back(past):
    gateway = past.gateway
    for name, browser in past.browsers.items():
        assert browser.request("GET", gateway.url("wiki")).status == 303, f"{name} is signed in by an old copy"
    assert with_token(gateway, past.revoked) == 401 and with_token(gateway, past.kept) == 401
    page = gateway.browser().go(past.link)
    assert page.status == 410, "a used link works once more"
    assert json.loads(gateway.cli("sessions", "list", "--json")) == [] and json.loads(gateway.cli("tokens", "list", "--json")) == []


def it_was_told(gateway, reason):
    assert [line["level"] for line in gateway.log(message=SENTENCE)] == ["error"], gateway.lines[:5]
    assert gateway.metric("sekisho_store_rollbacks_total") == 1
    records = [json.loads(line) for line in gateway.cli("audit", "search", "--event", "store.rollback", "--json").splitlines() if line.strip()]
    assert len(records) == 1 and reason in json.dumps(records), records
    return records[0]


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_an_old_copy_brings_nobody_back(fresh_gateway, tmp_path, kill):
    gateway = fresh_gateway(lambda s: s["apps"]["wiki"].update(service_tokens=True))
    past = Past(gateway, tmp_path)
    stop(gateway, kill)
    head = witnessed(gateway)
    put_back(gateway, tmp_path)
    gateway.lines.clear()
    gateway.start()
    past.reconnect()
    nobody_came_back(past)
    record = it_was_told(gateway, "older_than_witness")
    assert str(head) in json.dumps(record), "the record says how far the store had come"
    assert witnessed(gateway) >= head, "the witness never goes back"

    # What the copy cannot know is whom to disable again: the record of the time since says it.
    acts = gateway.cli("audit", "search", "--event", "account.change", "--json")
    assert "account.disabled" in acts and "ishii" in acts
    gateway.cli("users", "disable", "ishii")
    # Everybody else signs in anew, with a code later than any that the copy's past could have seen; and a further start
    # finds nothing to complain about.
    gateway.shift(90)
    again = gateway.signed_in(past.accounts["suzuki"])
    assert again.request("GET", gateway.url("wiki")).status == 200
    stop(gateway, kill=False)
    gateway.lines.clear()
    gateway.start()
    again.close()
    assert again.request("GET", gateway.url("wiki")).status == 200
    assert gateway.log(message=SENTENCE) == [] and gateway.metric("sekisho_store_rollbacks_total") == 0
    gateway.cli("audit", "verify")


@pytest.mark.parametrize("damage", ["sekisho-store-head 1 x\n", "", "another line\n"])
def test_a_witness_nobody_can_read_is_taken_for_an_old_copy(fresh_gateway, damage):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    stop(gateway, kill=False)
    (gateway.folder / "checkpoints.log.store").write_text(damage)
    gateway.lines.clear()
    gateway.start()
    browser.close()
    assert browser.request("GET", gateway.url("wiki")).status == 303
    it_was_told(gateway, "witness_damaged")
