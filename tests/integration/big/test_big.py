"""Goal: a gigabyte each way passes whole, and the gateway's memory hardly notices.
Method: the release build, one client, an upstream that makes or swallows bytes; resident size sampled throughout."""
import pathlib
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import gateway as gw  # noqa: E402
from upstreams import Upstream  # noqa: E402

GIB = 1 << 30
GROWTH_KIB = 16 * 1024


class Peak:
    """The largest resident size while the block ran."""

    def __init__(self, gateway):
        self.gateway, self.running = gateway, True
        self.first = self.largest = gateway.rss_kib()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while self.running:
            self.largest = max(self.largest, self.gateway.rss_kib())
            time.sleep(0.05)

    def growth(self):
        self.running = False
        self.thread.join()
        return self.largest - self.first


@pytest.fixture(scope="module")
def big(ports, certs):
    program = gw.ROOT / "build" / "release" / "sekisho"
    with gw.Gateway(ports, certs, program=program) as gateway:
        browser = gateway.signed_in(gateway.add("sato"))
        for _ in range(50):  # warm: pools, caches and buffers are what they will be
            browser.request("GET", gateway.url("wiki", "/warm"))
        yield gateway, browser


def test_gibibyte_down(big):
    gateway, browser = big
    peak = Peak(gateway)
    connection, answer = browser.request("GET", gateway.url("wiki", f"/big?{GIB}"), read=False)
    assert answer.status == 200
    buffer, total = bytearray(1 << 20), 0
    while True:
        size = answer.readinto(buffer)
        if not size:
            break
        total += size
    connection.close()
    assert total == GIB
    assert peak.growth() < GROWTH_KIB


def test_gibibyte_up(big):
    gateway, browser = big
    peak = Peak(gateway)
    with gateway.raw(f"wiki.{gw.DOMAIN}", timeout=120) as sock:
        cookie = browser.jar.header(f"wiki.{gw.DOMAIN}", "/")
        sock.sendall(f"POST /swallow HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nContent-Length: {GIB}\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n".encode())
        block = bytes(1 << 20)
        for _ in range(GIB >> 20):
            sock.sendall(block)
        data = gw.read_all(sock, 60)
    assert data.startswith(b"HTTP/1.1 200") and data.endswith(str(GIB).encode())
    assert peak.growth() < GROWTH_KIB


def test_reader_that_stops_holds_back_the_upstream(ports, certs):
    """Back-pressure: a client that does not read costs bounded memory, whatever the upstream sends."""
    sent = []

    def pour(connection):
        connection.request()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n")
        block = bytes(1 << 20)
        for number in range(GIB >> 20):
            connection.send(block)
            sent.append(number)

    server = Upstream(pour)
    program = gw.ROOT / "build" / "release" / "sekisho"
    with gw.Gateway(dict(ports, files=server.port), certs, program=program) as gateway:
        browser = gateway.signed_in(gateway.add("sato"))
        peak = Peak(gateway)
        page = browser.request("GET", gateway.url("files"), read=False)[1]
        hops = 0
        while page.status == 303 and hops < 8:
            target = page.getheader("Location")
            page = browser.request("GET", target, read=False)[1]
            hops += 1
        assert page.status == 200
        time.sleep(3)
        assert len(sent) < 64, "the upstream was read far ahead of the client"
        assert peak.growth() < GROWTH_KIB
        browser.close()
        gateway.process.terminate()
        gateway.process.wait(45)
    server.close()
