"""Goal: each row of docs/hostile-peers.md that a wire can show. Method: raw bytes from a client, or from an upstream,
against the real program; what is refused names its reason in the access log and in one metric."""
import socket
import subprocess
import time

import pytest

import gateway as gw
import sekisho_client as client
from test_http import cookie_line
from upstreams import Upstream, by_path

REFUSED = "sekisho_messages_refused_total"


def until(true, seconds=5):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def refused(gateway, side, fault):
    return gateway.metric(REFUSED, side=side, fault=fault) or 0


# --- clients ---------------------------------------------------------------------------------------

HEAD = "POST /hostile HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n"
CHUNKED = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
CLIENT = {
    # row: (what is sent, status, fault)
    "damaged coding name": (HEAD + "Transfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n", 400, "field_name"),
    "coding with a space before the colon": (HEAD + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "field_name"),
    "CL.TE": (HEAD + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "length_and_coding"),
    "two lengths": (HEAD + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n", 400, "length_repeated"),
    "length list": (HEAD + "Content-Length: 4, 4\r\n\r\nabcd", 400, "length_invalid"),
    "length beyond 63 bits": (HEAD + "Content-Length: 99999999999999999999\r\n\r\n", 400, "length_invalid"),
    "two codings": (HEAD + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "coding_repeated"),
    "coding that is not chunked": (HEAD + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "coding_unknown"),
    "coding in HTTP/1.0": (HEAD.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "coding_in_http10"),
    "NUL in a value": (HEAD + "X-A: a\0b\r\n\r\n", 400, "field_value"),
    "NUL in Host": ("GET / HTTP/1.1\r\nHost: wiki\0.test\r\n\r\n", 400, "field_value"),
    "two hosts": (HEAD + "Host: @HOST\r\n\r\n", 400, "host_repeated"),
    "host list": ("GET / HTTP/1.1\r\nHost: @HOST, other\r\n\r\n", 400, "host_invalid"),
    "no host": ("GET / HTTP/1.1\r\n\r\n", 400, "host_missing"),
    "absolute form that disagrees": ("GET http://other.test/ HTTP/1.1\r\nHost: @HOST\r\n\r\n", 400, "host_disagrees"),
    "authority form": ("GET other.test:443 HTTP/1.1\r\nHost: @HOST\r\n\r\n", 400, "target_form"),
    "fragment": ("GET /a#b HTTP/1.1\r\nHost: @HOST\r\n\r\n", 400, "fragment_in_target"),
    "bare LF": ("GET / HTTP/1.1\nHost: @HOST\n\n", 400, "line_end"),
    "bare CR": (HEAD + "X-A: a\rb\r\n\r\n", 400, "line_end"),
    "obs-fold": (HEAD + "X-A: a\r\n b\r\n\r\n", 400, "obsolete_fold"),
    "HTTP/0.9": ("GET /\r\n\r\n", 400, "http09"),
    "HTTP/2 in words": ("GET / HTTP/2.0\r\nHost: @HOST\r\n\r\n", 505, "version_unsupported"),
    "PRI": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_unsupported"),
    "CONNECT": ("CONNECT other.test:22 HTTP/1.1\r\nHost: @HOST\r\n\r\n", 501, "method_refused"),
    "TRACE": ("TRACE / HTTP/1.1\r\nHost: @HOST\r\n\r\n", 501, "method_refused"),
    "unknown expectation": (HEAD + "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n", 417, "expectation_unknown"),
    "Connection that is no list": (HEAD + "Connection: a b\r\nContent-Length: 0\r\n\r\n", 400, "connection_invalid"),
    "WebSocket with a body": (
        "GET / HTTP/1.1\r\nHost: @HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 1\r\n\r\nx", 400, "upgrade_invalid"),
    "WebSocket of another version": (
        "GET / HTTP/1.1\r\nHost: @HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", 400, "upgrade_invalid"),
    "chunk size in words": (CHUNKED + "five\r\nhello\r\n0\r\n\r\n", 400, "chunk_size"),
    "chunk size with a sign": (CHUNKED + "+5\r\nhello\r\n0\r\n\r\n", 400, "chunk_size"),
    "chunk size with 0x": (CHUNKED + "0x5\r\nhello\r\n0\r\n\r\n", 400, "chunk_size"),
    "chunk size beyond 62 bits": (CHUNKED + "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", 400, "chunk_size"),
    "chunk extension": (CHUNKED + "5;a=b\r\nhello\r\n0\r\n\r\n", 400, "chunk_ext"),
    "chunk size ended by LF": (CHUNKED + "5\nhello\r\n0\r\n\r\n", 400, "chunk_end"),
    "chunk longer than said": (CHUNKED + "4\r\nhello\r\n0\r\n\r\n", 400, "chunk_end"),
    "last chunk ended by LF": (CHUNKED + "5\r\nhello\r\n0\r\n\n", 400, "trailer"),
    "trailer with a framing name": (CHUNKED + "0\r\nContent-Length: 44\r\n\r\n", 400, "trailer_name"),
    "trailer with a framing name in disguise": (CHUNKED + "0\r\nTransfer_Encoding: chunked\r\n\r\n", 400, "trailer_name"),
    "trailer with an identity name": (CHUNKED + "0\r\nX-Forwarded-User: root\r\n\r\n", 400, "trailer_name"),
    "trailer that is none": (CHUNKED + "0\r\nnothing\r\n\r\n", 400, "trailer"),
}


@pytest.fixture(scope="module")
def hostile(upstreams, certs):
    """A gateway of this module's own: what it counts is what is sent here."""
    ports = {name: server.port for name, server in upstreams.items()} | {"liar": LIAR.port}

    def change(sections):
        sections["apps"]["files"].update(upstream="liar")
        sections["limits"].update(workers=1)

    with gw.Gateway(ports, certs, change) as running:
        running.sato = running.signed_in(running.add("sato"))
        client.sign_in(running.sato, None, running.url("files"), expect=False)
        yield running


@pytest.mark.parametrize("row", CLIENT)
def test_client_is_refused_with_its_reason(hostile, upstreams, row):
    text, status, fault = CLIENT[row]
    server = upstreams["wiki"]
    server.clear()
    before = refused(hostile, "client", fault)
    lines = len(hostile.log(reason=fault))
    full = (text + "GET /smuggled HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n")
    full = full.replace("@HOST", hostile.host("wiki")).replace("@COOKIE\r\n", cookie_line(hostile.sato))
    data = hostile.exchange_raw("wiki", full, timeout=5)
    assert gw.statuses(data) == [status], data[:200]
    assert not [r for r in server.requests if "smuggled" in r.target], "the tail ran as a request of its own"
    assert not [r for r in server.requests if r.body == b"hello" and r.path != "/hostile"]
    assert refused(hostile, "client", fault) == before + 1
    assert until(lambda: len(hostile.log(reason=fault, status=status)) == lines + 1), "the access line names the reason"


# --- upstreams ---------------------------------------------------------------------------------------

OK = "HTTP/1.1 200 OK\r\n"
# row: (what the upstream sends, fault); nothing of it may reach the client.
UPSTREAM = {
    "two lengths": (OK + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "length_repeated"),
    "length list": (OK + "Content-Length: 5, 5\r\n\r\nhello", "length_invalid"),
    "negative length": (OK + "Content-Length: -1\r\n\r\nhello", "length_invalid"),
    "length in words": (OK + "Content-Length: five\r\n\r\nhello", "length_invalid"),
    "both framings": (OK + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "length_and_coding"),
    "unknown coding": (OK + "Transfer-Encoding: xchunked\r\n\r\n", "coding_unknown"),
    "coding in HTTP/1.0": ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "coding_in_http10"),
    "text without a status line": ("hello, this is no HTTP at all\r\n\r\n", "status_line"),
    "HTTP/0.9": ("<html>hello</html>", "status_line"),
    "another version": ("HTTP/2.0 200 OK\r\n\r\n", "status_line"),
    "status of two digits": ("HTTP/1.1 20 OK\r\n\r\n", "status_line"),
    "status 600": ("HTTP/1.1 600 What\r\n\r\n", "status_line"),
    "101 nobody asked for": ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nsmuggled",
                             "switching_unasked"),
    "NUL in a value": (OK + "X-A: a\0b\r\nContent-Length: 0\r\n\r\n", "field_value"),
    "damaged name": (OK + "X A: b\r\nContent-Length: 0\r\n\r\n", "field_name"),
    "obs-fold": (OK + "X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n", "obsolete_fold"),
    "bare LF": (OK + "X-A: a\nContent-Length: 0\r\n\r\n", "line_end"),
    "bare CR": (OK + "X-A: a\rb\r\nContent-Length: 0\r\n\r\n", "line_end"),
    "204 with a length": ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "length_forbidden"),
    "103 with a length": ("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello", "length_forbidden"),
    "flood of fields": (OK + "".join(f"X-{n}: 1\r\n" for n in range(2000)) + "\r\n", "too_many_fields"),
    "endless head": (OK + "X-A: " + "a" * 200_000, "head_too_large"),
    "storm of 1xx": ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000 + OK + "Content-Length: 5\r\n\r\nhello",
                     "interim_storm"),
}
# The head was good, so it went out; what follows is cut where the lie begins.
CUT = {
    "chunk size in words": (OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", "chunk_size"),
    "chunk extension": (OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5;x=y\r\nworld\r\n0\r\n\r\n", "chunk_ext"),
    "chunk longer than said": (OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\nworld\r\n0\r\n\r\n", "chunk_end"),
    "trailer with a framing name": (OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", "trailer_name"),
    "shorter than its length": (OK + "Content-Length: 100\r\n\r\nhello", "truncated"),
    "chunked without an end": (OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "truncated"),
}


def lie(connection):
    """Answers with the row that the path names, as its bytes are, and ends."""
    request = connection.request()
    while request is not None:
        rows = {f"/{n}": text for n, (text, _) in enumerate([*UPSTREAM.values(), *CUT.values()])}
        if request.path not in rows:
            connection.answer(body="truth")
            request = connection.request()
            continue
        connection.send(rows[request.path])
        time.sleep(0.05)
        return


LIAR = Upstream(lie)


def ask_liar(gateway, number):
    return gateway.exchange_raw("files", f"GET /{number} HTTP/1.1\r\nHost: {gateway.host('files')}\r\nConnection: close\r\n"
                                         f"{cookie_line(gateway.sato, 'files')}\r\n", timeout=5)


@pytest.mark.parametrize("row", UPSTREAM)
def test_upstream_that_breaks_http_is_a_bad_gateway(hostile, row):
    fault = UPSTREAM[row][1]
    before = refused(hostile, "upstream", fault)
    data = ask_liar(hostile, list(UPSTREAM).index(row))
    interim = 16 if row == "storm of 1xx" else 0
    assert gw.statuses(data) == [103] * interim + [502], data[:200]
    assert b"hello" not in data and b"smuggled" not in data
    assert refused(hostile, "upstream", fault) == before + 1
    assert until(lambda: hostile.log(reason=fault, status=502)), "the access line names the reason"
    after = hostile.sato.request("GET", hostile.url("files", "/truth"))
    assert after.status == 200 and after.body == b"truth", "nothing of the lie is left for the next one"


@pytest.mark.parametrize("row", CUT)
def test_upstream_that_lies_late_is_visibly_cut(hostile, row):
    fault = CUT[row][1]
    before = refused(hostile, "upstream", fault)
    number = len(UPSTREAM) + list(CUT).index(row)
    data = ask_liar(hostile, number)
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), data[:100]
    assert not body.endswith(b"0\r\n\r\n"), "a cut body never ends cleanly"
    if b"content-length" in head.lower():
        assert len(body) < 100
    assert refused(hostile, "upstream", fault) == before + 1
    assert until(lambda: hostile.log(reason=fault, outcome="truncated"))


def test_sixteen_interim_heads_pass_as_interim(hostile):
    """1xx stays 1xx, never a final answer."""
    data = hostile.exchange_raw("wiki", f"GET /hints HTTP/1.1\r\nHost: {hostile.host('wiki')}\r\nConnection: close\r\n"
                                        f"{cookie_line(hostile.sato)}\r\n", timeout=5)
    assert data.startswith(b"HTTP/1.1 103") and b"\r\n\r\nHTTP/1.1 200" in data and data.endswith(b"after hints")


# --- limits: below, at, above ----------------------------------------------------------------------------

@pytest.mark.parametrize("fields,status", [(127, 401), (128, 401), (129, 431)])
def test_fields_of_a_head(hostile, fields, status):
    text = f"GET / HTTP/1.1\r\nHost: {hostile.host('wiki')}\r\nConnection: close\r\n"
    text += "".join(f"X-{n}: 1\r\n" for n in range(fields - 2)) + "\r\n"
    assert gw.statuses(hostile.exchange_raw("wiki", text, timeout=5)) == [status]


@pytest.mark.parametrize("length,status", [(8191, 401), (8192, 401), (8193, 414)])
def test_length_of_a_target(hostile, length, status):
    text = (f"GET /{'a' * (length - 1)} HTTP/1.1\r\nHost: {hostile.host('wiki')}\r\n"
            "Connection: close\r\n\r\n")
    assert gw.statuses(hostile.exchange_raw("wiki", text, timeout=5)) == [status]


@pytest.mark.parametrize("size,status", [(32 * 1024 - 1, 401), (32 * 1024, 401), (32 * 1024 + 1, 431)])
def test_size_of_a_head(hostile, size, status):
    text = f"GET / HTTP/1.1\r\nHost: {hostile.host('wiki')}\r\nConnection: close\r\nX-A: @\r\n\r\n"
    text = text.replace("@", "a" * (size - len(text) + 1))
    assert len(text) == size
    assert gw.statuses(hostile.exchange_raw("wiki", text, timeout=5)) == [status]


# --- slow, many, hungry ------------------------------------------------------------------------------------

def test_a_reader_below_the_least_rate_is_cut(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(body_min_rate_grace="2s", body_min_rate="64KiB"))
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}") as sock:
        sock.sendall(f"GET /big?400000000 HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\n{cookie_line(browser)}\r\n".encode())
        assert until(lambda: refused(gateway, "client", "slow_read") == 1, 12), "who does not read holds nothing for long"
    assert until(lambda: gateway.log(reason="slow_read", outcome="timed_out"))


def test_slow_heads_and_bodies_have_their_reason(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(head_timeout="1s", body_min_rate_grace="1s", body_min_rate="1KiB"))
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}") as head, gateway.raw(f"wiki.{gw.DOMAIN}") as body:
        head.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        body.sendall(f"POST /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nContent-Length: 100000\r\n{cookie_line(browser)}\r\nx".encode())
        assert gw.statuses(gw.read_all(head, 6)) == [408]
        assert gw.statuses(gw.read_all(body, 6)) == [408]
    assert refused(gateway, "client", "head_timeout") == 1 and refused(gateway, "client", "slow_body") == 1


def connect(gateway, source, count):
    return [socket.create_connection(("127.0.0.1", gateway.https), 5, (source, 0)) for _ in range(count)]


def closed(sock):
    sock.settimeout(1)
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True
    except socket.timeout:
        return False


def test_handshakes_under_way_are_bounded_by_address(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(handshakes_per_address=5, drain_timeout="0s"))
    held = connect(gateway, "127.0.3.1", 9)
    assert until(lambda: gateway.metric("sekisho_connections_refused_total", cause="handshake_limit") == 4)
    assert sum(closed(sock) for sock in held) == 4
    assert gateway.metric("sekisho_limits_reached_total", limit="handshakes_per_address") == 4
    assert gateway.browser().request("GET", gateway.url("wiki")).status == 303, "others are served meanwhile"
    done = [gateway.browser(source=("127.0.3.2", 0)) for _ in range(8)]
    assert all(one.request("GET", gateway.url("wiki")).status == 303 for one in done), "an open connection counts no more"
    for sock in held:
        sock.close()


def test_handshakes_begin_no_faster_than_their_rate(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(handshake_rate=2, drain_timeout="0s"))
    held = connect(gateway, "127.0.3.1", 20)
    assert until(lambda: gateway.metric("sekisho_connections_refused_total", cause="rate_limit") >= 10)
    assert sum(not closed(sock) for sock in held) <= 10, "four seconds' worth at once"
    assert gateway.browser().request("GET", gateway.url("wiki")).status == 303
    for sock in held:
        sock.close()


def test_limits_change_with_a_reload(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(connections_per_address=3, drain_timeout="0s"))
    held = connect(gateway, "127.0.3.1", 5)
    assert until(lambda: gateway.metric("sekisho_connections_refused_total", cause="address_limit") == 2)
    gateway.setup.sections["limits"].update(connections_per_address=100)
    gateway.write_config()
    gateway.reload()
    held += connect(gateway, "127.0.3.1", 5)
    assert not any(closed(sock) for sock in held[5:])
    for sock in held:
        sock.close()


def test_a_reserve_of_descriptors_stays_ours(fresh_gateway, tmp_path):
    narrow = tmp_path / "narrow"
    narrow.write_text(f"#!/bin/sh\nulimit -n 240\nexec {gw.binary()} \"$@\"\n")
    narrow.chmod(0o755)
    gateway = fresh_gateway(lambda s: s["limits"].update(reserved_descriptors=100, drain_timeout="0s"), program=narrow)
    held = connect(gateway, "127.0.3.1", 200)
    assert until(lambda: (gateway.metric("sekisho_connections_refused_total", cause="descriptors") or 0) >= 50)
    assert gateway.metric("sekisho_limits_reached_total", limit="descriptors") >= 50
    assert '"' in gateway.cli("users", "add", "suzuki", "--json"), "store, audit and command line still work"
    assert gateway.metric("sekisho_process_open_fds") <= 160
    for sock in held:
        sock.close()
    assert until(lambda: gateway.metric("sekisho_process_open_fds") < 100), "all come back"
    assert gateway.browser().request("GET", gateway.url("wiki")).status == 303


# --- load balancers (R33) ------------------------------------------------------------------------------------

def proxied(gateway, source, header, host="wiki"):
    raw = socket.create_connection(("127.0.0.1", gateway.https), 5, (source, 0))
    raw.sendall(header)
    return client.trusting(gateway.ca).wrap_socket(raw, server_hostname=f"{host}.{gw.DOMAIN}")


V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def balanced(ports, certs):
    def change(sections):
        sections["listen"].update(balancers=["127.0.2.0/24"])
        sections["limits"].update(workers=1)

    with gw.Gateway(ports, certs, change) as running:
        running.sato = running.signed_in(running.add("sato"))
        yield running


@pytest.mark.parametrize("header,source", [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"),
    (V2 + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 9, 198, 51, 100, 1, 1, 2, 1, 187]), "192.0.2.9"),
    (V2 + b"\x21\x11\x00\x13" + bytes([192, 0, 2, 9, 198, 51, 100, 1, 1, 2, 1, 187]) + b"\x02\0\x04root", "192.0.2.9"),
    (V2 + b"\x20\x00\x00\x00", "127.0.2.1"),
])
def test_a_balancer_says_who_the_client_is(balanced, upstreams, header, source):
    with proxied(balanced, "127.0.2.1", header) as sock:
        sock.sendall(f"GET /balanced HTTP/1.1\r\nHost: {balanced.host('wiki')}\r\nConnection: close\r\n{cookie_line(balanced.sato)}\r\n".encode())
        assert gw.statuses(gw.read_all(sock)) == [200]
    request = upstreams["wiki"].last("/balanced")
    assert request.field("X-Forwarded-For") == source
    assert "root" not in str(request.fields), "extensions are never believed"
    assert until(lambda: balanced.log(client=source, path="/balanced"))


