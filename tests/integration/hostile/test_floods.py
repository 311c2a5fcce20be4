"""Goal: a flood costs the flooder; new clients notice nothing, and nothing of it stays (docs/hostile-peers.md).
Method: the real program under its default limits, thousands of connections held by another process, 200 probes by new
clients meanwhile; gateway and load on separate cores where there are two."""
import os
import pathlib
import subprocess
import sys
import time

import pytest

import gateway as gw
import sekisho_client as client

HERE = pathlib.Path(__file__).resolve().parent
MANY = int(os.environ.get("SEKISHO_FLOOD", "3000"))
PROBES = 200
FLOODS = {"idle": MANY, "half-open": MANY, "slow-head": MANY // 3, "slow-body": MANY // 6, "slow-read": MANY // 15}
ROWS = []


def pin(pid, core):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(task), {cores[core]})


@pytest.fixture(scope="module")
def flooded(ports, certs):
    with gw.Gateway(ports, certs, lambda s: s["limits"].update(workers=1), log_file=True) as running:
        running.sato = running.signed_in(running.add("sato"))
        pin(running.process.pid, 0)
        yield running
    table = os.environ.get("SEKISHO_FLOOD_TABLE")
    if table:
        pathlib.Path(table).write_text("| flood | connections | probes p50 | p99 | most | memory before, during, after |\n"
                                       "|---|---|---|---|---|---|\n" + "".join(ROWS))


def probe(gateway):
    began = time.monotonic()
    browser = gateway.browser()
    status = browser.request("GET", gateway.url("wiki")).status
    browser.close()
    assert status == 303
    return (time.monotonic() - began) * 1000


def standing(gateway):
    return gateway.metric("sekisho_process_open_fds"), gateway.rss_kib() // 1024, gateway.metric("sekisho_buffer_memory_bytes")


@pytest.mark.parametrize("kind", FLOODS)
def test_new_clients_notice_nothing(flooded, kind):
    for _ in range(20):
        probe(flooded)
    base = standing(flooded)
    host = flooded.host("wiki")
    cookie = f"Cookie: {flooded.sato.jar.header(f'wiki.{gw.DOMAIN}', '/')}\r\n"
    flood = subprocess.Popen([sys.executable, str(HERE / "flood.py"), kind, str(FLOODS[kind]), str(flooded.https), str(flooded.ca), host, cookie],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        pin(flood.pid, 1)
        assert flood.stdout.readline() == "ready\n"
        open_now = sum(flooded.metric("sekisho_connections_open", listener=name) or 0 for name in ("https", "http"))
        assert open_now >= FLOODS[kind] * 0.9, f"only {open_now} connections stand"
        times = sorted(probe(flooded) for _ in range(PROBES))
        during = standing(flooded)
    finally:
        flood.stdin.close()
        flood.wait(30)
    p50, p99 = times[PROBES // 2], times[PROBES * 99 // 100 - 1]
    deadline = time.monotonic() + 30
    after = standing(flooded)
    while time.monotonic() < deadline and (after[0] > base[0] + 5 or after[2] > base[2] + (1 << 20)):
        time.sleep(0.5)
        after = standing(flooded)
    ROWS.append(f"| {kind} | {FLOODS[kind]} | {p50:.1f} ms | {p99:.1f} ms | {times[-1]:.1f} ms | {base[1]}, {during[1]}, {after[1]} MiB |\n")
    assert p99 <= 250, f"{kind}: p99 {p99:.0f} ms"
    assert after[0] <= base[0] + 5, f"descriptors stay: {base[0]} before, {after[0]} after"
    assert after[2] <= base[2] + (1 << 20), f"buffers stay: {base[2]} before, {after[2]} after"
    assert during[1] - base[1] <= 64 * FLOODS[kind] / 1024 + 16, "a connection held more than 64 KiB"
    assert after[1] <= base[1] + max(32, (during[1] - base[1]) // 2), f"memory stays: {base[1]} before, {after[1]} MiB after"
