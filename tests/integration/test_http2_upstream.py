"""Goal: an app that speaks HTTP/2 is served like any other over shared connections, and one that lies, floods, breaks
off or hangs hurts its own requests alone. Method: the real gateway before Debian's nginx and nghttpd, and before an
upstream of frames."""
import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

import gateway as gw
import http2_server
import sekisho_client as client
from http2_client import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PUSH, RESET, SETTINGS, WINDOW, Connection,
                          field, frame)
from http2_server import MAX_STREAMS, STATUS_200, Upstream
from test_revocation import until
from upstreams import Upstream as Http1Upstream

WIKI = f"wiki.{gw.DOMAIN}"


class World:
    """A gateway whose wiki is an HTTP/2 upstream, with Sato signed in."""

    def __init__(self, fresh_gateway, port, change=lambda sections: None, **upstream):
        def both(sections):
            sections["limits"]["drain_timeout"] = "0s"
            sections["upstreams"]["wiki"] = {"url": f"http://127.0.0.1:{port}", "protocol": "http2", **upstream}
            sections["apps"]["wiki"]["websocket"] = False
            change(sections)
        self.gateway = fresh_gateway(both)
        self.account = self.gateway.add("sato")
        self.browser = self.gateway.signed_in(self.account, path="/echo")

    def get(self, path, browser=None, method="GET", body=None, headers=()):
        browser = browser or self.browser
        return browser.request(method, self.gateway.url("wiki", path), body=body, headers=headers, navigate=False)

    def wire(self, **more):
        return Connection(self.gateway, "wiki", **more)

    def reason(self, path):
        """Of the last access line of a bad gateway for this path."""
        return reason(self.gateway, path)

    def curl(self, path, *more):
        cookie = self.browser.jar.header(WIKI, "/")
        return subprocess.run(["curl", "-sS", "--cacert", str(self.gateway.ca), "--resolve", f"{WIKI}:{self.gateway.https}:127.0.0.1",
                               "-H", f"Cookie: {cookie}", *more, self.gateway.url("wiki", path)], capture_output=True, timeout=90)


def reason(gateway, path):
    until(lambda: gateway.log(path=path, status=502), 10, "no access line")
    return gateway.log(path=path, status=502)[-1].get("reason")


@pytest.fixture
def world(fresh_gateway):
    servers = []

    def make(act=None, change=lambda sections: None, upstream=None, **more):
        server = Upstream(act, **more)
        servers.append(server)
        made = World(fresh_gateway, server.port, change, **(upstream or {}))
        made.server = server
        return made
    yield make
    for server in servers:
        server.close()


# -- what works, over all four pairs of protocols

@pytest.fixture(scope="module")
def pairs(certs):
    """One gateway with the same app over both protocols: wiki is HTTP/2 over TLS, files HTTP/1.1."""
    new, old = Upstream(tls=(certs, WIKI, ["h2"])), Http1Upstream()

    def change(sections):
        sections["upstreams"]["wiki"] = {"url": f"https://127.0.0.1:{new.port}", "ca": f"{certs}/ca.pem", "server_name": WIKI,
                                         "protocol": "http2"}
        sections["apps"]["wiki"]["websocket"] = False
        sections["limits"]["drain_timeout"] = "0s"
    with gw.Gateway({name: old.port for name in ("wiki", "files", "chat", "ledger")}, certs, change) as gateway:
        account = gateway.add("sato")
        browser = gateway.signed_in(account, path="/echo")
        browser.go(gateway.url("files", "/echo"))
        yield gateway, browser, new
    new.close()
    old.close()


