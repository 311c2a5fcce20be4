"""Goal: one reading of every message, and nothing of the wire lost or invented between two parties.
Method: a signed-in session, raw bytes in, and an upstream that echoes what it was sent."""
import contextlib
import re
import socket
import ssl
import time

import pytest

import gateway as gw
import sekisho_client as client
from upstreams import Upstream


def cookie_line(browser, app="wiki"):
    return "Cookie: " + browser.jar.header(f"{app}.{gw.DOMAIN}", "/") + "\r\n"


def raw(shared, sato, text, app="wiki", timeout=5):
    return shared.exchange_raw(app, text.replace("@HOST", shared.host(app)).replace("@COOKIE\r\n", cookie_line(sato, app)), timeout=timeout)


GET = "GET /{} HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n"


def test_keep_alive_and_pipelining_keep_order(shared, sato):
    text = "".join(GET.format(f"p{n}").replace("\r\n\r\n", "\r\n\r\n") for n in range(10))
    text += "GET /last HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n@COOKIE\r\n\r\n"
    data = raw(shared, sato, text, timeout=10)
    order = re.findall(rb"GET /(\w+) HTTP/1.1\r\n", data)
    assert order == [b"p%d" % n for n in range(10)] + [b"last"]


def test_who_waits_holds_no_buffer(shared, sato):
    """Answered and kept open, half a body, a quiet tunnel: twenty connections without a byte of buffers."""
    with contextlib.ExitStack() as open_:
        socks = [open_.enter_context(shared.raw(f"wiki.{gw.DOMAIN}")) for _ in range(20)]
        head = f"/echo HTTP/1.1\r\nHost: {shared.host('wiki')}\r\n{cookie_line(sato)}"
        for number, sock in enumerate(socks):
            if number % 2:
                sock.sendall(f"GET {head}\r\n".encode())
                assert sock.recv(65536).startswith(b"HTTP/1.1 200")
            else:
                sock.sendall(f"POST {head}Content-Length: 9\r\n\r\nhalf".encode())
        tunnel = open_.enter_context(contextlib.closing(client.WebSocket(sato, shared.url("wiki", "/room"))))
        tunnel.send(b"x")
        assert tunnel.receive() == (2, b"x")
        time.sleep(1)  # the workers tell ten times a second
        assert shared.metric("sekisho_buffer_memory_bytes") == 0


def test_expect_100_continue(shared, sato):
    host = f"wiki.{gw.DOMAIN}"
    with shared.raw(host) as sock:
        sock.sendall(f"POST /echo HTTP/1.1\r\nHost: {shared.host('wiki')}\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n{cookie_line(sato)}\r\n".encode())
        sock.settimeout(5)
        first = sock.recv(4096)
        assert first.startswith(b"HTTP/1.1 100"), first
        sock.sendall(b"hello")
        assert b"hello" in gw.read_all(sock)


@pytest.mark.parametrize("says,wanted", [("go-on", b"HTTP/1.1 200"), ("nothing", b"HTTP/1.1 504"), ("hold", b"HTTP/1.1 408")])
def test_a_client_that_waits_for_100_is_not_slow(fresh_gateway, says, wanted):
    """The time until the upstream's 100 is the upstream's; the time after it is the client's."""
    def app(connection):
        request = connection.request(body=False)
        while request.path != "/late":
            connection.answer(body="signed in")
            request = connection.request(body=False)
        if says == "nothing":
            return time.sleep(30)
        time.sleep(2)  # longer than a client has to send something
        connection.send("HTTP/1.1 100 Continue\r\n\r\n")
        connection.answer(body=connection.body(request))

    server = Upstream(app)

    def change(sections):
        sections["limits"].update(body_min_rate_grace="1s", body_min_rate="512B")
        sections["upstreams"]["wiki"] = {"url": f"http://127.0.0.1:{server.port}", "response_timeout": "4s"}

    gateway = fresh_gateway(change)
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}") as sock:
        began = time.monotonic()
        sock.sendall(f"POST /late HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n{cookie_line(browser)}\r\n".encode())
        sock.settimeout(10)
        first = sock.recv(4096)
        if says != "nothing":
            assert first.startswith(b"HTTP/1.1 100"), first
            assert 1.9 < time.monotonic() - began < 4
            if says == "go-on":
                sock.sendall(b"hello")
            first = sock.recv(4096)
        assert first.startswith(wanted), first
        took = time.monotonic() - began
        assert took > (3.9 if says == "nothing" else 2.9 if says == "hold" else 1.9), took
    server.close()


