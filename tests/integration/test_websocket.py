"""Goal: a WebSocket passes whole after a validated 101, and only from an origin that is listed (R3)."""
import os

import pytest

import gateway as gw
import sekisho_client as client


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 300000])
def test_messages_of_every_length_form(shared, sato, size):
    socket = client.WebSocket(sato, shared.url("wiki", "/room"))
    assert socket.status == 101
    payload = os.urandom(size)
    socket.send(payload)
    assert socket.receive() == (2, payload)
    socket.close()


@pytest.mark.parametrize("origin", [
    "https://files.corp.example:{p}", "https://portal.corp.example:{p}", "https://evil.example", "http://wiki.corp.example:{p}",
    "https://wiki.corp.example", "https://wiki.corp.example:{p}.evil.example", "null", False])
def test_other_origins_are_refused(shared, sato, upstreams, origin):
    upstreams["wiki"].clear()
    origin = origin.format(p=shared.https) if origin else origin
    socket = client.WebSocket(sato, shared.url("wiki", "/room"), origin=origin)
    assert socket.status == 403
    assert upstreams["wiki"].bytes == 0
    socket.close()


def test_app_without_websocket_refuses(shared, people, upstreams):
    browser = shared.signed_in(people["sato"], "files")
    upstreams["files"].clear()
    socket = client.WebSocket(browser, shared.url("files", "/room"))
    assert socket.status in (400, 403, 426, 501)
    assert upstreams["files"].bytes == 0


def test_bytes_sent_before_the_101_are_not_tunnelled_blindly(shared, sato, upstreams):
    """An upstream that refuses the upgrade never sees what came behind it as a request."""
    upstreams["wiki"].clear()
    cookie = sato.jar.header(f"wiki.{gw.DOMAIN}", "/")
    shared.exchange_raw("wiki", f"GET /echo HTTP/1.1\r\nHost: {shared.host('wiki')}\r\nConnection: Upgrade\r\nUpgrade: tunnel/1\r\n"
                                f"Cookie: {cookie}\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", timeout=3)
    seen = [r.target for r in upstreams["wiki"].requests]
    assert seen == ["/echo"], seen


def test_sign_out_ends_open_websockets(shared, people):
    browser = shared.signed_in(people["mori"])
    socket = client.WebSocket(browser, shared.url("wiki", "/room"))
    assert socket.status == 101
    client.sign_out(browser, shared.url("portal"))
    spent = socket.wait_for_end(5)
    assert spent is not None and spent < 1.5
