"""The scenarios: which proxies meet which load, and which figure counts. SCENARIOS.md says why."""
import dataclasses
import os
import resource
from collections.abc import Callable

from . import loads
from .proxies import speaks_http2

TEN_MIB = 10 << 20
CPU = "us CPU per request"
MOVED = "MB per CPU second"


@dataclasses.dataclass
class Scenario:
    key: str
    title: str
    unit: str
    proxies: Callable  # (peers, gateways) to [Proxy]
    run: Callable      # (bench, proxy, seconds) to Run; or a figure
    figure: Callable = lambda run: run.cpu / run.count * 1e6
    base: str = "nginx"
    more_is_better: bool = False
    once: bool = False  # each proxy is measured on a fresh process, one after another


def wrk_script(bench, name, text):
    file = bench.place.folder / f"{name}.lua"
    if not file.exists():
        file.write_text(text)
    return file


def three(peers, gateways):
    return [peers.nginx(), peers.haproxy(), gateways.sekisho()]


def three_and_tuned(peers, gateways):
    return [*three(peers, gateways), peers.nginx_bulk(), peers.haproxy_bulk()]


def authenticated(peers, gateways):
    return [peers.nginx(), peers.nginx_auth(), peers.haproxy(), peers.haproxy_jwt(), gateways.sekisho()]


def with_critical(peers, gateways):
    return [*three(peers, gateways), gateways.sekisho_critical()]


def http2(peers, gateways):
    found = three(peers, gateways)
    for proxy in [p for p in found if not speaks_http2(p)]:
        print(f"      S2: {proxy.name} does not agree on h2 (ALPN) and is left out", flush=True)
        found.remove(proxy)
    return found


def routes(peers, gateways):
    few, many = 10, 10_000
    return [peers.nginx_routes(few), peers.nginx_routes(many), peers.haproxy_routes(few), peers.haproxy_routes(many),
            gateways.sekisho_routes(few), gateways.sekisho_routes(many)]


def route_load(bench, proxy, seconds):
    count = int(proxy.name.split(", ")[1].split()[0])
    script = wrk_script(bench, f"routes-{count}", f"math.randomseed(7)\nrequest = function() return wrk.format(nil, '/a' .. math.random(0, {count - 1}) .. '/1k') end\n")
    return loads.wrk(proxy, "/a0/1k", 64, seconds, script)


def upload(bench, proxy, seconds):
    script = wrk_script(bench, "upload", f"wrk.method = 'POST'\nwrk.body = string.rep('u', {TEN_MIB})\n")
    return loads.wrk(proxy, "/sink", 8, seconds, script)


def held(count):
    def run(bench, proxy, seconds):
        del seconds
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit < 2 * count:
            raise RuntimeError(f"S6 needs {2 * count} descriptors, the limit is {limit}: raise it with ulimit -n")
        return loads.kib_per_connection(bench.place, proxy, count)
    return run


def keep_alive(bench, proxy, seconds):
    del bench
    return loads.wrk(proxy, "/1k", 64, seconds)


IDLE = int(os.environ.get("SEKISHO_BENCH_IDLE", "5000"))
SCENARIOS = {s.key: s for s in (
    Scenario("S1", "HTTP/1.1 keep-alive, 1 KiB answers, 64 connections", CPU, with_critical, keep_alive),
    Scenario("S2", "HTTP/2, 1 KiB answers, 16 connections with 10 streams each", CPU, http2,
             lambda bench, proxy, seconds: loads.h2load(proxy, "/1k", 16, 10, seconds)),
    Scenario("S3", "a full TLS 1.3 handshake and one request per connection, 64 at a time", CPU, three,
             lambda bench, proxy, seconds: loads.own(bench.place, proxy, "close", 64, seconds)),
    Scenario("S3r", "a resumed TLS 1.3 handshake and one request per connection, 64 at a time", CPU, three,
             lambda bench, proxy, seconds: loads.own(bench.place, proxy, "resume", 64, seconds)),
    Scenario("S4", "10 MiB down, 8 connections", MOVED, three_and_tuned,
             lambda bench, proxy, seconds: loads.wrk(proxy, "/10m", 8, seconds),
             lambda run: run.count * TEN_MIB / 1e6 / run.cpu, "nginx tuned", True),
    Scenario("S5", "10 MiB up, 8 connections", MOVED, three_and_tuned, upload,
             lambda run: run.count * TEN_MIB / 1e6 / run.cpu, "nginx tuned", True),
    Scenario("S6", f"memory per idle TLS connection, {IDLE} of them, one request each first", "KiB per connection", three, held(IDLE),
             lambda kib: kib, once=True),
    Scenario("S7", "as S1, with proof of who asks checked on each request", CPU, authenticated, keep_alive, base="nginx + auth_request"),
    Scenario("S8a", "8,000 requests/s, open loop, latency from the time each was due", CPU, three,
             lambda bench, proxy, seconds: loads.own(bench.place, proxy, "rate", 64, seconds, rate=8000)),
    Scenario("S8b", "30,000 requests/s, open loop, latency from the time each was due", CPU, three,
             lambda bench, proxy, seconds: loads.own(bench.place, proxy, "rate", 64, seconds, rate=30000)),
    Scenario("S10a", "WebSocket, 64 B echoed, 64 connections", "us CPU per message and its echo", three,
             lambda bench, proxy, seconds: loads.own(bench.place, proxy, "websocket", 64, seconds, path="/room", size=64)),
    Scenario("S10b", "WebSocket, 64 KiB echoed, 16 connections", MOVED + ", both ways", three,
             lambda bench, proxy, seconds: loads.own(bench.place, proxy, "websocket", 16, seconds, path="/room", size=65536),
             lambda run: run.count * 2 * 65536 / 1e6 / run.cpu, more_is_better=True),
    Scenario("S11", "10 and 10,000 routes and rules, a random one each time, 64 connections", CPU, routes, route_load, base="nginx, 10 routes"),
)}


def chosen(text):
    """Scenarios by key; S8 and S10 name both of theirs."""
    found = []
    for word in text.split(","):
        keys = [key for key in SCENARIOS if key == word or key.rstrip("ab") == word]
        if not keys:
            raise SystemExit(f"'{word}' is not a scenario; there are {', '.join(SCENARIOS)}.")
        found += [SCENARIOS[key] for key in keys]
    return found