def test_head_has_no_body(shared, sato):
    data = raw(shared, sato, "HEAD /echo HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\nGET /after HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n@COOKIE\r\n\r\n")
    head, _, rest = data.partition(b"\r\n\r\n")
    assert re.search(rb"content-length: [1-9]", head, re.I)
    assert rest.startswith(b"HTTP/1.1 200") and b"GET /after" in rest


@pytest.mark.parametrize("first,last", [(0, 0), (10, 99), (1000, 1023)])
def test_ranges_pass_through(shared, sato, first, last):
    page = sato.request("GET", shared.url("wiki", "/range"), headers=[("Range", f"bytes={first}-{last}")])
    whole = bytes(range(256)) * 4
    assert page.status == 206 and page.body == whole[first:last + 1]
    assert page.header("Content-Range") == f"bytes {first}-{last}/1024"


def test_chunked_down_with_trailers(shared, sato):
    data = raw(shared, sato, GET.format("chunked").replace("Host", "TE: trailers\r\nConnection: close, TE\r\nHost", 1))
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"one " in body and b"three" in body
    assert b"sekisho-assertion" not in body.lower(), "identity fields are dropped in trailers too"


def test_chunked_up(shared, sato, upstreams):
    start = "POST /echo HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n@COOKIE\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n"
    data = raw(shared, sato, start + "X-Late: yes\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 200") and b"hello world" in data
    # A trailer that claims an identity refuses the message; the upstream sees no proper end of it.
    data = raw(shared, sato, start + "X-Forwarded-User: root\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 400")
    assert not any(k.lower() == "x-forwarded-user" for k, _ in upstreams["wiki"].last("/echo").trailers)


def test_close_delimited_response_arrives_whole(shared, sato):
    page = sato.request("GET", shared.url("wiki", "/close-delimited"))
    assert page.status == 200 and page.body == b"until the end"


def test_early_hints_pass(shared, sato):
    data = raw(shared, sato, "GET /hints HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n@COOKIE\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 103") and b"HTTP/1.1 200" in data and data.endswith(b"after hints")


REFUSED = {
    "both framings": "POST / HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n@COOKIE\r\n\r\n0\r\n\r\n",
    "two lengths": "POST / HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 5\r\nContent-Length: 6\r\n@COOKIE\r\n\r\nhello!",
    "length list": "POST / HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 5, 6\r\n@COOKIE\r\n\r\nhello!",
    "signed length": "POST / HTTP/1.1\r\nHost: @HOST\r\nContent-Length: +5\r\n@COOKIE\r\n\r\nhello",
    "unknown coding": "POST / HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: xchunked\r\n@COOKIE\r\n\r\n0\r\n\r\n",
    "chunked not last": "POST / HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked, identity\r\n@COOKIE\r\n\r\n0\r\n\r\n",
    "coding in 1.0": "POST / HTTP/1.0\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\n@COOKIE\r\n\r\n0\r\n\r\n",
    "space before colon": "GET / HTTP/1.1\r\nHost: @HOST\r\nX-A : b\r\n@COOKIE\r\n\r\n",
    "folded field": "GET / HTTP/1.1\r\nHost: @HOST\r\nX-A: b\r\n c\r\n@COOKIE\r\n\r\n",
    "bare CR": "GET / HTTP/1.1\r\nHost: @HOST\r\nX-A: b\rc\r\n@COOKIE\r\n\r\n",
    "bare LF": "GET / HTTP/1.1\nHost: @HOST\n@COOKIE\r\n\n",
    "NUL in value": "GET / HTTP/1.1\r\nHost: @HOST\r\nX-A: b\0c\r\n@COOKIE\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\nHost: @HOST\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "no host": "GET / HTTP/1.1\r\n@COOKIE\r\n\r\n",
    "fragment": "GET /a#b HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "HTTP/0.9": "GET /\r\n\r\n",
    "HTTP/2 in words": "GET / HTTP/2.0\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "bad chunk size": "POST / HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\n@COOKIE\r\n\r\nzz\r\n\r\n",
    "huge chunk size": "POST / HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\n@COOKIE\r\n\r\nfffffffffffffffff\r\n\r\n",
    "bare LF in chunk": "POST / HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\n@COOKIE\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "connect": "CONNECT internal:22 HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "encoded slash": "GET /a%2fb HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "encoded NUL": "GET /a%00b HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "backslash": "GET /a\\..\\b HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
    "above the root": "GET /../../etc/passwd HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n",
}