@pytest.mark.parametrize("header", [b"", b"PROXY UNKNOWN\r\n", b"PROXY TCP4 192.0.2.7\r\n", V2 + b"\x31\x11\x00\x00", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_balancer_that_does_not_is_refused(balanced, header):
    before = balanced.metric("sekisho_connections_refused_total", cause="proxy_header") or 0
    with pytest.raises(OSError):
        proxied(balanced, "127.0.2.1", header)
    assert until(lambda: balanced.metric("sekisho_connections_refused_total", cause="proxy_header") == before + 1)


def test_anybody_else_may_not_speak_for_others(balanced):
    with pytest.raises(OSError):
        proxied(balanced, "127.0.0.1", b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n")
    with socket.create_connection(("127.0.0.1", balanced.redirect), 5) as sock:
        sock.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert gw.statuses(gw.read_all(sock)) == [400]


def test_limits_count_the_client_not_its_balancer(fresh_gateway):
    def change(sections):
        sections["listen"].update(balancers=["127.0.2.0/24"])
        sections["limits"].update(connections_per_address=2)

    gateway = fresh_gateway(change)
    line = "PROXY TCP4 192.0.2.{} 198.51.100.1 56324 443\r\n"
    held = [proxied(gateway, "127.0.2.1", line.format(n).encode()) for n in (1, 1, 2, 2, 3)]
    with pytest.raises(OSError):
        proxied(gateway, "127.0.2.1", line.format(1).encode())
    for sock in held:
        sock.close()


def test_the_release_of_a_check_names_what_is_wrong(fresh_gateway, certs, tmp_path):
    """A balancers list of everybody, and a client authority that is not there, are told by `check`."""
    config = tmp_path / "sekisho.yaml"
    running = fresh_gateway()
    running.setup.sections["listen"].update(balancers=["0.0.0.0/0", "::/0"])
    running.setup.sections["tls"].update(client_certificates=[{"hosts": ["nobody.example"], "ca": "none.pem"}])
    config.write_text(running.setup.text())
    done = subprocess.run([str(gw.binary()), "check", "--config", str(config)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    for words in ("every address counts as a balancer", "no app and no portal is at nobody.example", "none.pem"):
        assert words in done.stdout + done.stderr, done.stdout + done.stderr
