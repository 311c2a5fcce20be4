#!/usr/bin/python3
"""CPU per request beside nginx and HAProxy, each set up as an expert would. See SCENARIOS.md.

    ./dev bench [--rounds N] [--seconds S] [--only S1,S4] [--proxies sekisho,nginx,haproxy]

Every proxy gets one worker on one core; load and upstream share another. Rounds are interleaved, so that
a noisy neighbour hits all alike; what counts is CPU time from the kernel's scheduler clock, and ratios.
"""
import argparse
import datetime
import os
import pathlib
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ["SEKISHO_TEST_DOMAIN"] = "localhost"
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import gateway as gw  # noqa: E402
import sekisho_client as client  # noqa: E402

PROXY_CPU, LOAD_CPU = ("0", "1") if (os.cpu_count() or 1) > 1 else ("0", "0")
SCENARIOS = {
    "S1": {"title": "HTTP/1.1 keep-alive, 1 KiB answers, 64 connections", "path": "/1k", "connections": 64, "unit": "us CPU per request"},
    "S4": {"title": "10 MiB answers, 8 connections", "path": "/10m", "connections": 8, "unit": "MB per CPU second"},
}
TEN_MIB = 10 << 20

UPSTREAM = """
daemon off; worker_processes 1; pid {folder}/upstream.pid; error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/ub; proxy_temp_path {folder}/up; fastcgi_temp_path {folder}/uf; uwsgi_temp_path {folder}/uu; scgi_temp_path {folder}/us;
  open_file_cache max=10;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; default_type text/plain; }}
}}
"""
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 75s; tcp_nodelay on;
  client_body_temp_path {folder}/nb; proxy_temp_path {folder}/np; fastcgi_temp_path {folder}/nf; uwsgi_temp_path {folder}/nu; scgi_temp_path {folder}/ns;
  ssl_certificate {certs}/localhost.pem; ssl_certificate_key {certs}/localhost.key;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:10m; ssl_session_tickets on;
  upstream app {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} ssl; server_name localhost;
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https;
      {bulk}
    }}
  }}
}}
"""
NGINX_BULK = "proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0;"
HAPROXY = """
global
  nbthread 1
  maxconn 4096
  ssl-default-bind-options ssl-min-ver TLSv1.2
  tune.ssl.default-dh-param 2048
  {bulk}
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  option http-keep-alive
  http-reuse always
frontend in
  bind 127.0.0.1:{port} ssl crt {folder}/haproxy.pem
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  default_backend app
backend app
  server one 127.0.0.1:{upstream} maxconn 1024 pool-max-conn 256
"""


def pinned(cpu, command):
    return ["taskset", "-c", cpu, *map(str, command)]


def descendants(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


def cpu_seconds(pid):
    """CPU time of a process, its threads and its children, from the scheduler's nanosecond clock."""
    total = 0
    for each in descendants(pid):
        for stat in pathlib.Path(f"/proc/{each}/task").glob("*/schedstat"):
            try:
                total += int(stat.read_text().split()[0])
            except (OSError, IndexError):
                continue
    return total / 1e9