# Their framing is beyond doubt: the connection may live on, only the request itself is refused.
WELL_FRAMED = {"fragment", "encoded slash", "encoded NUL", "backslash", "above the root"}


@pytest.mark.parametrize("case", REFUSED)
def test_malformed_is_refused_and_smuggles_nothing(shared, sato, upstreams, case):
    tail = "GET /smuggled HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n"
    server = upstreams["wiki"]
    server.clear()
    data = raw(shared, sato, REFUSED[case] + ("" if case in WELL_FRAMED else tail), timeout=2)
    got = gw.statuses(data)
    assert not got or got[0] >= 400, f"{case}: {data[:200]}"
    assert len(got) <= 1, f"{case}: the tail ran as a second request: {got}"
    assert not [r for r in server.requests if "smuggled" in r.target or case in WELL_FRAMED]


@pytest.mark.parametrize("path", ["/secret/", "/a/../secret/", "/%73ecret/", "/./secret/x", "/secret/./x", "//secret/", "/secret/..;/x", "/secret;x/", "/%2573ecret/"])
def test_denied_path_has_one_spelling(shared, sato, upstreams, path):
    """R13: decided and forwarded are the same canonical path."""
    server = upstreams["wiki"]
    server.clear()
    page_status = gw.statuses(raw(shared, sato, f"GET {path} HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n@COOKIE\r\n\r\n"))
    assert page_status and page_status[0] in (400, 403, 404), page_status
    assert not server.requests


def test_identity_and_override_fields_are_dropped_in_every_spelling(shared, sato, upstreams):
    forged = ["Sekisho-Assertion", "sekisho_assertion", "SEKISHO.ASSERTION", "X-Remote-User", "X_Remote_User", "Remote-User",
              "X-Forwarded-User", "X-Forwarded-Email", "X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Method-Override"]
    page = sato.request("GET", shared.url("wiki", "/fields"), headers=[(name, "forged-value") for name in forged])
    assert page.status == 200
    request = upstreams["wiki"].last("/fields")
    assert not [f for f in request.fields if "forged-value" in f[1]], request.fields
    assertions = request.all("Sekisho-Assertion")
    assert len(assertions) == 1 and assertions[0].count(".") == 2


def test_forwarded_says_what_we_know_and_not_what_we_are_told(shared, sato, upstreams):
    sato.request("GET", shared.url("wiki", "/fields"), headers=[
        ("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"), ("X-Forwarded-Proto", "gopher"), ("X-Real-IP", "6.6.6.6")])
    request = upstreams["wiki"].last("/fields")
    assert "6.6.6.6" not in str(request.fields)
    assert request.field("X-Forwarded-Proto") == "https" and request.field("X-Forwarded-For") == "127.0.0.1"
    assert "proto=https" in request.field("Forwarded", "")


def test_hop_by_hop_fields_stop_here_and_connection_cannot_remove_ours(shared, sato, upstreams):
    raw(shared, sato, "GET /hops HTTP/1.1\r\nHost: @HOST\r\nConnection: close, X-Drop, Sekisho-Assertion, X-Forwarded-For\r\n"
                      "X-Drop: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\nTE: gzip\r\n@COOKIE\r\n\r\n")
    request = upstreams["wiki"].last("/hops")
    names = {k.lower() for k, _ in request.fields}
    assert not names & {"x-drop", "keep-alive", "proxy-authorization"}
    assert {"sekisho-assertion", "x-forwarded-for"} <= names


