"""Goal: what is open ends when access ends, says why where it can, and nothing moves on a view that is not fresh (R8).
Method: the real gateway; its control thread put to sleep by a verb of test builds, or the whole process stopped."""
import os
import signal
import ssl
import struct
import threading
import time

import pytest

import gateway as gw
import sekisho_client as client
from http2_client import Connection
from test_time import Download

LEASE = 0.5


@pytest.fixture
def fresh(fresh_gateway):
    """Gateways that do not wait for downloads that never end when they are stopped."""
    def make(change=lambda sections: None):
        def with_short_drain(sections):
            sections.setdefault("limits", {})["drain_timeout"] = "0s"
            change(sections)
        return fresh_gateway(with_short_drain)
    return make


def close_of(socket, timeout=5):
    """(code, reason) of the Close frame the gateway sends."""
    while True:
        opcode, payload = socket.receive(timeout)
        if opcode == 8:
            return struct.unpack(">H", payload[:2])[0], payload[2:].decode()


def freeze(gateway, milliseconds):
    gateway.cli("test-freeze", "--milliseconds", milliseconds)
    time.sleep(0.3)  # it begins 200 ms after the answer


def until(true, seconds, what):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_a_websocket_is_told_why_it_ends(fresh):
    gateway = fresh()
    account = gateway.add("sato")
    browser = gateway.signed_in(account)
    quiet = client.WebSocket(browser, gateway.url("wiki", "/room"))
    spoken = client.WebSocket(browser, gateway.url("wiki", "/room"))
    spoken.send(b"x" * 70000)
    assert spoken.receive() == (2, b"x" * 70000)
    client.sign_out(browser, gateway.url("portal"))
    for socket in (quiet, spoken):
        assert close_of(socket) == (1008, "sekisho: access ended (sign_out)")
        with pytest.raises((ConnectionError, ssl.SSLError)):
            socket.receive(5)
    assert gateway.metric("sekisho_revocation_seconds_count", trigger="sign_out") == 2
    assert gateway.metric("sekisho_revocation_seconds_sum", trigger="sign_out") < 1


def test_disabling_an_account_ends_its_exchanges_and_nobody_elses(fresh):
    gateway = fresh()
    people = {name: gateway.add(name) for name in ("sato", "suzuki")}
    browsers = {name: gateway.signed_in(account) for name, account in people.items()}
    downloads = {name: Download(gateway, browser, "wiki") for name, browser in browsers.items()}
    assert downloads["sato"].alive() and downloads["suzuki"].alive()
    # Requests of others take over the change before the sweep does: it must look all the same.
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            browsers["suzuki"].request("GET", gateway.url("wiki"))

    noise = threading.Thread(target=busy)
    noise.start()
    began = time.monotonic()
    gateway.cli("users", "disable", "sato")
    until(lambda: downloads["sato"].ended, 3, "the download of a disabled account goes on")
    stop.set()
    noise.join()
    assert downloads["sato"].ended - began < 2
    assert downloads["suzuki"].alive()
    assert gateway.metric("sekisho_revocation_seconds_count", trigger="account") == 1


def test_narrowing_reload_ends_what_it_forbids(fresh):
    gateway = fresh()
    browsers = {name: gateway.signed_in(gateway.add(name)) for name in ("sato", "ishii")}
    downloads = {name: Download(gateway, browser, "wiki") for name, browser in browsers.items()}
    assert downloads["sato"].alive() and downloads["ishii"].alive()
    gateway.setup.sections["rules"].append({"id": "no-contractors", "deny": {"who": ["kind:contractor"], "app": ["wiki"]}})
    gateway.write_config()
    gateway.reload()
    until(lambda: downloads["ishii"].ended, 2, "a reload that forbids it left a download open")
    assert downloads["sato"].alive()
    assert gateway.metric("sekisho_revocation_seconds_count", trigger="policy") == 1


def test_frozen_control_thread_stops_service_until_the_view_is_fresh(fresh):
    gateway = fresh()
    browser = gateway.signed_in(gateway.add("sato"))
    download, socket = Download(gateway, browser, "wiki"), client.WebSocket(browser, gateway.url("wiki", "/room"))
    assert download.alive()
    before = gateway.metric("sekisho_lease_freezes_total")
    freeze(gateway, 4000)
    began = time.monotonic()
    time.sleep(LEASE + 0.4)
    still = len(download.data)
    assert browser.request("GET", gateway.url("wiki")).status == 503, "a new request waits, then is refused"
    socket.send("are you there?")
    time.sleep(1)
    assert len(download.data) == still, "bytes went to a client on a view that was not fresh"
    assert time.monotonic() - began < 3.8, "the machine was too slow for this test to say anything"
    until(lambda: len(download.data) > still, 6, "service did not come back with the control thread")
    assert socket.receive(5) == (1, b"are you there?")
    assert browser.request("GET", gateway.url("wiki")).status == 200
    assert gateway.metric("sekisho_lease_freezes_total") > before
    assert gateway.log(message="service stood still: the control thread came late")
    until(lambda: client.fetch_plain(gateway.ops, "/readyz")[0] == 200, 3, "not ready again")
    assert gateway.metric("sekisho_view_age_seconds", worker="0") < LEASE


def test_frozen_for_long_what_is_open_is_cut(fresh):
    gateway = fresh()
    browser = gateway.signed_in(gateway.add("sato"))
    download, socket = Download(gateway, browser, "wiki"), client.WebSocket(browser, gateway.url("wiki", "/room"))
    assert download.alive()
    began = time.monotonic()
    freeze(gateway, 14000)
    # The upstream's next bytes find the lease lapsed; the tunnel rests, and is held by its own next bytes.
    time.sleep(LEASE + 0.3)
    socket.send("x")
    assert socket.wait_for_end(14) is not None
    until(lambda: download.ended, 2, "a download stayed open on a view that never became fresh")
    assert 9.5 < download.ended - began < 13
    assert not download.data.endswith(b"0\r\n\r\n")


