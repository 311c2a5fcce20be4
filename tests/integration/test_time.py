"""Goal: what ends, ends on time and for the right people: contracts, hours, sessions.
Method: the settable clock of builds with SEKISHO_TEST_HOOKS, moved over the admin socket."""
import datetime
import threading
import time
import zoneinfo


import gateway as gw
import sekisho_client as client

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")


class Download:
    """An open response that drips, read in the background; knows when it ended."""

    def __init__(self, gateway, browser, app):
        self.sock = gateway.raw(f"{app}.{gw.DOMAIN}", timeout=30)
        cookie = browser.jar.header(f"{app}.{gw.DOMAIN}", "/")
        self.sock.sendall(f"GET /drip HTTP/1.1\r\nHost: {gateway.host(app)}\r\nCookie: {cookie}\r\n\r\n".encode())
        self.data, self.ended = b"", None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while True:
                part = self.sock.recv(4096)
                if not part:
                    break
                self.data += part
        except OSError:
            pass
        self.ended = time.monotonic()

    def alive(self):
        if self.ended:
            return False
        before = len(self.data)
        time.sleep(0.4)
        return not self.ended and len(self.data) > before


def seconds_until_contract_ends(setup):
    """The contract's last day is included, in its own time zone."""
    last = setup.sections["orgs"]["aoba"]["contract"]["to"]
    end = datetime.datetime.combine(last + datetime.timedelta(days=1), datetime.time(), TOKYO)
    return end.timestamp() - time.time()


def test_contract_end_closes_what_is_open_within_a_second(fresh_gateway):
    today = datetime.datetime.now(TOKYO).date()

    def soon(sections):
        sections["orgs"]["aoba"]["contract"] = {"from": today, "to": today + datetime.timedelta(days=1)}
        sections["sessions"] = {kind: {"absolute": "96h", "idle": "72h"} for kind in ("staff", "contractor", "ops")}

    gateway = fresh_gateway(soon)
    accounts = {name: gateway.add(name) for name in ("sato", "ishii")}
    # Three seconds before the end, both have a WebSocket and a download open.
    lead = 6
    gateway.shift(seconds_until_contract_ends(gateway.setup) - lead)
    browsers = {name: gateway.signed_in(account) for name, account in accounts.items()}
    sockets = {name: client.WebSocket(b, gateway.url("wiki", "/room")) for name, b in browsers.items()}
    downloads = {name: Download(gateway, b, "wiki") for name, b in browsers.items()}
    left = seconds_until_contract_ends(gateway.setup) - gateway.shift_seconds
    assert left > 0.5, "signing in took longer than the test planned"
    assert all(s.status == 101 for s in sockets.values()) and downloads["ishii"].alive() and downloads["sato"].alive()

    end = time.monotonic() + seconds_until_contract_ends(gateway.setup) - gateway.shift_seconds
    spent = sockets["ishii"].wait_for_end(end - time.monotonic() + 3)
    closed = time.monotonic()
    assert spent is not None, "the contractor's WebSocket stayed open"
    assert -0.5 < closed - end < 1.0, f"closed {closed - end:+.2f} s from the end"
    deadline = time.monotonic() + 1
    while downloads["ishii"].ended is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert downloads["ishii"].ended is not None and downloads["ishii"].ended - end < 1.0
    assert not downloads["ishii"].data.endswith(b"0\r\n\r\n"), "a cut response must not look complete"

    assert downloads["sato"].alive(), "everyone else is undisturbed"
    sockets["sato"].send("still here")
    assert sockets["sato"].receive() == (1, b"still here")
    # The session was cut at the contract's end too; signing in again opens nothing.
    page = browsers["ishii"].request("GET", gateway.url("wiki"))
    assert page.status == 303 and "portal." in page.header("Location")
    assert client.sign_in(browsers["ishii"], accounts["ishii"], gateway.url("wiki")).status in (403, 404)
    assert gateway.metric("sekisho_exchanges_cut_total") >= 2
    # Through a plain group, any, or the organisation: the contract binds the person (R1).
    assert browsers["ishii"].request("GET", gateway.url("chat")).status in (303, 403, 404)


