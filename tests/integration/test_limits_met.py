"""Goal: ops see which limit people run into, and what traffic holds. Method: meet each limit, read the metric."""
import socket
import time

import gateway as gw
from test_http import cookie_line


def until(true, seconds=3):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def met(gateway, limit):
    return gateway.metric("sekisho_limits_reached_total", limit=limit) or 0


def test_limits_that_were_met_are_counted(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(connections_per_address=20, form="4KiB", drain_timeout="0s"))
    host = gateway.host("portal")
    assert gw.statuses(gateway.exchange_raw("portal", f"GET / HTTP/1.1\r\nHost: {host}\r\nX: {'x' * 200000}\r\n\r\n")) == [431]
    assert gw.statuses(gateway.exchange_raw("portal", f"GET /{'x' * 20000} HTTP/1.1\r\nHost: {host}\r\n\r\n")) == [414]
    assert met(gateway, "head") == 1 and met(gateway, "target") == 1
    body = "x" * 10000
    answer = gateway.exchange_raw("portal", f"POST /.sekisho/sign-in HTTP/1.1\r\nHost: {host}\r\n"
                                            f"Content-Length: {len(body)}\r\n\r\n{body}")
    assert gw.statuses(answer) == [413] and met(gateway, "body") == 1

    held = [socket.create_connection(("127.0.0.1", gateway.https)) for _ in range(40)]
    assert until(lambda: met(gateway, "connections_per_address") >= 20)
    assert gateway.metric("sekisho_connections_refused_total", cause="address_limit") == met(gateway, "connections_per_address")
    for sock in held:
        sock.close()


def test_memory_of_traffic_and_the_last_reload_show(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["limits"].update(drain_timeout="0s"))
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}") as sock:
        # A client that reads nothing: what it is owed stands in the gateway.
        sock.sendall(f"GET /big?33554432 HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\n{cookie_line(browser)}\r\n".encode())
        assert until(lambda: gateway.metric("sekisho_buffer_memory_bytes") > 0)
    assert until(lambda: gateway.metric("sekisho_buffer_memory_bytes") == 0), "given back"
    before = gateway.metric("sekisho_config_last_reload_timestamp_seconds")
    gateway.reload()
    assert gateway.metric("sekisho_config_last_reload_timestamp_seconds") > before