def test_frozen_streams_stand_still_and_go_on_over_http2(fresh):
    gateway = fresh()
    browser = gateway.signed_in(gateway.add("sato"))
    with Connection(gateway, "wiki") as wire:
        stream = wire.streams[wire.request(browser, path="/drip")]
        assert wire.until(lambda: stream.received > 2)
        freeze(gateway, 4000)
        began = time.monotonic()
        wire.until(lambda: False, LEASE + 0.3)
        still = stream.received
        assert wire.wait(wire.request(browser, path="/echo"), 2).status == 503, "a new request waits, then is refused"
        wire.until(lambda: False, 1)
        assert stream.received == still, "bytes went to a client on a view that was not fresh"
        assert time.monotonic() - began < 3.6, "the machine was too slow for this test to say anything"
        assert wire.until(lambda: stream.received > still, 6), "service did not come back with the control thread"
        assert wire.get(browser, "/echo").status == 200


def test_frozen_for_long_streams_are_cut_and_their_connection_stays(fresh):
    gateway = fresh()
    browser = gateway.signed_in(gateway.add("sato"))
    with Connection(gateway, "wiki") as wire:
        stream = wire.streams[wire.request(browser, path="/drip")]
        assert wire.until(lambda: stream.received > 2)
        began = time.monotonic()
        freeze(gateway, 14000)
        assert wire.until(lambda: stream.reset is not None, 13.5) and not stream.ended
        assert 9.5 < time.monotonic() - began < 13
        time.sleep(max(0, began + 15 - time.monotonic()))
        assert wire.get(browser, "/echo").status == 200 and not wire.closed


# What a session ends by of itself; the access that stands on it ends with it.
ENDS = {
    "idle": {"idle": "20m"},
    "session_end": {"absolute": "1h", "idle": "1h"},
    "session_count": {"concurrent": 1},
}


def act_of(trigger, gateway, account, browser):
    if trigger == "idle":
        gateway.shift(21 * 60)
    elif trigger == "session_end":
        gateway.shift(40 * 60)
        assert browser.request("GET", gateway.url("wiki")).status == 200
        time.sleep(1.2)  # use is merged once a second
        gateway.shift(3601)
    else:
        client.sign_in(gateway.browser(), account, gateway.url("portal"))


@pytest.mark.parametrize("trigger", ENDS)
def test_what_stands_on_a_session_ends_with_it(fresh, trigger):
    gateway = fresh(lambda sections: sections.update(sessions={"staff": ENDS[trigger]}))
    account = gateway.add("sato")
    browser = gateway.signed_in(account)
    download = Download(gateway, browser, "wiki")
    with Connection(gateway, "wiki") as wire:
        stream = wire.streams[wire.request(browser, path="/drip")]
        assert wire.until(lambda: stream.received) and download.alive()
        act_of(trigger, gateway, account, browser)
        until(lambda: download.ended, 4, f"a download outlived its session: {trigger}")
        assert wire.until(lambda: stream.reset is not None, 4) and not stream.ended
        assert browser.request("GET", gateway.url("wiki")).status == 303
    until(lambda: gateway.metric("sekisho_revocation_seconds_count", trigger=trigger) == 2, 2, "not counted as such")


def test_a_resumed_process_forwards_nothing_before_a_fresh_view(fresh):
    gateway = fresh()
    browser = gateway.signed_in(gateway.add("sato"))
    download = Download(gateway, browser, "wiki")
    assert download.alive()
    freeze(gateway, 4000)
    began = time.monotonic()
    os.kill(gateway.process.pid, signal.SIGSTOP)
    try:
        time.sleep(1.5)
        still = len(download.data)
    finally:
        os.kill(gateway.process.pid, signal.SIGCONT)
    # The upstream went on meanwhile: its bytes lie ready, and the control thread still sleeps.
    time.sleep(1.5)
    assert time.monotonic() - began < 3.8, "the machine was too slow for this test to say anything"
    assert len(download.data) == still, "a resumed process forwarded on the view it had before"
    until(lambda: len(download.data) > still, 5, "service did not come back")
    assert download.alive()


@pytest.mark.parametrize("order", [("sato", "suzuki", None, "sato", None, "suzuki")])
def test_identity_is_per_request_on_one_connection(fresh, order):
    """R5: A, B and nobody take turns on one connection; ending A ends only A's."""
    gateway = fresh()
    browsers = {name: gateway.signed_in(gateway.add(name)) for name in ("sato", "suzuki")}
    cookies = {name: b.jar.header(f"wiki.{gw.DOMAIN}", "/") for name, b in browsers.items()}
    sock = gateway.raw(f"wiki.{gw.DOMAIN}")
    reader = sock.makefile("rb")

    def ask(who):
        cookie = f"Cookie: {cookies[who]}\r\n" if who else ""
        sock.sendall(f"GET /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\n{cookie}\r\n".encode())
        status = int(reader.readline().split()[1])
        length, line = 0, reader.readline()
        while line != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
            line = reader.readline()
        reader.read(length)
        return status

    for who in order:
        assert ask(who) == (200 if who else 401), who
    drips = {name: Download(gateway, b, "wiki") for name, b in browsers.items()}
    assert drips["sato"].alive() and drips["suzuki"].alive()
    client.sign_out(browsers["sato"], gateway.url("portal"))
    for who in order:
        assert ask(who) == (200 if who == "suzuki" else 401), who
    until(lambda: drips["sato"].ended, 2, "sato's download goes on after signing out")
    assert drips["suzuki"].alive()
