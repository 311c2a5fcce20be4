"""Goal: a disk that stands still for three seconds stops nothing: ends take effect at once, everyone else is served, no
lease lapses (R8, R20); one that fails stops no administrator, who is told loudly that there is no record.
Method: the real gateway with a sync that waits or fails, preloaded."""
import json
import pathlib
import subprocess
import threading
import time

import pytest

import sekisho_client as client
from test_revocation import until
from test_time import Download

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture
def stall(tmp_path):
    library = tmp_path / "stalled_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "stalled_disk.c", "-ldl"], check=True)
    tmp_path.chmod(0o755)
    return library, tmp_path / "stand-still"


def test_a_disk_that_stands_still_stops_nothing(fresh_gateway, stall):
    library, flag = stall
    gateway = fresh_gateway(lambda s: s["limits"].update(drain_timeout="0s"),
                            environment={"LD_PRELOAD": str(library), "SEKISHO_STALL": str(flag)})
    browsers = {name: gateway.signed_in(gateway.add(name)) for name in ("sato", "suzuki", "ishii")}
    downloads = {name: Download(gateway, browser, "wiki") for name, browser in browsers.items()}
    assert all(download.alive() for download in downloads.values())
    freezes = gateway.metric("sekisho_lease_freezes_total")
    # The page with the form is fetched before: what is tried is the act.
    page, form = client.sign_out_form(browsers["ishii"], gateway.url("portal"))

    flag.touch()
    done = {}

    def act(name, what):
        what()
        done[name] = time.monotonic()

    began = time.monotonic()
    acts = [threading.Thread(target=act, args=("disable", lambda: gateway.cli("users", "disable", "sato"))),
            threading.Thread(target=act, args=("sign out", lambda: browsers["ishii"].submit(page, form, form.fill())))]
    for thread in acts:
        thread.start()
    until(lambda: downloads["sato"].ended and downloads["ishii"].ended, 2.5, "an end waited for the disk")
    assert not done, "the disk did not stand still"
    assert max(downloads["sato"].ended, downloads["ishii"].ended) - began < 1.5
    while not done and time.monotonic() < began + 6:
        asked = time.monotonic()
        assert browsers["suzuki"].request("GET", gateway.url("wiki")).status == 200
        assert time.monotonic() - asked < 1, "somebody else's request waited for the disk"
        time.sleep(0.1)
    assert downloads["suzuki"].alive()
    assert client.fetch_plain(gateway.ops, "/readyz")[0] == 200
    flag.unlink()
    for thread in acts:
        thread.join(60)
    assert set(done) == {"disable", "sign out"} and min(done.values()) - began > 2
    assert gateway.metric("sekisho_lease_freezes_total") == freezes
    assert gateway.metric("sekisho_view_age_seconds", worker="0") < 0.5


@pytest.mark.parametrize("language,words", [("en", "WARNING: this was done, but its audit record could not be written."),
                                            ("ja", "警告: 実行しましたが、監査記録を書き込めませんでした。")])
def test_an_act_without_its_record_is_done_and_said(fresh_gateway, stall, language, words):
    library, flag = stall
    gateway = fresh_gateway(lambda s: s["apps"]["wiki"].update(service_tokens=True),
                            environment={"LD_PRELOAD": str(library), "SEKISHO_BREAK": str(flag)})
    browsers = {name: gateway.signed_in(gateway.add(name)) for name in ("sato", "suzuki")}
    gateway.cli("tokens", "create", "nightly", "--owner", "sato", "--apps", "wiki")
    run = lambda *arguments: gateway.run_cli("--lang", language, *arguments, "--config", gateway.config)

    flag.touch()
    acts = [("tokens", "revoke", "nightly"), ("sessions", "end", "--user", "sato"), ("users", "disable", "suzuki"),
            ("users", "add", "mori")]
    for act in acts:
        done = run(*act)
        assert done.returncode == 3 and words in done.stderr, (act, done.returncode, done.stderr)
    assert "/.sekisho/activate?link=" in done.stdout, "what the act gives is given all the same"
    done = run("users", "enable", "suzuki", "--json")
    assert done.returncode == 3 and json.loads(done.stdout)["recorded"] is False and words in done.stderr
    for browser in browsers.values():
        assert browser.request("GET", gateway.url("wiki")).status == 303, "the act did not take effect"
    assert gateway.metric("sekisho_audit_state", state="degraded") == 1

    flag.unlink()
    until(lambda: gateway.metric("sekisho_audit_state", state="good") == 1, 10, "the record did not go on")
    done = run("users", "disable", "suzuki")
    assert done.returncode == 0 and words not in done.stderr
    # What waited was written, and the chain holds.
    found = gateway.cli("audit", "search", "--json", "--limit", "1000")
    for reason in ("token.revoked", "account.disabled", "account.added", "ended_by_admin"):
        assert reason in found, reason
    gateway.cli("audit", "verify")
def test_however_many_acts_wait_for_the_disk_the_next_takes_effect(fresh_gateway, stall):
    library, flag = stall
    gateway = fresh_gateway(lambda s: s["limits"].update(drain_timeout="0s"),
                            environment={"LD_PRELOAD": str(library), "SEKISHO_STALL": str(flag)})
    accounts = {name: gateway.add(name) for name in ("sato", "suzuki", "ishii")}
    many = []
    for _ in range(8):
        browser = gateway.signed_in(accounts["suzuki"])
        many.append((browser, *client.sign_out_form(browser, gateway.url("portal"))))
    browsers = {name: gateway.signed_in(accounts[name]) for name in ("sato", "ishii")}
    downloads = {name: Download(gateway, browser, "wiki") for name, browser in browsers.items()}
    last = client.sign_out_form(browsers["ishii"], gateway.url("portal"))
    assert all(download.alive() for download in downloads.values())

    flag.touch()
    done = []

    def act(what):
        what()
        done.append(time.monotonic())

    began = time.monotonic()
    acts = [threading.Thread(target=act, args=(lambda b=b, p=p, f=f: b.submit(p, f, f.fill()),)) for b, p, f in many]
    for thread in acts:
        thread.start()
    time.sleep(0.3)  # whoever may hold up the others does by now
    acts += [threading.Thread(target=act, args=(lambda: gateway.cli("users", "disable", "sato"),)),
             threading.Thread(target=act, args=(lambda: browsers["ishii"].submit(*last, last[1].fill()),))]
    for thread in acts[-2:]:
        thread.start()
    until(lambda: downloads["sato"].ended and downloads["ishii"].ended, 2, "an end waited for those before it")
    assert not done, "the disk did not stand still"
    assert max(downloads["sato"].ended, downloads["ishii"].ended) - began < 1.8
    assert gateway.metric("sekisho_unwritten_ends") > 0
    flag.unlink()
    for thread in acts:
        thread.join(60)
    assert len(done) == 10
    until(lambda: gateway.metric("sekisho_unwritten_ends") == 0, 5, "an end was never written")
    gateway.kill()
    gateway.start()
    for browser, _, _ in many:
        browser.close()
        assert browser.request("GET", gateway.url("wiki")).status == 303, "a restart brought somebody back"
