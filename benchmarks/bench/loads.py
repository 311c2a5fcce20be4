"""One run of load against one proxy: what it did, and what the proxy's CPU time was meanwhile."""
import dataclasses
import json
import re
import select
import subprocess
import time

from . import place as at


@dataclasses.dataclass
class Run:
    count: int             # requests, handshakes or messages that were answered as they should
    cpu: float             # seconds of the proxy's CPU, helpers included
    wall: float
    p50_us: float | None = None
    p99_us: float | None = None


def measured(proxy, command, seconds):
    """Runs a command on the load's core and takes the proxy's CPU time around it."""
    before, began = at.cpu_seconds(proxy.pids), time.monotonic()
    done = subprocess.run(at.pinned(at.LOAD_CPU, command), capture_output=True, text=True, timeout=seconds + 60)
    return done, at.cpu_seconds(proxy.pids) - before, time.monotonic() - began


def fault(proxy, done):
    return RuntimeError(f"{proxy.name}: {' '.join(map(str, done.args[3:6]))} ...\n{done.stdout[-1500:]}{done.stderr[-1500:]}")


def wrk(proxy, path, connections, seconds, script=None):
    command = [at.tool("wrk"), "-t", 1, "-c", connections, "-d", f"{seconds}s", "--timeout", "20s", "--latency"]
    if proxy.cookie:
        command += ["-H", f"Cookie: {proxy.cookie}"]
    if script:
        command += ["-s", script]
    done, cpu, wall = measured(proxy, [*command, f"https://localhost:{proxy.port}{path}"], seconds)
    count = re.search(r"(\d+) requests in", done.stdout)
    if not count or not int(count[1]) or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise fault(proxy, done)
    return Run(int(count[1]), cpu, wall, *(microseconds(done.stdout, part) for part in ("50%", "99%")))


def microseconds(text, part):
    found = re.search(rf"^\s+{part}\s+([\d.]+)(us|ms|s)\s*$", text, re.M)
    return float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[found[2]] if found else None


def h2load(proxy, path, clients, streams, seconds):
    command = [at.tool("h2load"), "-c", clients, "-m", streams, "-D", seconds, "-t", 1]
    if proxy.cookie:
        command += ["-H", f"cookie: {proxy.cookie}"]
    done, cpu, wall = measured(proxy, [*command, f"https://localhost:{proxy.port}{path}"], seconds)
    counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", done.stdout)
    good = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", done.stdout)
    if not counts or not good or not int(counts[2]) or "protocol: h2" not in done.stdout.lower():
        raise fault(proxy, done)
    return Run(int(counts[2]), cpu, wall)


def own(place, proxy, mode, connections, seconds, path="/1k", **more):
    """benchmarks/load/load.cpp: handshakes, fixed rates, WebSocket."""
    command = [place.load, mode, "--port", proxy.port, "--host", "localhost", "--path", path, "--connections", connections, "--seconds", seconds,
               "--origin", proxy.origin]
    if proxy.cookie:
        command += ["--cookie", proxy.cookie]
    for name, value in more.items():
        command += [f"--{name}", value]
    done, cpu, wall = measured(proxy, command, seconds)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise fault(proxy, done) from None
    if not found["requests"] or found["errors"] > found["requests"] / 100:
        raise fault(proxy, done)
    return Run(found["requests"], cpu, wall, found["p50_us"], found["p99_us"])


def kib_per_connection(place, proxy, connections):
    """Memory that `connections` idle TLS connections add, each after one request."""
    # A few first: what the process allocates once is not a connection's.
    for count in (50, connections):
        before = at.memory_kib(proxy.pids)
        command = [place.load, "hold", "--port", proxy.port, "--host", "localhost", "--connections", count]
        if proxy.cookie:
            command += ["--cookie", proxy.cookie]
        holder = subprocess.Popen(at.pinned(at.LOAD_CPU, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            if not select.select([holder.stdout], [], [], 120)[0] or holder.stdout.readline() != "held\n":
                raise RuntimeError(f"{proxy.name}: {count} connections could not be opened")
            time.sleep(1)
            grown = at.memory_kib(proxy.pids) - before
        finally:
            holder.stdin.close()
            holder.wait(30)
    return grown / connections
