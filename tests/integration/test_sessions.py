"""Goal: operators see and end sessions by person, organisation, device and app; people end their own, and lost devices;
and nobody else's end with them. Method: the command line and the portal's pages against the real gateway."""
import json

import pytest

import gateway as gw
import sekisho_client as client


@pytest.fixture
def world(fresh_gateway):
    gateway = fresh_gateway()
    accounts = {name: gateway.add(name) for name in ("sato", "ishii")}
    return gateway, accounts, {name: gateway.signed_in(account) for name, account in accounts.items()}


def sessions(gateway, *choice):
    return json.loads(gateway.cli("sessions", "list", *choice, "--json"))


def works(gateway, browser, app="wiki"):
    return browser.request("GET", gateway.url(app)).status == 200


def test_operators_see_and_end_them(world):
    gateway, _, browsers = world
    browsers["sato"].go(gateway.url("chat"))
    assert {row["user"] for row in sessions(gateway)} == {"sato", "ishii"}
    assert {row["kind"] for row in sessions(gateway, "--user", "sato")} == {"portal", "app"}
    assert {row["user"] for row in sessions(gateway, "--org", "aoba")} == {"ishii"}
    assert [row["host"] for row in sessions(gateway, "--app", "chat")] == [f"chat.{gw.DOMAIN}"]

    gateway.cli("sessions", "end", "--app", "chat", "--reason", "maintenance")
    assert not works(gateway, browsers["sato"], "chat") and works(gateway, browsers["sato"])
    gateway.cli("sessions", "end", "--org", "aoba")
    assert not works(gateway, browsers["ishii"]) and works(gateway, browsers["sato"])
    one = next(row for row in sessions(gateway, "--user", "sato") if row["kind"] == "portal")
    gateway.cli("sessions", "end", one["id"])
    assert not works(gateway, browsers["sato"]) and sessions(gateway) == []
    found = gateway.cli("audit", "search", "--event", "session.end", "--json")
    assert "maintenance" in found


def test_an_operator_ends_everybody(world):
    gateway, _, browsers = world
    gateway.cli("sessions", "end", "--all")
    assert sessions(gateway) == [] and not any(works(gateway, browser) for browser in browsers.values())


@pytest.mark.parametrize("arguments", [(), ("--user", "nobody-here"), ("0000000000",), ("--org", "no-such"), ("--app", "no-such")])
def test_what_fits_nothing_ends_nothing(world, arguments):
    gateway, _, browsers = world
    done = gateway.run_cli("sessions", "end", *arguments, "--config", gateway.config)
    assert done.returncode != 0 and done.stderr.strip()
    assert all(works(gateway, browser) for browser in browsers.values())


def test_a_person_gives_up_a_lost_device(world):
    gateway, accounts, browsers = world
    here = gateway.browser()
    client.sign_in(here, accounts["sato"], gateway.url("wiki"))
    page = here.go(gateway.url("portal", "/.sekisho/sessions"))
    lost = [form for form in page.forms() if "lost" in dict(form.fill())]
    assert len(lost) == 1, "the other browser can be given up, this one cannot"
    done = here.submit(page, lost[0], lost[0].fill())
    assert "All sessions of that device have ended" in done.text
    assert not works(gateway, browsers["sato"]) and works(gateway, here) and works(gateway, browsers["ishii"])


def test_beyond_the_most_the_oldest_is_signed_out(fresh_gateway):
    gateway = fresh_gateway(lambda s: s.update(sessions={"staff": {"concurrent": 1}}))
    account = gateway.add("sato")
    first = gateway.signed_in(account)
    assert works(gateway, first)
    second = gateway.signed_in(account)
    assert works(gateway, second) and not works(gateway, first)


def test_whoever_becomes_a_contractor_keeps_no_longer_session_than_one(fresh_gateway):
    """A reload that changes somebody's kind holds what they have open to the limits of the new one, at once."""
    kinds = {"staff": {"absolute": "12h", "idle": "11h"}, "contractor": {"absolute": "2h", "idle": "1h", "concurrent": 1}}
    gateway = fresh_gateway(lambda s: s.update(sessions=kinds))
    account = gateway.add("suzuki")
    old, browser = gateway.signed_in(account), gateway.signed_in(account)
    before = {row["id"]: row["ends"] for row in sessions(gateway, "--user", "suzuki")}
    gateway.setup.sections["people"]["suzuki"].update(kind="contractor", org="aoba")
    gateway.write_config()
    gateway.reload(accept=True)
    after = {row["id"]: row["ends"] for row in sessions(gateway, "--user", "suzuki")}
    assert after and set(after) < set(before), "the older browser made room"
    assert all(after[name] < before[name] for name in after)
    assert old.request("GET", gateway.url("wiki")).status == 303
    gateway.kill()
    gateway.start()
    assert {row["id"]: row["ends"] for row in sessions(gateway, "--user", "suzuki")} == after
    gateway.shift(2 * 3600 + 5)
    browser.close()
    assert browser.request("GET", gateway.url("wiki")).status == 303


def test_a_kill_loses_nobody_and_revives_nobody(world):
    gateway, _, browsers = world
    gateway.cli("sessions", "end", "--user", "ishii")
    gateway.kill()
    gateway.start()
    for browser in browsers.values():
        browser.close()
    assert works(gateway, browsers["sato"]) and not works(gateway, browsers["ishii"])
