"""Goal: large bodies pass over HTTP/2 in flat memory, and floods leave none behind.
Method: the release build, whose resident size is its own; one raw client."""
import pathlib
import struct
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from http2_client import WINDOW, Connection, frame  # noqa: E402
from test_http2 import FLOODS, flood  # noqa: E402


def test_a_big_body_comes_down_whole_in_flat_memory(shared, sato):
    memory, size = shared.rss_kib(), 256 << 20
    with Connection(shared, "wiki", settings=[(4, 1 << 20)], keep=False, timeout=60) as wire:
        wire.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 20)))
        number = wire.request(sato, path=f"/big?{size}")
        answer = wire.wait(number, 120)
        assert answer.received == size and answer.ended
    assert shared.rss_kib() - memory < 24 << 10


def test_a_big_body_goes_up_whole_in_flat_memory(shared, sato):
    memory, size = shared.rss_kib(), 64 << 20
    with Connection(shared, "wiki", timeout=60) as wire:
        wire.until(lambda: 4 in wire.settings)
        number = wire.open(wire.fields(sato, "POST", "/swallow", [("content-length", str(size))]), ends=False)
        assert wire.upload(number, bytes(size), timeout=120)
        answer = wire.wait(number, 60)
        assert bytes(answer.body) == str(size).encode()
    assert shared.rss_kib() - memory < 24 << 10


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_leaves_no_memory_behind(shared, sato, name):
    with Connection(shared, "wiki") as wire:
        assert wire.get(sato, "/echo").status == 200
    memory = shared.rss_kib()
    with Connection(shared, "wiki") as wire:
        assert flood(wire, FLOODS[name](wire, sato)), "the connection is closed"
    assert shared.rss_kib() - memory < 32 << 10