def test_gateway_cookies_stay_here_and_the_apps_pass(shared, sato, upstreams):
    header = sato.jar.header(f"wiki.{gw.DOMAIN}", "/")
    sato.request("GET", shared.url("wiki", "/cookies"), headers=[("Cookie", "before=1; " + header + "; after=2")])
    seen = upstreams["wiki"].last("/cookies").field("Cookie")
    assert "before=1" in seen and "after=2" in seen and "sekisho" not in seen.lower()


def test_traceparent_is_continued(shared, sato, upstreams):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sato.request("GET", shared.url("wiki", "/trace"), headers=[("traceparent", trace)])
    seen = upstreams["wiki"].last("/trace").field("traceparent")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", seen)
    assert seen[3:35] == trace[3:35] and seen[36:52] != trace[36:52], "the same trace, a span of its own"


# --- SNI, Host, redirect -------------------------------------------------------------------

@pytest.mark.parametrize("sni,host,expected", [
    ("wiki", "files.{d}:{p}", 421), ("wiki", "elsewhere.example", 421), ("wiki", "wiki.{d}.:{p}", 421),
    ("wiki", "127.0.0.1:{p}", 421), ("portal", "wiki.{d}:{p}", 421)])
def test_name_asked_for_and_name_served_must_agree(shared, sato, upstreams, sni, host, expected):
    for server in upstreams.values():
        server.clear()
    host = host.format(d=gw.DOMAIN, p=shared.https)
    with shared.raw(f"{sni}.{gw.DOMAIN}") as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookie_line(sato)}\r\n".encode())
        data = gw.read_all(sock)
    assert gw.statuses(data)[:1] == [expected], data[:200]
    assert b"no-store" in data.lower() and b"set-cookie" not in data.lower()
    assert all(server.bytes == 0 for server in upstreams.values())