def test_window_of_hours_opens_and_closes(fresh_gateway):
    def by_day(sections):
        sections["rules"] = [{"id": "day", "allow": {"who": ["kind:staff"], "app": ["wiki"], "if": [
            {"hours": {"days": "mon-fri", "from": "09:00", "to": "18:00"}}]}}]
        sections["sessions"] = {"staff": {"absolute": "500h", "idle": "400h"}}

    gateway = fresh_gateway(by_day)
    account = gateway.add("sato")

    def move_to(weekday, hour, minute):
        now = datetime.datetime.now(TOKYO)
        day = now.date() + datetime.timedelta(days=(weekday - now.weekday()) % 7 or 7)
        target = datetime.datetime.combine(day, datetime.time(hour, minute), TOKYO)
        gateway.shift(target.timestamp() - time.time())

    move_to(2, 8, 59)
    browser = gateway.browser()
    client.sign_in(browser, account, gateway.url("portal"))
    expected = [((2, 8, 59), 403), ((2, 9, 0), 200), ((2, 17, 58), 200), ((2, 18, 0), 403), ((5, 12, 0), 403)]
    for moment, status in expected:
        move_to(*moment)
        assert browser.go(gateway.url("wiki")).status == status, moment


def test_sessions_end_by_idleness_and_absolutely(fresh_gateway):
    gateway = fresh_gateway(lambda s: s.update(sessions={"staff": {"absolute": "1h", "idle": "10m"}}))
    account = gateway.add("sato")
    browser = gateway.signed_in(account)
    assert browser.request("GET", gateway.url("wiki")).status == 200
    gateway.shift(9 * 60)
    assert browser.request("GET", gateway.url("wiki")).status == 200, "in use, so not idle"
    gateway.shift(18 * 60)
    assert browser.request("GET", gateway.url("wiki")).status == 200
    gateway.shift(18 * 60 + 11 * 60)
    assert browser.request("GET", gateway.url("wiki")).status == 303, "idle too long"
    second = gateway.signed_in(account)
    for minute in range(37, 29 + 65, 8):
        gateway.shift(minute * 60)
        last = second.request("GET", gateway.url("wiki")).status
    assert last == 303, "an hour is the most, however busy"


def test_pages_say_when_an_end_is_near(fresh_gateway):
    """The portal warns with the same lead as Sekisho-Access-Ends does, in the reader's language."""
    hours = {"days": "mon-sun", "from": "09:00", "to": "18:00"}
    gateway = fresh_gateway(lambda s: s["orgs"]["aoba"].update(hours=[hours]))
    accounts = {name: gateway.add(name) for name in ("sato", "ishii")}
    now = datetime.datetime.now(TOKYO)
    day = now.date() + datetime.timedelta(days=1)
    close = datetime.datetime.combine(day, datetime.time(18), TOKYO).timestamp()
    ahead = lambda seconds: gateway.shift(close - seconds - time.time())
    ahead(900)
    browsers = {name: gateway.signed_in(account) for name, account in accounts.items()}
    pages = [gateway.url("portal", path) for path in ("/", "/.sekisho/sessions", "/.sekisho/account")]
    said = {"en": "The hours of your contract end at 18:00 (4\u00a0minutes left).", "ja": "契約で定めた利用時間は 18:00 に終わります（あと 4\u00a0分）。"}
    assert not any(said["en"] in browsers["ishii"].go(page).text for page in pages), "a quarter of an hour is no near end"
    assert browsers["ishii"].request("GET", gateway.url("wiki")).header("Sekisho-Access-Ends") is None
    ahead(230)
    assert 200 < int(browsers["ishii"].request("GET", gateway.url("wiki")).header("Sekisho-Access-Ends")) <= 230
    for language in ("en", "ja"):
        browsers["ishii"].language = language
        for page in pages:
            shown = browsers["ishii"].go(page)
            assert shown.status == 200 and said[language] in shown.text, shown.text
            assert said[language] not in browsers["sato"].go(page).text, "nobody else's time ends"


def test_code_of_a_moved_clock(fresh_gateway):
    """One step either way is accepted, two are not."""
    gateway = fresh_gateway()
    account = gateway.add("sato")
    for steps, accepted in ((2, False), (-3, False)):
        gateway.shift(3600 * (1 if steps > 0 else 2))
        at = time.time() + gateway.shift_seconds + steps * 30
        page = client.sign_in(gateway.browser(), account, gateway.url("wiki"), code=client.totp(account.secret, at), expect=False)
        assert (page.status == 200) == accepted
    gateway.shift(4 * 3600)
    assert client.sign_in(gateway.browser(), account, gateway.url("wiki")).status == 200


def test_release_builds_know_no_test_clock():
    """R7: neither the verb nor the symbol is in what is shipped."""
    shipped = gw.ROOT / "build" / "release" / "sekisho"
    assert shipped.exists(), "./dev build release comes first"
    data = shipped.read_bytes()
    for word in (b"test-clock", b"test-freeze", b"SEKISHO_TEST_HOOKS", b"TestClock"):
        assert word not in data, word