class Proxy:
    def __init__(self, name, port, pid, cookie=""):
        self.name, self.port, self.pid, self.cookie = name, port, pid, cookie


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.processes, self.gateway = options, folder, [], None
        self.certs = folder / "certs"
        subprocess.run([ROOT / "docker/demo/pki.sh", self.certs, "localhost", *gw.HOSTS, "localhost"], check=True, capture_output=True)
        www = folder / "www"
        www.mkdir()
        (www / "1k").write_bytes(b"x" * 1024)
        (www / "10m").write_bytes(secrets.token_bytes(1 << 20) * 10)
        self.upstream = self.run_nginx("upstream", UPSTREAM, LOAD_CPU)[0]

    def spawn(self, cpu, command):
        process = subprocess.Popen(pinned(cpu, command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def run_nginx(self, name, template, cpu, bulk=""):
        port = gw.free_port()
        config = self.folder / f"{name}.conf"
        config.write_text(template.format(folder=self.folder, certs=self.certs, port=port, upstream=getattr(self, "upstream", 0), bulk=bulk))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        process = self.spawn(cpu, [program, "-e", "stderr", "-p", self.folder, "-c", config])
        return port, process.pid

    def nginx(self, bulk=False):
        name = "nginx bulk" if bulk else "nginx"
        port, pid = self.run_nginx(name.replace(" ", "-"), NGINX.replace("/nginx.pid", f"/{name.replace(' ', '-')}.pid"), PROXY_CPU, NGINX_BULK if bulk else "")
        return Proxy(name, port, pid)

    def haproxy(self, bulk=False):
        port = gw.free_port()
        (self.folder / "haproxy.pem").write_bytes((self.certs / "localhost.pem").read_bytes() + (self.certs / "localhost.key").read_bytes())
        config = self.folder / f"haproxy{'-bulk' if bulk else ''}.cfg"
        config.write_text(HAPROXY.format(folder=self.folder, port=port, upstream=self.upstream, bulk="tune.bufsize 65536" if bulk else ""))
        process = self.spawn(PROXY_CPU, [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", config])
        return Proxy("HAProxy bulk" if bulk else "HAProxy", port, process.pid)

    def sekisho(self):
        """Everything on: session check, policy, metrics, access log, assertion, audit."""
        def change(sections):
            sections["limits"]["workers"] = 1
            sections["apps"]["wiki"].update(host="localhost", websocket=False)
            sections["tls"]["certificates"].append({"chain": f"{self.certs}/localhost.pem", "key": f"{self.certs}/localhost.key"})

        ports = {name: self.upstream for name in ("wiki", "files", "chat", "ledger")}
        self.gateway = gw.Gateway(ports, self.certs, change, program=self.options.binary, log_file=True)
        self.gateway.start()
        account = self.gateway.add("sato")
        browser = self.gateway.browser()
        page = client.sign_in(browser, account, f"https://localhost:{self.gateway.https}/1k")
        assert page.status == 200, page
        subprocess.run(["taskset", "-a", "-cp", PROXY_CPU, str(self.gateway.process.pid)], check=True, capture_output=True)
        return Proxy("sekisho", self.gateway.https, self.gateway.process.pid, browser.jar.header("localhost", "/"))

    def close(self):
        if self.gateway:
            self.gateway.stop()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def load(proxy, scenario, seconds):
    """Runs wrk once: (requests, seconds of proxy CPU, seconds of wall time)."""
    command = ["wrk", "-t", "1", "-c", str(scenario["connections"]), "-d", f"{seconds}s", "--timeout", "20s"]
    if proxy.cookie:
        command += ["-H", f"Cookie: {proxy.cookie}"]
    before, began = cpu_seconds(proxy.pid), time.monotonic()
    done = subprocess.run(pinned(LOAD_CPU, [*command, f"https://localhost:{proxy.port}{scenario['path']}"]), capture_output=True, text=True)
    spent, wall = cpu_seconds(proxy.pid) - before, time.monotonic() - began
    count = re.search(r"(\d+) requests in", done.stdout)
    if not count or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"{proxy.name}: {done.stdout}{done.stderr}")
    return int(count[1]), spent, wall


def figure(scenario, requests, spent):
    return spent / requests * 1e6 if scenario == "S1" else requests * TEN_MIB / 1e6 / spent


def measure(bench, options):
    """{scenario: {proxy name: [figures]}} over interleaved rounds."""
    makers = {"nginx": bench.nginx, "haproxy": bench.haproxy, "sekisho": bench.sekisho}
    proxies = [makers[name]() for name in options.proxies.split(",")]
    time.sleep(1)
    results = {}
    for key in options.only.split(","):
        group = list(proxies)
        if key == "S4" and not options.plain:
            group += [bench.nginx(bulk=True), bench.haproxy(bulk=True)]
            time.sleep(1)
        found = results.setdefault(key, {p.name: [] for p in group})
        for proxy in group:
            load(proxy, SCENARIOS[key], 1)
        for number in range(options.rounds):
            # Each round begins with another proxy.
            for proxy in group[number % len(group):] + group[:number % len(group)]:
                requests, spent, wall = load(proxy, SCENARIOS[key], options.seconds)
                found[proxy.name].append((figure(key, requests, spent), requests / wall, spent / wall))
                print(f"      {key} round {number + 1}: {proxy.name:13} {found[proxy.name][-1][0]:9.2f} {SCENARIOS[key]['unit']}", flush=True)
    return results


def spread(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} [{form.format(min(values))}-{form.format(max(values))}]"


def table(key, found):
    base = statistics.median(v[0] for v in found["nginx"]) if "nginx" in found else None
    lines = [f"### {key}: {SCENARIOS[key]['title']}", "", f"| proxy | n | {SCENARIOS[key]['unit']} | ratio to nginx | requests/s | core busy |", "|---|---|---|---|---|---|"]
    for name, values in found.items():
        figures = [v[0] for v in values]
        ratio = f"{statistics.median(figures) / base:.2f}" if base else "-"
        lines.append(f"| {name} | {len(values)} | {spread(figures)} | {ratio} | {spread([v[1] for v in values], '{:.0f}')} | {spread([v[2] for v in values])} |")
    return "\n".join(lines) + "\n"


def version_of(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} x {cpu[1] if cpu else 'unknown CPU'}, Linux {os.uname().release.split('-')[0]}"


def report(results, options):
    release = re.search(r'PRETTY_NAME="([^"]+)"', pathlib.Path("/etc/os-release").read_text())[1]
    versions = [version_of(["openssl", "version"]), version_of([shutil.which("nginx") or "/usr/sbin/nginx", "-v"]), version_of([shutil.which("haproxy") or "/usr/sbin/haproxy", "-v"])]
    head = f"""# Results

Written by `./dev bench`; what is measured and how stands in [SCENARIOS.md](SCENARIOS.md).

- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC
- machine: {machine()}; {release}
- commit: {options.commit}
- command: `./dev bench --rounds {options.rounds} --seconds {options.seconds} --only {options.only}`
- versions: {'; '.join(versions)}

Lower is better for S1, higher for S4. Median [least-most] of interleaved rounds. nginx and HAProxy check
nothing; sekisho checks session and policy, signs an assertion, counts, and writes an access line for each request.

"""
    (ROOT / "benchmarks" / "RESULTS.md").write_text(head + "\n".join(table(k, v) for k, v in results.items()))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--binary", default=str(ROOT / "build/release/sekisho"), help=argparse.SUPPRESS)
    parser.add_argument("--commit", default="unknown", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", default="S1,S4")
    parser.add_argument("--proxies", default="nginx,haproxy,sekisho")
    parser.add_argument("--plain", action="store_true", help="leave the tuned variants of S4 out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as folder:
        # nginx started as root serves as another user, who must be able to read the files.
        os.chmod(folder, 0o755)
        bench = Bench(options, pathlib.Path(folder))
        try:
            results = measure(bench, options)
        finally:
            bench.close()
    report(results, options)
    for key, found in results.items():
        print("\n" + table(key, found))


if __name__ == "__main__":
    main()
