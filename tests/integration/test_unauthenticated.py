"""Goal: nobody who is not signed in moves a single byte to an upstream.
Method: apps x paths x methods x upgrades x kinds of cookie, then the upstreams' own byte counts."""
import base64
import os

import gateway as gw
import sekisho_client as client

PATHS = ["/", "/a/b", "/secret/", "/%2e%2e/a", "/..;/a", "//a", "/a?x=/../b", "/.sekisho/other"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]
UPGRADES = {
    "none": "",
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    "other": "Connection: Upgrade\r\nUpgrade: tunnel/1\r\n",
}


def forged():
    return "v1." + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def read_one(sock, buffer, method):
    """Reads one response; the rest of the buffer, or None when the connection has ended."""
    while b"\r\n\r\n" not in buffer:
        data = sock.recv(65536)
        if not data:
            return None, None
        buffer += data
    head, _, buffer = buffer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    status = int(lines[0].split()[1])
    fields = dict(line.split(":", 1) for line in lines[1:])
    size = 0 if method == "HEAD" or status in (204, 304) else int(fields.get("content-length", "0"))
    while len(buffer) < size:
        data = sock.recv(65536)
        if not data:
            return status, None
        buffer += data
    return status, None if "close" in fields.get("connection", "") else buffer[size:]


def test_no_byte_reaches_an_upstream(shared, people, upstreams):
    # An expired id: a session that was real and has ended.
    browser = shared.signed_in(people["suzuki"])
    ended = browser.jar.get(f"wiki.{gw.DOMAIN}", "__Host-Http-sekisho")
    assert ended, "the app host's cookie has its documented name"
    client.sign_out(browser, shared.url("portal"))
    other = shared.signed_in(people["mori"], "wiki").jar.get(f"wiki.{gw.DOMAIN}", "__Host-Http-sekisho")
    cookies = {"none": None, "forged": forged(), "expired": ended, "another host's": other}
    for server in upstreams.values():
        server.clear()

    seen, requests = {}, 0
    for app in upstreams:
        for cookie_kind, cookie in cookies.items():
            if cookie_kind == "another host's" and app == "wiki":
                cookie = forged()
            line = f"Cookie: __Host-Http-sekisho={cookie}\r\n" if cookie else ""
            for upgrade in UPGRADES.values():
                sock, buffer = None, b""
                for path in PATHS:
                    for method in METHODS:
                        if sock is None:
                            sock, buffer = shared.raw(f"{app}.{gw.DOMAIN}"), b""
                        body = "Content-Length: 3\r\n\r\nabc" if method in ("POST", "PUT", "PATCH") else "\r\n"
                        sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: {shared.host(app)}\r\n{line}{upgrade}{body}".encode())
                        status, buffer = read_one(sock, buffer, method)
                        requests += 1
                        seen[status] = seen.get(status, 0) + 1
                        assert status is not None and (status == 303 or status >= 400), (app, method, path, upgrade, cookie_kind, status)
                        if buffer is None:
                            sock.close()
                            sock = None
                if sock:
                    sock.close()
    assert requests == len(upstreams) * len(PATHS) * len(METHODS) * len(UPGRADES) * len(cookies)
    assert {name: server.bytes for name, server in upstreams.items()} == dict.fromkeys(upstreams, 0), seen


def test_navigation_is_redirected_and_script_is_told(shared):
    nobody = shared.browser()
    page = nobody.request("GET", shared.url("wiki", "/a?b=c"))
    assert page.status == 303
    assert page.header("Location").startswith(shared.url("portal", "/.sekisho/"))
    assert "no-store" in page.header("Cache-Control", "")
    assert "b=c" not in page.header("Location"), "the wanted URL stays in the app host's own sealed cookie"
    script = nobody.request("GET", shared.url("wiki", "/a"), navigate=False, headers=[("Accept", "application/json")])
    assert script.status == 401 and "problem+json" in script.header("Content-Type")


def test_unknown_host_under_a_served_name_looks_the_same(shared, fresh_gateway):
    """Hosts that are served but carry no app are not told apart from apps (R26)."""
    def without_chat(sections):
        del sections["apps"]["chat"]
        for rule in sections["rules"]:
            effect = rule.get("allow") or rule.get("deny")
            effect["app"] = [a for a in effect["app"] if a != "chat"]

    gateway = fresh_gateway(without_chat)
    nobody = gateway.browser()
    served, app = nobody.request("GET", gateway.url("chat")), nobody.request("GET", gateway.url("wiki"))
    assert served.status == app.status == 303
    shape = lambda r: sorted(k.lower() for k, _ in r.headers)
    assert shape(served) == shape(app)