@pytest.mark.parametrize("downstream", ["--http1.1", "--http2"])
@pytest.mark.parametrize("app", ["wiki", "files"])
def test_every_pair_carries_both_ways(pairs, downstream, app, tmp_path):
    gateway, browser, _ = pairs
    body, back = tmp_path / "body", tmp_path / "back"
    body.write_bytes(os.urandom(3_000_000))
    host = f"{app}.{gw.DOMAIN}"
    common = ["curl", "-sS", downstream, "--cacert", str(gateway.ca), "--resolve", f"{host}:{gateway.https}:127.0.0.1",
              "-H", f"Cookie: {browser.jar.header(host, '/')}"]
    run = lambda *more: subprocess.run([*common, *more], capture_output=True, timeout=90)
    up = run("--data-binary", f"@{body}", "-H", "Expect:", gateway.url(app, "/swallow"))
    assert (up.returncode, up.stdout) == (0, b"3000000"), up.stderr
    down = run("-o", str(back), gateway.url(app, "/big?3000000"))
    assert down.returncode == 0, down.stderr
    assert back.stat().st_size == 3_000_000
    echo = run("-D", "-", gateway.url(app, "/echo?a=b"))
    assert b"/echo?a=b" in echo.stdout and b" 200" in echo.stdout.split(b"\r\n")[0]
    assert run("-I", gateway.url(app, "/echo")).returncode == 0
    hints = run("-D", "-", gateway.url(app, "/hints"))
    assert b" 103" in hints.stdout and hints.stdout.endswith(b"after hints")


def test_the_upstream_sees_one_plain_request(pairs):
    gateway, browser, server = pairs
    with Connection(gateway, "wiki") as wire:
        answer = wire.get(browser, "/echo?x=1", more=[("x-own", "1"), ("x-remote-user", "mallory"), ("te", "trailers")])
        assert answer.status == 200, answer.heads
    request = server.last("/echo")
    assert request.pairs[0][0].startswith(":") and request.field(":scheme") == "https"
    assert request.field(":authority") == gateway.host("wiki") and request.field(":path") == "/echo?x=1"
    assert request.field("x-own") == "1" and request.field("x-remote-user") is None
    assert request.field("te") == "trailers" and request.field("x-real-ip") == "127.0.0.1"
    names = [k for k, _ in request.pairs]
    assert not {"host", "connection", "transfer-encoding", "keep-alive"} & set(names) and names == [n.lower() for n in names]
    assert "sekisho" not in (request.field("cookie") or "")


def test_trailers_pass_both_ways(pairs):
    gateway, browser, server = pairs
    with Connection(gateway, "wiki") as wire:
        up = wire.wait(wire.request(browser, "POST", "/echo", body=b"hello", trailers=[("x-late", "yes")]))
        assert b"trailer x-late: yes" in up.body and up.body.endswith(b"\n\nhello")
        down = wire.get(browser, "/sum", more=[("te", "trailers")])
        assert bytes(down.body) == b"one two three" and down.trailers == {"x-sum": "13"}
    cookie = browser.jar.header(WIKI, "/")
    raw = gateway.exchange_raw("wiki", f"POST /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nCookie: {cookie}\r\nConnection: close\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Late: yes\r\n\r\n")
    assert b"trailer x-late: yes" in raw
    raw = gateway.exchange_raw("wiki", f"GET /sum HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nCookie: {cookie}\r\nConnection: close, TE\r\n"
                               "TE: trailers\r\n\r\n")
    assert raw.endswith(b"0\r\nx-sum: 13\r\n\r\n"), raw[-200:]


def test_hundreds_of_requests_share_one_connection_per_worker(pairs):
    gateway, browser, server = pairs
    before = len(server.connections)
    done = subprocess.run(["h2load", "-n", "600", "-c", "4", "-m", "20", "--connect-to", f"127.0.0.1:{gateway.https}", "-H",
                           f"cookie: {browser.jar.header(WIKI, '/')}", f"https://{gateway.host('wiki')}/echo"],
                          capture_output=True, text=True, timeout=120)
    assert "600 succeeded, 0 failed" in done.stdout and "600 2xx" in done.stdout, done.stdout
    assert len(server.connections) - before <= 2, "two workers"
    assert gateway.metric("sekisho_upstream_streams", upstream="wiki") == 0


# -- real servers

NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log {folder}/access.log; client_body_temp_path {folder}/body; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 0;
  server {{ listen 127.0.0.1:{port} {listen}; {tls} root {folder}/root; location /back {{ return 200 "$server_protocol $request_uri"; }}
    location /put {{ return 200 "taken"; }} }} }}
