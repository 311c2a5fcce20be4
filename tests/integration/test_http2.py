"""Goal: HTTP/2 carries what HTTP/1.1 carries, by the same rules, and what one stream meets no other one feels.
Method: curl and h2load as they come, and a client of frames for everything that well-behaved ones never do."""
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

import gateway as gw
import sekisho_client as client
from http2_client import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RESET, SETTINGS, WINDOW,
                          Connection, Stream, field, frame)


def cookie(browser, app="wiki"):
    return browser.jar.header(f"{app}.{gw.DOMAIN}", "/")


def resolve(shared, app="wiki"):
    return f"{app}.{gw.DOMAIN}:{shared.https}:127.0.0.1"


# -- clients as they come

def test_curl_speaks_http2(shared, sato):
    done = subprocess.run(["curl", "-sS", "--http2", "--cacert", str(shared.ca), "--resolve", resolve(shared), "-D", "-",
                           "-H", f"Cookie: {cookie(sato)}", shared.url("wiki", "/echo?a=b")], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("HTTP/2 200"), done.stdout[:200]
    assert "GET /echo?a=b HTTP/1.1" in done.stdout and "Sekisho-Assertion" not in done.stdout.split("\n\n")[0]


def test_curl_uploads_and_reads_back(shared, sato, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(os.urandom(3_000_000))
    done = subprocess.run(["curl", "-sS", "--http2", "--cacert", str(shared.ca), "--resolve", resolve(shared), "--data-binary", f"@{body}",
                           "-H", f"Cookie: {cookie(sato)}", "-H", "Expect:", shared.url("wiki", "/swallow")], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "3000000"), done.stderr


def h2load(shared, browser, *arguments, path="/echo"):
    host = shared.host("wiki")
    return subprocess.run(["h2load", *arguments, "--connect-to", f"127.0.0.1:{shared.https}", "-H", f"cookie: {cookie(browser)}",
                           f"https://{host}{path}"], capture_output=True, text=True, timeout=120)


def test_h2load_runs_hundreds_of_streams(shared, sato):
    done = h2load(shared, sato, "-n", "4000", "-c", "4", "-m", "100")
    assert done.returncode == 0, done.stderr
    assert "4000 succeeded, 0 failed" in done.stdout and "4000 2xx" in done.stdout, done.stdout


# -- messages

def test_the_upstream_sees_one_plain_request(shared, sato, upstreams):
    with Connection(shared, "wiki") as wire:
        answer = wire.get(sato, "/echo?x=1", more=[("x-own", "1"), ("x-remote-user", "mallory"), ("x-real-ip", "1.2.3.4"), ("te", "trailers")])
        assert answer.status == 200
        request = upstreams["wiki"].last("/echo")
        assert request.line == "GET /echo?x=1 HTTP/1.1"
        assert request.all("host") == [shared.host("wiki")] and request.field("x-own") == "1"
        assert request.field("x-remote-user") is None and request.field("x-real-ip") == "127.0.0.1"
        assert "sekisho" not in (request.field("cookie") or "")
        assert not [n for n, _ in request.fields if n.startswith(":")]
        line = shared.log(protocol="HTTP/2", path="/echo")
        assert line and line[-1]["status"] == 200 and line[-1]["user"] == "sato"


def test_crumbs_of_cookies_are_one_field_upstream(shared, sato, upstreams):
    with Connection(shared, "wiki") as wire:
        pairs = wire.fields(None, path="/crumbs") + [("cookie", part) for part in cookie(sato).split("; ")] + [("cookie", "own=1"), ("cookie", "two=2")]
        assert wire.wait(wire.open(pairs)).status == 200
        assert upstreams["wiki"].last("/crumbs").all("cookie") == ["own=1; two=2"]


def test_a_body_without_length_and_its_trailers_go_up(shared, sato, upstreams):
    with Connection(shared, "wiki") as wire:
        number = wire.request(sato, "POST", "/echo", body=b"hello " * 1000, trailers=[("x-late", "yes")])
        answer = wire.wait(number)
        assert answer.status == 200 and answer.body.endswith(b"hello " * 10)
        request = upstreams["wiki"].last("/echo")
        assert request.field("transfer-encoding") == "chunked" and request.trailers == [("x-late", "yes")]


@pytest.mark.parametrize("name", ["sekisho-assertion", "host", "content-length", "x-forwarded-for", "transfer-encoding"])
def test_a_trailer_that_claims_something_refuses_the_message(shared, sato, name):
    with Connection(shared, "wiki") as wire:
        answer = wire.wait(wire.request(sato, "POST", "/echo", body=b"hello", trailers=[(name, "1")]))
        assert answer.status == 400 or answer.reset is not None
        assert wire.get(sato, "/echo").status == 200, "the other streams go on"


def test_trailers_come_down_to_who_reads_them(shared, sato):
    with Connection(shared, "wiki") as wire:
        reads = wire.get(sato, "/chunked-sum", more=[("te", "trailers")])
        assert bytes(reads.body) == b"one two three" and reads.trailers == {"x-sum": "13"} and reads.ended
        other = wire.get(sato, "/chunked-sum")
        assert bytes(other.body) == b"one two three" and other.trailers is None and other.ended


def test_head_hints_ranges_and_close_delimited_bodies(shared, sato):
    with Connection(shared, "wiki") as wire:
        head = wire.get(sato, "/echo", method="HEAD")
        assert head.status == 200 and int(head.head["content-length"]) > 0 and head.ended and not head.body
        hints = wire.get(sato, "/hints")
        assert [h[":status"] for h in hints.heads] == ["103", "200"] and bytes(hints.body) == b"after hints"
        part = wire.get(sato, "/range", more=[("range", "bytes=1-3")])
        assert part.status == 206 and bytes(part.body) == b"\1\2\3"
        assert bytes(wire.get(sato, "/close-delimited").body) == b"until the end"


def test_nothing_of_a_connection_comes_down(shared, sato):
    with Connection(shared, "wiki") as wire:
        for path in ("/chunked", "/echo", "/reaching"):
            head = wire.get(sato, path).head
            assert not {"connection", "transfer-encoding", "keep-alive", "upgrade"} & set(head), head
            assert all(name == name.lower() for name in head)


@pytest.mark.parametrize("path", ["/short", "/short-chunked"])
def test_a_body_cut_short_never_ends_properly(shared, sato, path):
    with Connection(shared, "wiki") as wire:
        answer = wire.get(sato, path)
        assert answer.status in (200, 502)
        if answer.status == 200:
            assert not answer.ended and answer.reset == 2
        assert wire.get(sato, "/echo").status == 200


def test_an_early_answer_stops_the_upload(shared):
    """Nobody is signed in: the answer is whole, and what still comes is not wanted."""
    with Connection(shared, "wiki") as wire:
        number = wire.open(wire.fields(None, "POST", "/echo"), ends=False)
        answer = wire.streams[number]
        wire.send(frame(DATA, 0, number, b"x" * 1000))
        wire.until(lambda: answer.reset is not None)
        assert answer.status in (303, 401) and answer.ended and answer.reset == 0


# -- identity

def logged(gateway, **fields):
    """The newest line with these fields, once it is written."""
    deadline = time.monotonic() + 5
    while not (lines := gateway.log(**fields)):
        assert time.monotonic() < deadline, fields
        time.sleep(0.05)
    return lines[-1]


def test_identity_belongs_to_the_request(shared, people, sato, upstreams):
    other = shared.signed_in(people["suzuki"])
    with Connection(shared, "wiki") as wire:
        numbers = [(who, wire.request(browser, path=f"/who{i}")) for i, (who, browser) in enumerate([("sato", sato), ("suzuki", other), (None, None)] * 5)]
        for who, number in numbers:
            assert wire.wait(number).status in ((200,) if who else (303, 401))
        for i, (who, _) in enumerate(numbers):
            if who:
                assert logged(shared, path=f"/who{i}", protocol="HTTP/2")["user"] == who


def test_revocation_ends_streams_and_not_the_connection(shared, people):
    ending, staying = shared.signed_in(people["mori"]), shared.signed_in(people["suzuki"])
    with Connection(shared, "wiki") as wire:
        cut, kept = wire.request(ending, path="/drip"), wire.request(staying, path="/drip")
        assert wire.until(lambda: wire.streams[cut].received and wire.streams[kept].received)
        client.sign_out(ending, shared.url("portal"))
        began = time.monotonic()
        answer = wire.wait(cut, 5)
        assert answer.reset is not None and not answer.ended and time.monotonic() - began < 1.5
        before = wire.streams[kept].received
        assert wire.until(lambda: wire.streams[kept].received > before + 3)
        assert wire.get(staying, "/echo").status == 200
        wire.send(frame(RESET, 0, kept, struct.pack(">I", 8)))


def test_what_a_slow_reader_has_not_taken_is_taken_back(shared, people):
    """The rest of a download that was cut comes as padding, and another person's streams on the connection go on."""
    ending, staying = shared.signed_in(people["mori"]), shared.signed_in(people["suzuki"])
    much = struct.pack(">I", (1 << 25) - 1)
    with Connection(shared, "wiki", settings=[(4, (1 << 25) - 1)], credit=False, keep=False) as wire:
        wire.send(frame(WINDOW, 0, 0, much))
        cut, kept = wire.request(ending, path="/big?33554432"), wire.request(staying, path="/drip")
        assert wire.until(lambda: wire.streams[cut].received and wire.streams[kept].received)
        # Read steadily, but slower than the app gives: soon the gateway's output is full all the time.
        leaving = threading.Timer(2, lambda: client.sign_out(ending, shared.url("portal")))
        leaving.start()
        answer = wire.streams[cut]
        while answer.reset is None and not wire.closed and not answer.ended:
            wire.read(5)
            time.sleep(0.03)
        leaving.join()
        assert answer.reset is not None and not answer.ended, (wire.closed, answer.ended, answer.received, answer.padding)
        if not gw.sanitized():  # that one writes no faster than this reads; http2_output_test has every cut
            assert answer.padding > 16 << 10
        before = wire.streams[kept].received
        assert wire.until(lambda: wire.streams[kept].received > before + 3)
        assert wire.get(staying, "/echo").status == 200
        wire.send(frame(RESET, 0, kept, struct.pack(">I", 8)))


def test_a_connection_that_takes_nothing_ends_with_what_it_may_not_have(shared, people):
    """What the TLS layer holds cannot be taken back one by one: it leaves within a second, or never."""
    browser = shared.signed_in(people["mori"])
    much = struct.pack(">I", (1 << 25) - 1)
    with Connection(shared, "wiki", settings=[(4, (1 << 25) - 1)], credit=False, keep=False) as wire:
        wire.send(frame(WINDOW, 0, 0, much))
        cut = wire.streams[wire.request(browser, path="/big?33554432")]
        assert wire.until(lambda: cut.received)
        time.sleep(2)  # nothing is read: more than the sockets hold stands in the gateway
        client.sign_out(browser, shared.url("portal"))
        time.sleep(2)
        assert wire.wait_closed(10) and not cut.ended and cut.received < 1 << 25


def test_another_host_on_this_connection_is_misdirected(shared, sato):
    with Connection(shared, "wiki") as wire:
        pairs = wire.fields(sato, path="/echo")
        pairs[2] = (":authority", shared.host("files"))
        assert wire.wait(wire.open(pairs)).status == 421
        assert wire.get(sato, "/echo").status == 200


# -- bad input

BAD_HEADS = {
    "capital name": [("X-Upper", "1")],
    "connection": [("connection", "keep-alive")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "upgrade": [("upgrade", "h2c")],
    "proxy-connection": [("proxy-connection", "x")],
    "te": [("te", "gzip")],
    "line end": [("x-a", "b\r\nHost: evil")],
    "nul": [("x-a", "b\0c")],
    "line end in name": [("x-a\r\nhost: evil", "b")],
    "colon in name": [("x-a: b", "c")],
    "blank in name": [("x a", "b")],
    "other host": [("host", "files.corp.example")],
    "two lengths": [("content-length", "1"), ("content-length", "2")],
    "length without body": [("content-length", "7")],
    "pseudo behind": [(":path", "/secret/")],
    "unknown pseudo": [(":evil", "1")],
}


@pytest.mark.parametrize("name", BAD_HEADS)
def test_bad_heads_are_refused_and_reach_nobody(shared, sato, upstreams, name):
    with Connection(shared, "wiki") as wire:
        upstreams["wiki"].clear()
        pairs = wire.fields(sato, path="/bad") + BAD_HEADS[name]
        block = b"".join(field(n, v) for n, v in pairs if n != "cookie")
        wire.next_id += 2
        wire.streams[1] = Stream()
        wire.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        answer = wire.wait(1)
        assert answer.status in (400, 417), (name, answer.status, answer.reset)
        assert not upstreams["wiki"].requests
        assert wire.get(sato, "/echo").status == 200, "the connection goes on"


def test_a_length_that_lies_never_ends_upstream(shared, sato, upstreams):
    with Connection(shared, "wiki") as wire:
        upstreams["wiki"].clear()
        number = wire.open(wire.fields(sato, "POST", "/echo", [("content-length", "10")]), ends=False)
        wire.send(frame(DATA, END_STREAM, number, b"short"))
        assert wire.wait(number).reset == 1
        time.sleep(0.2)
        assert not [r for r in upstreams["wiki"].requests if r.body]
        number = wire.open(wire.fields(sato, "POST", "/echo", [("content-length", "3")]), ends=False)
        wire.send(frame(DATA, END_STREAM, number, b"too long"))
        assert wire.wait(number).reset == 1
        assert wire.get(sato, "/echo").status == 200


def test_a_head_beyond_its_limit_is_told_so(shared, sato):
    with Connection(shared, "wiki") as wire:
        answer = wire.get(sato, "/echo", more=[("x-big", "x" * 33000)])
        assert answer.status == 431
        assert wire.get(sato, "/echo").status == 200


# -- floods

def flood(wire, chunks):
    """Sends until the other end has had enough; bounded by what is given."""
    try:
        for chunk in chunks:
            wire.send(chunk)
    except OSError:
        pass
    try:
        return wire.wait_closed(15)
    except OSError:  # it answered what came before the end
        return True


def rapid_reset(wire, browser):
    for number in range(1, 20001, 2):
        yield frame(HEADERS, END_HEADERS | END_STREAM, number, wire.encoder.encode(wire.fields(browser, path="/never"))) + \
            frame(RESET, 0, number, struct.pack(">I", 8))


def made_you_reset(wire, browser):
    for number in range(1, 4001, 2):
        yield frame(HEADERS, END_HEADERS, number, wire.encoder.encode(wire.fields(browser, "POST", path="/never"))) + \
            frame(WINDOW, 0, number, struct.pack(">I", 0x7fffffff))


def continuations(wire, browser):
    yield frame(HEADERS, 0, 1, field(":method", "GET"))
    for _ in range(5000):
        yield frame(CONTINUATION, 0, 1, field("a", "b"))


def empty_continuations(wire, browser):
    yield frame(HEADERS, 0, 1, field(":method", "GET"))
    for _ in range(50000):
        yield frame(CONTINUATION, 0, 1)


def bomb(wire, browser):
    block = field(":method", "GET") + field(":scheme", "https") + field(":authority", wire.authority) + field(":path", "/")
    yield frame(HEADERS, END_HEADERS | END_STREAM, 1, block + b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000 + b"\xbe" * 10000)


FLOODS = {
    "reset_flood": rapid_reset,
    "made_reset_flood": made_you_reset,
    "continuation_flood": continuations,
    "continuation_flood empty": empty_continuations,
    "settings_flood": lambda wire, browser: (frame(SETTINGS) for _ in range(10000)),
    "ping_flood": lambda wire, browser: (frame(PING, payload=b"12345678") for _ in range(10000)),
    "priority_flood": lambda wire, browser: (frame(PRIORITY, 0, 2 * i + 1, b"\0\0\0\0\1") for i in range(10000)),
    "window_flood": lambda wire, browser: (frame(WINDOW, payload=b"\0\0\0\1") for _ in range(20000)),
    "empty_flood": lambda wire, browser: (frame(0x55, payload=b"") for _ in range(10000)),
    "head_flood": bomb,
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends_with_its_reason_and_leaves_others_alone(shared, sato, name):
    memory, slowest = shared.rss_kib(), []
    with Connection(shared, "wiki") as wire, Connection(shared, "wiki") as other:
        ended = []
        attack = threading.Thread(target=lambda: ended.append(flood(wire, FLOODS[name](wire, sato))))
        attack.start()
        under_way = True
        while under_way:
            under_way = attack.is_alive()
            began = time.monotonic()
            assert other.get(sato, "/echo").status == 200
            slowest.append(time.monotonic() - began)
        attack.join()
        assert ended == [True], "the connection is closed"
        assert wire.goaway is None or wire.goaway[1] == 11
    if not gw.sanitized():  # AddressSanitizer keeps what is freed; tests/integration/big weighs the release build
        assert shared.rss_kib() - memory < 32 << 10
    assert sorted(slowest)[len(slowest) // 2] < 1


# -- flow control and many streams

def test_hundreds_of_streams_at_once(shared, sato):
    with Connection(shared, "wiki") as wire:
        assert wire.until(lambda: 3 in wire.settings)
        numbers = [wire.request(sato, path=f"/s{i}") for i in range(128)]
        for number in numbers:
            assert wire.wait(number).status == 200


def test_streams_beyond_the_limit_are_refused_unread(shared, sato):
    with Connection(shared, "wiki") as wire:
        held = [wire.request(sato, path="/never") for _ in range(128)]
        refused = wire.wait(wire.request(sato, path="/echo"))
        assert refused.reset == 7
        for number in held:
            wire.send(frame(RESET, 0, number, struct.pack(">I", 8)))
        assert wire.get(sato, "/echo").status == 200, "what the client let go of is free again"


def test_a_client_that_reads_nothing_holds_no_memory_and_is_not_waited_for(fresh_gateway):
    gateway = fresh_gateway(lambda sections: sections["limits"].update(body_min_rate_grace="2s"))
    browser = gateway.signed_in(gateway.add("sato"))
    memory = gateway.rss_kib()
    with Connection(gateway, "wiki", settings=[(4, 0)], credit=False) as wire:
        numbers = [wire.request(browser, path="/big?67108864") for _ in range(20)]
        wire.until(lambda: all(wire.streams[n].heads for n in numbers))
        assert gateway.rss_kib() - memory < 40 << 10
        for number in numbers:
            answer = wire.wait(number, 15)
            assert answer.reset is not None and not answer.ended and not answer.received


def test_one_slow_stream_leaves_the_others_alone(shared, sato):
    with Connection(shared, "wiki", credit=False) as wire:
        slow = wire.request(sato, path="/big?1000000")
        assert wire.until(lambda: wire.streams[slow].received >= 65535)
        wire.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 20)))  # the connection's window is open, the stream's is not
        assert wire.get(sato, "/echo").status == 200
        assert wire.streams[slow].received == 65535 and not wire.streams[slow].ended


# -- WebSocket (RFC 8441)

def websocket(wire, browser, origin=None, path="/room", protocol="websocket"):
    more = [("sec-websocket-version", "13")]
    if origin is not False:
        more.append(("origin", origin or f"https://{wire.authority}"))
    pairs = wire.fields(browser, "CONNECT", path, more)
    pairs.insert(1, (":protocol", protocol))
    return wire.open(pairs, ends=False)


def masked(payload, opcode=2):
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
    return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + payload


def test_websocket_over_http2(shared, sato):
    with Connection(shared, "wiki") as wire:
        assert wire.until(lambda: wire.settings.get(8) == 1)
        number = websocket(wire, sato)
        stream = wire.streams[number]
        assert wire.until(lambda: stream.heads)
        assert stream.status == 200 and "sec-websocket-accept" not in stream.head and not stream.ended
        payload = os.urandom(60000)
        wire.upload(number, masked(payload), ends=False)
        assert wire.until(lambda: len(stream.body) >= 60004) and bytes(stream.body[4:]) == payload
        assert wire.get(sato, "/echo").status == 200, "beside it"
        wire.upload(number, masked(b"\x03\xe8", 8), ends=True)
        assert wire.wait(number).ended


@pytest.mark.parametrize("origin", [False, "https://evil.example", "https://files.corp.example:{p}", "null"])
def test_websocket_over_http2_needs_its_origin(shared, sato, upstreams, origin):
    with Connection(shared, "wiki") as wire:
        upstreams["wiki"].clear()
        answer = wire.wait(websocket(wire, sato, origin.format(p=shared.https) if origin else origin))
        assert answer.status == 403 and not upstreams["wiki"].requests


def test_other_connects_are_refused(shared, sato):
    with Connection(shared, "wiki") as wire:
        assert wire.wait(websocket(wire, sato, protocol="connect-udp")).status == 400
        plain = wire.open([(":method", "CONNECT"), (":authority", wire.authority)], ends=False)
        assert wire.wait(plain).status in (400, 501)


def test_websocket_over_http2_is_told_why_it_ends(shared, people):
    browser = shared.signed_in(people["mori"])
    with Connection(shared, "wiki") as wire:
        stream = wire.streams[websocket(wire, browser)]
        assert wire.until(lambda: stream.heads) and stream.status == 200
        client.sign_out(browser, shared.url("portal"))
        assert wire.until(lambda: stream.ended or stream.reset is not None, 5)
        assert bytes(stream.body[2:4]) == struct.pack(">H", 1008) and b"sign_out" in stream.body


# -- the end

def test_drain_says_goodbye_in_two_steps(fresh_gateway):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    with Connection(gateway, "wiki") as wire:
        number = wire.request(browser, path="/drip")
        stream = wire.streams[number]
        assert wire.until(lambda: stream.received > 2)
        stopping = threading.Thread(target=gateway.stop)
        stopping.start()
        assert wire.until(lambda: wire.goaway is not None) and wire.goaway == (0x7fffffff, 0)
        late = wire.request(browser, path="/echo")
        assert wire.wait(late).status == 200, "sent before it heard"
        assert wire.until(lambda: wire.goaway[0] != 0x7fffffff, 5) and wire.goaway == (late, 0)
        before = stream.received
        assert wire.until(lambda: stream.received > before), "what is open goes on"
        wire.send(frame(RESET, 0, number, struct.pack(">I", 8)))
        assert wire.wait_closed(10)
        stopping.join()


def test_idle_connections_end_with_goodbye(fresh_gateway):
    gateway = fresh_gateway(lambda sections: sections["limits"].update(keep_alive_timeout="1s", head_timeout="1s"))
    browser = gateway.signed_in(gateway.add("sato"))
    with Connection(gateway, "wiki") as idle, Connection(gateway, "wiki") as used, Connection(gateway, "wiki") as slow:
        assert used.get(browser, "/echo").status == 200
        slow.send(frame(HEADERS, 0, 1, field(":method", "GET")))
        for wire in (idle, used, slow):
            assert wire.wait_closed(6) and wire.goaway is not None
        assert slow.goaway[1] in (0, 11)


def test_http2_can_be_switched_off(fresh_gateway):
    gateway = fresh_gateway(lambda sections: sections["tls"].update(http2=False))
    with pytest.raises((AssertionError, OSError)):
        Connection(gateway, "wiki")
    context = client.trusting(gateway.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(socket.create_connection(("127.0.0.1", gateway.https)), server_hostname=f"wiki.{gw.DOMAIN}") as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"