def test_plain_port_only_redirects(shared):
    with socket.create_connection(("127.0.0.1", shared.redirect), 5) as sock:
        sock.sendall(f"GET /a?b HTTP/1.1\r\nHost: wiki.{gw.DOMAIN}:{shared.redirect}\r\nConnection: close\r\n\r\n".encode())
        data = gw.read_all(sock)
    assert re.match(rb"HTTP/1\.1 30[18] ", data), data[:100]
    assert f"https://wiki.{gw.DOMAIN}".encode() in data
    with socket.create_connection(("127.0.0.1", shared.redirect), 5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert b"evil.example" not in gw.read_all(sock)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions_served(shared, version):
    with shared.raw(f"wiki.{gw.DOMAIN}", version=version) as sock:
        assert sock.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
        assert "GCM" in sock.cipher()[0] or "CHACHA20" in sock.cipher()[0]


def test_old_tls_and_weak_ciphers_are_refused(shared):
    for ciphers in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", shared.https), 5) as sock, pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(sock, server_hostname=f"wiki.{gw.DOMAIN}")


# --- upstreams that lie ------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["two-lengths", "no-status", "unasked-101", "nothing"])
def test_upstream_that_lies_is_a_bad_gateway(shared, sato, path):
    page = sato.request("GET", shared.url("wiki", "/" + path))
    assert page.status == 502, page
    assert b"smuggled" not in page.body
    assert re.search(rb"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page.body), "a request id to quote"


def test_refused_connection_is_a_bad_gateway(fresh_gateway):
    closed = gw.free_port()
    gateway = fresh_gateway(lambda s: s["upstreams"]["wiki"].update(url=f"http://127.0.0.1:{closed}"))
    browser = gateway.signed_in(gateway.add("sato"), "files")
    assert browser.go(gateway.url("wiki")).status == 502


def test_silent_upstream_times_out(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["upstreams"]["wiki"].update(response_timeout="1s"))
    browser = gateway.signed_in(gateway.add("sato"))
    began = time.monotonic()
    page = browser.request("GET", gateway.url("wiki", "/never"))
    assert page.status == 504 and time.monotonic() - began < 5


@pytest.mark.parametrize("path", ["short", "short-chunked"])
def test_truncation_is_visible(shared, sato, path):
    data = raw(shared, sato, GET.format(path))
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    if b"chunked" in head.lower():
        assert not body.endswith(b"0\r\n\r\n"), "a cut chunked body must not end cleanly"
    else:
        assert len(body) < 1000


def test_excess_bytes_never_reach_the_next_request(shared, people):
    a, b = shared.signed_in(people["sato"]), shared.signed_in(people["suzuki"])
    for _ in range(5):
        assert a.request("GET", shared.url("wiki", "/excess")).body == b"ok"
        assert b"poison" not in b.request("GET", shared.url("wiki", "/after")).body
        assert len(a.request("GET", shared.url("wiki", "/excess-full")).body) == 16342
        assert b"poison" not in b.request("GET", shared.url("wiki", "/after")).body


def test_ntlm_upstream_is_refused(shared, sato):
    """R4: authentication of a connection has no place on a pooled one."""
    page = sato.request("GET", shared.url("wiki", "/ntlm"))
    assert page.status == 502
    assert not page.all("WWW-Authenticate")


# --- limits and slow peers -----------------------------------------------------------------------

def test_limits_have_their_own_answers(shared, sato):
    long_target = raw(shared, sato, f"GET /{'a' * 20000} HTTP/1.1\r\nHost: @HOST\r\n@COOKIE\r\n\r\n")
    assert gw.statuses(long_target)[:1] == [414]
    big_head = raw(shared, sato, "GET / HTTP/1.1\r\nHost: @HOST\r\nX-A: " + "a" * 60000 + "\r\n@COOKIE\r\n\r\n")
    assert gw.statuses(big_head)[:1] == [431]
    many = raw(shared, sato, "GET / HTTP/1.1\r\nHost: @HOST\r\n" + "".join(f"X-{n}: 1\r\n" for n in range(400)) + "@COOKIE\r\n\r\n")
    assert gw.statuses(many)[:1] == [431]


def test_body_limit(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["apps"]["wiki"].update(body="1KiB"))
    browser = gateway.signed_in(gateway.add("sato"))
    page = browser.request("POST", gateway.url("wiki", "/echo"), b"x" * 2000, [("Sec-Fetch-Site", "same-origin")])
    assert page.status == 413 and page.is_page and "1KiB" in page.text
    assert browser.request("POST", gateway.url("wiki", "/echo"), b"x" * 1000, [("Sec-Fetch-Site", "same-origin")]).status == 200


def test_slow_heads_end_and_others_do_not_wait(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(head_timeout="2s", handshake_timeout="2s"))
    slow = [gateway.raw(f"wiki.{gw.DOMAIN}") for _ in range(30)]
    silent = [socket.create_connection(("127.0.0.1", gateway.https), 5) for _ in range(30)]
    began = time.monotonic()
    for sock in slow:
        sock.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    assert gateway.browser().request("GET", gateway.url("wiki")).status == 303
    assert time.monotonic() - began < 1.5, "others wait for slow peers"
    while time.monotonic() - began < 3.5:
        for sock in slow:
            try:
                sock.sendall(b"x")
            except OSError:
                pass
        time.sleep(0.2)
    for sock in slow + silent:
        sock.settimeout(2)
        data, part = b"", b"more"
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            while part:
                part = sock.recv(65536)  # a time-out is a failure: it was not ended
                data += part
        assert data == b"" or b" 408 " in data, data[:100]
        sock.close()


def test_slow_body_ends(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(body_min_rate_grace="2s", body_min_rate="512B"))
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}") as sock:
        sock.sendall(f"POST /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nContent-Length: 100000\r\n{cookie_line(browser)}\r\n".encode())
        began = time.monotonic()
        sock.settimeout(0.2)
        ended = None
        while time.monotonic() - began < 10 and ended is None:
            try:
                sock.sendall(b"x")
                if sock.recv(1000) is not None:
                    ended = time.monotonic() - began
            except socket.timeout:
                continue
            except OSError:
                ended = time.monotonic() - began
        assert ended is not None and ended < 8