"""


def nginx(folder, port, certs):
    tls = f"ssl_certificate {certs}/{WIKI}.pem; ssl_certificate_key {certs}/{WIKI}.key;" if certs else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, listen="ssl http2" if certs else "http2", tls=tls))
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def nghttpd(folder, port, certs):
    program = shutil.which("nghttpd") or "/usr/sbin/nghttpd"
    keys = [f"{certs}/{WIKI}.key", f"{certs}/{WIKI}.pem"] if certs else []
    return [program, "-d", str(folder / "root"), "-a", "127.0.0.1", *([] if certs else ["--no-tls"]), str(port), *keys]


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("server", [nginx, nghttpd])
def test_real_servers(fresh_gateway, certs, tmp_path, server, tls):
    root = tmp_path / "root"
    root.mkdir()
    tmp_path.chmod(0o755)
    (root / "file").write_bytes(os.urandom(2_000_000))
    (root / "echo").write_text("hello")
    for parent in [root, *root.parents]:
        if str(parent).startswith("/tmp/pytest"):
            parent.chmod(0o755)
    port = gw.free_port()
    running = subprocess.Popen(server(tmp_path, port, certs if tls else None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: reachable(port), 10, "the server did not start")
        secure = {"url": f"https://127.0.0.1:{port}", "ca": f"{certs}/ca.pem", "server_name": WIKI} if tls else {}
        world = World(fresh_gateway, port, **secure)
        for downstream in ("--http1.1", "--http2"):
            got = world.curl("/file", downstream)
            assert got.returncode == 0 and got.stdout == (root / "file").read_bytes(), got.stderr
        if server is nginx:
            assert world.get("/back?x=1").text == "HTTP/2.0 /back?x=1"
        assert world.get("/missing").status == 404
        with world.wire() as wire:
            numbers = [wire.request(world.browser, path="/file") for _ in range(20)]
            assert all(bytes(wire.wait(n, 60).body) == (root / "file").read_bytes() for n in numbers)
    finally:
        running.terminate()
        running.wait(10)


def reachable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# -- what is configured, or nothing

def test_an_upstream_of_http1_is_refused_and_sees_no_request(fresh_gateway):
    seen = []

    def handler(connection):
        seen.append(connection.sock.recv(65536))
        connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    with contextlib.closing(Http1Upstream(handler)) as server:
        gateway = fresh_gateway(lambda s: (s["upstreams"].update(wiki={"url": f"http://127.0.0.1:{server.port}", "protocol": "http2"}),
                                           s["apps"]["wiki"].update(websocket=False)))
        account = gateway.add("sato")
        browser = gateway.browser()
        client.sign_in(browser, account, gateway.url("portal", "/"))
        assert browser.go(gateway.url("wiki", "/private?token=1")).status == 502
        assert reason(gateway, "/private") == "not_http2"
        assert seen and all(b"private" not in data and data.startswith(b"PRI * HTTP/2.0") for data in seen)
        assert gateway.metric("sekisho_upstream_connects_total", upstream="wiki", result="protocol") >= 1


@pytest.mark.parametrize("protocols", [["http/1.1"], None], ids=["http1 by ALPN", "no ALPN"])
def test_tls_without_http2_is_refused(fresh_gateway, certs, protocols):
    with Upstream(tls=(certs, WIKI, protocols)) as server:
        gateway = fresh_gateway(lambda s: (s["upstreams"].update(wiki={
            "url": f"https://127.0.0.1:{server.port}", "ca": f"{certs}/ca.pem", "server_name": WIKI, "protocol": "http2"}),
            s["apps"]["wiki"].update(websocket=False)))
        account = gateway.add("sato")
        browser = gateway.browser()
        client.sign_in(browser, account, gateway.url("portal", "/"))
        assert browser.go(gateway.url("wiki", "/x")).status == 502
        assert reason(gateway, "/x") == "not_http2"
        assert not server.requests
        findings = gateway.run_cli("doctor", "--config", gateway.config)
        assert "HTTP/2" in findings.stdout + findings.stderr or protocols, findings.stdout


def test_silence_before_the_settings_ends(fresh_gateway):
    server = Http1Upstream(lambda connection: time.sleep(20))
    gateway = fresh_gateway(lambda s: (s["upstreams"].update(wiki={"url": f"http://127.0.0.1:{server.port}", "protocol": "http2",
                                                                    "connect_timeout": "500ms"}), s["apps"]["wiki"].update(websocket=False)))
    account = gateway.add("sato")
    browser = gateway.browser()
    client.sign_in(browser, account, gateway.url("portal", "/"))
    began = time.monotonic()
    assert browser.go(gateway.url("wiki", "/x")).status == 502
    assert time.monotonic() - began < 10
    server.close()


# -- streams

def test_the_stream_limit_of_the_upstream_holds(world):
    def slow(connection, request):
        time.sleep(0.1)
        http2_server.echo(connection, request)
    w = world(slow, settings=[(MAX_STREAMS, 3)])
    with w.wire() as wire:
        numbers = [wire.request(w.browser, path=f"/echo?{i}") for i in range(30)]
        assert [wire.wait(n, 30).status for n in numbers] == [200] * 30
    assert max(c.most_open for c in w.server.connections) <= 3
    assert 10 <= len(w.server.connections) <= 34


def test_beyond_all_connections_the_answer_is_503(world):
    w = world(settings=[(MAX_STREAMS, 2)], upstream={"connections": 2})
    with w.wire() as wire:
        numbers = [wire.request(w.browser, path=f"/drip?{i}") for i in range(8)]
        wire.until(lambda: all(wire.streams[n].heads for n in numbers))
        statuses = sorted(wire.streams[n].status for n in numbers)
        assert statuses == [200] * 4 + [503] * 4, statuses
        assert max(c.most_open for c in w.server.connections) <= 2


def test_a_refused_stream_goes_out_again(world):
    refused = set()

    def act(connection, request):
        if request.path == "/again" and not refused:
            refused.add(request.number)
            return connection.reset(request, 7)
        http2_server.echo(connection, request)
    w = world(act)
    answer = w.get("/again", method="POST", body=b"")
    assert answer.status == 200 and len(w.server.seen("/again")) == 2
    until(lambda: w.gateway.metric("sekisho_upstream_retries_total", upstream="wiki") == 1, 5, "not counted")


def test_always_refused_is_an_error_after_one_more_try(world):
    def act(connection, request):
        if request.path == "/never":
            return connection.reset(request, 7)
        http2_server.echo(connection, request)
    w = world(act)
    assert w.get("/never").status == 502
    assert len(w.server.seen("/never")) == 2 and w.reason("/never") == "stream_reset"


def test_a_reset_is_not_repeated(world):
    def act(connection, request):
        if request.path == "/once":
            return connection.reset(request, 2)
        http2_server.echo(connection, request)
    w = world(act)
    assert w.get("/once").status == 502
    assert len(w.server.seen("/once")) == 1


def test_goaway_in_the_middle_loses_nothing(world):
    w = world()
    with w.wire() as wire:
        open_ = wire.request(w.browser, path="/drip")
        wire.until(lambda: len(wire.streams[open_].body) > 3)
        first = w.server.last("/drip")
        connection = next(c for c in w.server.connections if first in c.streams.values())
        connection.go_away(first.number)
        time.sleep(0.2)
        before = len(wire.streams[open_].body)
        assert wire.get(w.browser, "/echo").status == 200
        assert w.server.last("/echo") not in connection.streams.values(), "a new connection carries what is new"
        wire.until(lambda: len(wire.streams[open_].body) > before + 3)
        assert wire.streams[open_].reset is None
        connection.send(frame(DATA, END_STREAM, first.number))
        assert wire.wait(open_).ended and wire.streams[open_].reset is None
        until(lambda: connection.over, 10, "the old connection stays")


def test_a_connection_that_rested_and_died_is_not_shown(world):
    w = world()
    assert w.get("/echo").status == 200
    for connection in w.server.alive():
        connection.sock.shutdown(2)
    assert w.get("/echo").status == 200


def test_truncation_is_visible(world):
    w = world()
    for path in ("/cut", "/cut-unbounded"):
        with w.wire() as wire:
            stream = wire.wait(wire.request(w.browser, path=path))
            assert stream.status == 200 and stream.reset is not None and not stream.ended, path
            assert bytes(stream.body) == b"x" * 100
        cut = w.curl(path, "--http1.1")
        assert cut.returncode in (18, 56) and cut.stdout == b"x" * 100, (path, cut.returncode)


def test_an_aborted_upload_never_ends(world):
    w = world()
    with w.wire() as wire:
        number = wire.open(wire.fields(w.browser, "POST", "/swallow"), ends=False)
        wire.send(frame(DATA, 0, number, b"half"))
        until(lambda: w.server.last("/swallow") and w.server.last("/swallow").body, 10, "nothing came")
        wire.send(frame(RESET, 0, number, struct.pack(">I", 8)))
        request = w.server.last("/swallow")
        assert request.done.wait(10) and request.reset == 8 and not request.ended
        assert wire.get(w.browser, "/echo").status == 200


def test_the_end_of_access_ends_one_stream(world):
    w = world()
    other = w.gateway.add("suzuki")
    second = w.gateway.signed_in(other, path="/echo")
    with w.wire() as mine, w.wire() as theirs:
        a, b = mine.request(w.browser, path="/drip"), theirs.request(second, path="/drip?b")
        mine.until(lambda: mine.streams[a].body)
        theirs.until(lambda: theirs.streams[b].body)
        requests = w.server.seen("/drip")
        client.sign_out(w.browser, w.gateway.url("portal"))
        stream = mine.wait(a, 5)
        assert stream.reset is not None and not stream.ended
        ended = next(r for r in requests if r.field(":path") == "/drip")
        assert ended.done.wait(5) and ended.reset == 8
        before = len(theirs.streams[b].body)
        theirs.until(lambda: len(theirs.streams[b].body) > before + 3)
        assert theirs.streams[b].reset is None


def test_a_time_out_is_of_one_stream(world):
    w = world(upstream={"response_timeout": "1s"})
    with w.wire() as wire:
        open_ = wire.request(w.browser, path="/drip")
        wire.until(lambda: wire.streams[open_].body)
        silent = wire.get(w.browser, "/silent")
        assert silent.status == 504
        before = len(wire.streams[open_].body)
        wire.until(lambda: len(wire.streams[open_].body) > before + 3)
        assert wire.streams[open_].reset is None
        assert w.server.last("/silent").done.wait(5) and w.server.last("/silent").reset == 8


def test_a_connection_that_hangs_is_left(world):
    hung = threading.Event()

    def act(connection, request):
        if request.path == "/hang":
            connection.take = lambda *_: None  # it reads, and answers nothing any more, no PING either
            hung.set()
            return
        http2_server.echo(connection, request)
    w = world(act, upstream={"response_timeout": "1s"}, change=lambda s: s["limits"].update(workers=1))
    assert w.get("/hang").status == 504 and hung.is_set()
    began = time.monotonic()
    assert w.get("/echo").status == 200, "the next one is not put where nothing comes back"
    assert time.monotonic() - began < 1
    assert len(w.server.connections) == 2
    until(lambda: len(w.server.alive()) == 1, 30, "the dead connection is kept")


def test_who_reads_slowly_holds_back_nobody_else(world):
    w = world(change=lambda s: s["limits"].update(workers=1))
    slow = [w.wire(credit=False) for _ in range(12)]
    for wire in slow:
        wire.request(w.browser, path="/big?4000000")
    time.sleep(1)
    with w.wire() as wire:
        got = wire.wait(wire.request(w.browser, path="/big?2000000"), 30)
        assert got.ended and len(got.body) == 2_000_000
    assert len(w.server.alive()) == 1, "all of them are on one connection"
    for wire in slow:
        wire.close()


def test_an_upstream_that_takes_nothing_is_not_waited_for(world):
    w = world(credits=False, upstream={"response_timeout": "1s"})
    with w.wire() as wire:
        assert wire.get(w.browser, "/echo").status == 200, "and with it our windows are known"
        number = wire.open(wire.fields(w.browser, "POST", "/swallow"), ends=False)
        sender = threading.Thread(target=wire.upload, args=(number, b"x" * 400_000, True, 10), daemon=True)
        sender.start()
        sender.join(20)
        assert wire.wait(number).status == 504
        assert len(w.server.last("/swallow").body) <= 65535


# -- lies

LIES = {
    "no status": (field("x", "1"), 0),
    "two statuses": (STATUS_200 + STATUS_200, 0),
    "a pseudo-field of requests": (STATUS_200 + field(":path", "/"), 0),
    "an unknown pseudo-field": (STATUS_200 + field(":x", "/"), 0),
    "a pseudo-field behind a field": (field("x", "1") + STATUS_200, 0),
    "101": (field(":status", "101"), 0),
    "status 600": (field(":status", "600"), 0),
    "connection": (STATUS_200 + field("connection", "close"), 0),
    "transfer-encoding": (STATUS_200 + field("transfer-encoding", "chunked"), 0),
    "capitals in a name": (STATUS_200 + field("X-Big", "1"), 0),
    "NUL in a value": (STATUS_200 + field("x", "a\0b"), 0),
    "CRLF in a value": (STATUS_200 + field("x", "a\r\nb: c"), 0),
    "two lengths": (STATUS_200 + field("content-length", "1") + field("content-length", "2"), 0),
    "a length list": (STATUS_200 + field("content-length", "1, 1"), 0),
    "a length and nothing": (STATUS_200 + field("content-length", "5"), END_STREAM),
    "an interim end": (field(":status", "103"), END_STREAM),
    "NTLM": (field(":status", "401") + field("www-authenticate", "NTLM"), 0),
    "too many fields": (STATUS_200 + field("x", "1") * 200, 0),
}


def test_lies_in_a_head_are_a_bad_gateway(world):
    def act(connection, request):
        name = bytes.fromhex(request.field("x-lie", "")).decode()
        if not name:
            return http2_server.echo(connection, request)
        block, flags = LIES[name]
        connection.send(frame(HEADERS, END_HEADERS | flags, request.number, block))
        if not flags:
            connection.send(frame(DATA, END_STREAM, request.number, b"hello"))
    w = world(act)
    for name in LIES:
        before = len(w.gateway.log(path="/lie", status=502))
        answer = w.get("/lie", headers=[("X-Lie", name.encode().hex())])
        assert answer.status == 502, name
        until(lambda: len(w.gateway.log(path="/lie", status=502)) > before, 10, "no access line")
        assert name == "NTLM" or w.reason("/lie") not in (None, "other"), name
    assert w.get("/echo").status == 200
    assert len(w.server.connections) <= 2, "each ended its own stream alone"


LATE = {
    "longer than its length": lambda n: frame(HEADERS, END_HEADERS, n, STATUS_200 + field("content-length", "3")) + frame(DATA, END_STREAM, n, b"hello"),
    "shorter than its length": lambda n: frame(HEADERS, END_HEADERS, n, STATUS_200 + field("content-length", "9")) + frame(DATA, END_STREAM, n, b"hello"),
    "a second head": lambda n: frame(HEADERS, END_HEADERS, n, STATUS_200) + frame(DATA, 0, n, b"hello") + frame(HEADERS, END_HEADERS, n, STATUS_200),
    "trailers that frame": lambda n: frame(HEADERS, END_HEADERS, n, STATUS_200) + frame(DATA, 0, n, b"hello")
                                     + frame(HEADERS, END_HEADERS | END_STREAM, n, field("content-length", "5")),
    "trailers with a status": lambda n: frame(HEADERS, END_HEADERS, n, STATUS_200) + frame(DATA, 0, n, b"hello")
                                        + frame(HEADERS, END_HEADERS | END_STREAM, n, STATUS_200),
}


@pytest.mark.parametrize("name", list(LATE))
def test_lies_in_a_body_are_visibly_cut(world, name):
    def act(connection, request):
        if request.path == "/lie":
            return connection.send(LATE[name](request.number))
        http2_server.echo(connection, request)
    w = world(act)
    with w.wire() as wire:
        stream = wire.wait(wire.request(w.browser, path="/lie"))
        assert not stream.ended and (stream.reset is not None or stream.status == 502), name
    assert w.get("/echo").status == 200


FLOODS = {
    "SETTINGS": (lambda n: frame(SETTINGS), "settings_flood"),
    "PING": (lambda n: frame(PING, 0, 0, b"12345678"), "ping_flood"),
    "resets": (lambda n: frame(RESET, 0, n, struct.pack(">I", 8)), "reset_flood"),
    "WINDOW_UPDATE": (lambda n: frame(WINDOW, 0, 0, struct.pack(">I", 1)), "window_flood"),
    "empty DATA": (lambda n: frame(DATA, 0, n, b""), "empty_flood"),
    "unknown frames": (lambda n: frame(0x77, 0, 0, b""), "empty_flood"),
    "CONTINUATION": (lambda n: frame(HEADERS, 0, n, b"") + frame(CONTINUATION, 0, n, b"") * 9, "continuation_flood"),
    "push": (lambda n: frame(PUSH, END_HEADERS, n, struct.pack(">I", 2) + STATUS_200), "protocol"),
    "beyond the window": (lambda n: frame(DATA, 0, n, b"x" * 16384), None),
    "a huge head": (lambda n: frame(HEADERS, 0, n, field("x", "y" * 100) * 150)
                    + frame(CONTINUATION, 0, n, field("x", "y" * 100) * 150) * 8, None),
}


@pytest.mark.parametrize("name", list(FLOODS))
def test_a_flood_ends_its_connection_and_costs_no_memory(world, name):
    make, fault = FLOODS[name]

    def act(connection, request):
        if request.path != "/flood":
            return http2_server.echo(connection, request)
        if name in ("empty DATA", "beyond the window"):
            connection.head(request)
        block = make(request.number) * 64
        for _ in range(200):
            connection.send(block)
    w = world(act, upstream={"response_timeout": "3s"})
    before = w.gateway.rss_kib()
    with w.wire(credit=False) as wire:
        stream = wire.wait(wire.request(w.browser, path="/flood"), 20)
        assert stream.status in (200, 502, 504) and not (stream.ended and stream.status == 200), name
    assert w.get("/echo").status == 200
    assert w.gateway.rss_kib() - before < 24 << 10, "memory stays flat"
    if fault:
        until(lambda: w.gateway.metric("sekisho_upstream_http2_faults_total", upstream="wiki", cause=fault) >= 1, 10, f"{fault} not counted")


def test_a_storm_of_interim_heads_is_bounded(world):
    def act(connection, request):
        if request.path != "/storm":
            return http2_server.echo(connection, request)
        connection.send(frame(HEADERS, END_HEADERS, request.number, field(":status", "103")) * 3000)
    w = world(act)
    with w.wire() as wire:
        stream = wire.wait(wire.request(w.browser, path="/storm"))
        assert stream.status == 502 and len(stream.heads) <= 17
    assert w.reason("/storm") == "interim_storm"


# -- life and configuration

def test_a_resting_connection_ends(world):
    w = world(change=lambda s: s["limits"].update(upstream_idle_timeout="1s"))
    assert w.get("/echo").status == 200
    until(lambda: not w.server.alive(), 10, "it rests for ever")
    assert any(c.goaway == 0 for c in w.server.connections), "it says goodbye"
    assert w.get("/echo").status == 200


def test_a_drain_waits_for_open_streams_and_ends_the_rest(world):
    def act(connection, request):
        if request.path == "/slow":
            time.sleep(2)
        http2_server.echo(connection, request)
    w = world(act, change=lambda s: s["limits"].update(drain_timeout="20s"))
    got = []
    asking = threading.Thread(target=lambda: got.append(w.get("/slow").status))
    asking.start()
    until(lambda: w.server.seen("/slow"), 10, "not asked")
    began = time.monotonic()
    w.gateway.stop()
    asking.join(10)
    assert got == [200] and time.monotonic() - began < 15


def test_websocket_over_http2_upstreams_is_refused_by_check(fresh_gateway):
    with Upstream() as server:
        gateway = fresh_gateway()
        gateway.setup.sections["upstreams"]["chat"] = {"url": f"http://127.0.0.1:{server.port}", "protocol": "http2"}
        gateway.write_config()
        done = gateway.run_cli("check", "--config", gateway.config)
        assert done.returncode != 0 and "upstream.http2_websocket" in done.stdout + done.stderr


def test_a_reload_changes_the_protocol_and_disturbs_nobody(world):
    w = world()
    with contextlib.closing(Http1Upstream()) as old, w.wire() as wire:
        open_ = wire.request(w.browser, path="/drip")
        wire.until(lambda: wire.streams[open_].body)
        w.gateway.setup.sections["upstreams"]["wiki"] = {"url": f"http://127.0.0.1:{old.port}"}
        w.gateway.write_config()
        w.gateway.reload(accept=True)
        assert "GET /echo HTTP/1.1" in w.get("/echo").text
        before = len(wire.streams[open_].body)
        wire.until(lambda: len(wire.streams[open_].body) > before + 3)
        assert wire.streams[open_].reset is None
