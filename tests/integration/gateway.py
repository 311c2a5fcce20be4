"""Starts the real binary on ports given by the kernel, with a configuration made for the test."""
import json
import math
import os
import pathlib
import queue
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import datetime

import sekisho_client as client

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOMAIN = os.environ.get("SEKISHO_TEST_DOMAIN", "corp.example")
HOSTS = [f"{name}.{DOMAIN}" for name in ("portal", "wiki", "files", "chat", "ledger")]


def sanitized():
    """The program under test is a build with AddressSanitizer."""
    return b"__asan_init" in binary().read_bytes()


def binary():
    named = os.environ.get("SEKISHO_BINARY")
    if named:
        return pathlib.Path(named)
    for preset in ("asan", "dev", "release"):
        path = ROOT / "build" / preset / "sekisho"
        if path.exists():
            return path
    raise RuntimeError("no gateway has been built: ./dev build asan, or set SEKISHO_BINARY")


def free_port(address="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def quoted(value):
    """YAML flow style is close enough to JSON for everything the tests write."""
    return json.dumps(value, ensure_ascii=False, default=str)


class Setup:
    """The configuration of a test gateway as data; tests change what they are about."""

    def __init__(self, upstreams, certs, **ports):
        self.certs, self.ports = certs, ports
        today = datetime.datetime.now(datetime.timezone.utc).date()
        both = lambda ja, en: {"ja": ja, "en": en}
        url = lambda name: {"url": f"http://127.0.0.1:{upstreams[name]}"}
        self.sections = {
            "version": 1,
            "timezone": "Asia/Tokyo",
            "listen": {"https": [f"127.0.0.1:{ports['https']}"], "http_redirect": [f"127.0.0.1:{ports['redirect']}"]},
            "portal": {"url": f"https://portal.{DOMAIN}:{ports['https']}", "organisation": both("見本銀行", "Mihon Bank"),
                       "help": both("ヘルプデスク", "Help desk"), "hsts": True},
            "tls": {"certificates": [{"chain": f"{certs}/{h}.pem", "key": f"{certs}/{h}.key"} for h in HOSTS]},
            "ops": {"listen": f"127.0.0.1:{ports['ops']}", "admin_socket": "run/admin.sock"},
            "store": {"data": "data", "master_key": {"file": "master.key"}},
            "audit": {"directory": "data/audit", "checkpoints": "checkpoints.log"},
            "limits": {"workers": 2},
            "networks": {"here": ["127.0.0.0/8"]},
            "groups": {"finance": both("財務", "Finance"), "aoba-dev": both("青葉 開発", "Aoba dev")},
            "people": {
                "sato": {"kind": "staff", "groups": ["finance"], "name": both("佐藤 健", "Ken Sato")},
                "suzuki": {"kind": "staff", "name": both("鈴木 美咲", "Misaki Suzuki")},
                "ishii": {"kind": "contractor", "org": "aoba", "groups": ["aoba-dev"], "name": both("石井 遥", "Haruka Ishii")},
                "mori": {"kind": "ops", "name": both("森 大輔", "Daisuke Mori")},
            },
            "orgs": {"aoba": {"name": both("青葉システム", "Aoba Systems"), "sponsor": "sato", "timezone": "Asia/Tokyo",
                              "contract": {"from": today - datetime.timedelta(days=30), "to": today + datetime.timedelta(days=30)}}},
            "tiers": {"critical": 3, "important": 2, "general": 1},
            "upstreams": {name: url(name) for name in upstreams},
            "apps": {
                "wiki": self.app("wiki", websocket=True),
                "files": self.app("files", tier="important"),
                "chat": self.app("chat", websocket=True),
                "ledger": self.app("ledger", tier="critical", listed=True),
            },
            "rules": [
                {"id": "staff", "allow": {"who": ["kind:staff", "kind:ops"], "app": ["wiki", "files", "chat"]}},
                {"id": "aoba", "allow": {"who": ["group:aoba-dev"], "app": ["wiki", "chat"]}},
                {"id": "ledger-finance", "allow": {"who": ["group:finance"], "app": ["ledger"], "methods": ["GET", "HEAD"],
                                                   "paths": ["/book/"], "if": [{"mfa": {"strength": "otp", "max_age": "12h"}}]}},
                {"id": "no-secret", "deny": {"who": ["any"], "app": ["wiki"], "paths": ["/secret/"]}},
            ],
        }

    def app(self, name, tier="general", **more):
        return {"title": {"ja": name, "en": name}, "host": f"{name}.{DOMAIN}", "upstream": name, "tier": tier, **more}

    def text(self):
        return "".join(f"{key}: {quoted(value)}\n" for key, value in self.sections.items()) + "...\n"


class Gateway:
    """A running gateway in a folder of its own; stop() checks that it went quietly."""

    def __init__(self, upstreams, certs, change=None, program=None, log_file=False, environment=None, ready_seconds=30):
        self.environment, self.ready_seconds = environment or {}, ready_seconds
        self.program = pathlib.Path(program or binary())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-test-"))
        (self.folder / "run").mkdir()
        self.https, self.ops, self.redirect = free_port(), free_port(), free_port()
        self.ca = certs / "ca.pem"
        self.config = self.folder / "sekisho.yaml"
        self.setup = Setup(upstreams, certs, https=self.https, ops=self.ops, redirect=self.redirect)
        if change:
            change(self.setup.sections)
        self.shift_seconds, self.log_file = 0.0, log_file
        self.lines, self.process = [], None
        self.write_config()

    # -- configuration and commands
    def write_config(self, text=None):
        beside = self.config.with_suffix(".new")
        beside.write_text(text if text is not None else self.setup.text())
        beside.rename(self.config)

    def run_cli(self, *arguments, timeout=60):
        return subprocess.run([str(self.program), *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout)

    def cli(self, *arguments):
        done = self.run_cli(*arguments, "--config", self.config)
        assert done.returncode == 0, f"sekisho {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    # -- life
    def start(self):
        if not (self.folder / "master.key").exists():
            done = self.run_cli("init", "--dir", self.folder)
            assert done.returncode == 0, done.stdout + done.stderr
        # A preloaded library comes before the sanitizer's runtime, which only that option lets pass.
        order = ":verify_asan_link_order=0" if "LD_PRELOAD" in self.environment else ""
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99" + order,
                           UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1", TSAN_OPTIONS="halt_on_error=1:exitcode=98", **self.environment)
        self.errors = open(self.folder / "stderr.log", "wb+")
        out = open(self.folder / "stdout.log", "wb") if self.log_file else subprocess.PIPE
        self.process = subprocess.Popen([str(self.program), "serve", "--config", str(self.config)], stdout=out,
                                        stderr=self.errors, stdin=subprocess.DEVNULL, env=environment)
        if self.log_file:
            self._wait_for_readyz()
            return self
        ready = queue.Queue()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        try:
            assert ready.get(timeout=40), "no ready line"
        except (queue.Empty, AssertionError):
            words = self.stderr() + "".join(self.lines[-20:])
            self.process.kill()
            raise AssertionError(f"the gateway did not start:\n{words}") from None
        return self

    def _wait_for_readyz(self):
        """For benchmarks: nobody reads the log, so readiness is asked for."""
        for _ in range(self.ready_seconds * 10):
            assert self.process.poll() is None, self.stderr()
            try:
                if client.fetch_plain(self.ops, "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"the gateway did not become ready within {self.ready_seconds} s")

    def _read(self, ready):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace")
            if len(self.lines) < 200000:
                self.lines.append(line)
            if '"ready"' in line:
                ready.put(True)
        ready.put(False)

    def stderr(self):
        return (self.folder / "stderr.log").read_text(errors="replace")[-6000:]

    def stop(self, expect=0):
        if not self.folder.exists():
            return  # a test stopped it already
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(45)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the gateway did not stop within 45 s") from None
        code = self.process.returncode if self.process else 0
        words = self.stderr()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert code == expect, f"the gateway ended with {code}:\n{words}"
        assert "Sanitizer" not in words, words

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            try:
                self.stop()
            except AssertionError as error:
                print(error)

    # -- looking at it
    def url(self, app, path="/"):
        return f"https://{app}.{DOMAIN}:{self.https}{path}"

    def host(self, app):
        return f"{app}.{DOMAIN}:{self.https}"

    def browser(self, **more):
        return client.Browser(self.https, self.ca, **more)

    def metrics(self):
        status, text = client.fetch_plain(self.ops, "/metrics")
        assert status == 200
        return client.parse_metrics(text)

    def metric(self, name, **labels):
        return client.metric(self.metrics(), name, **labels)

    def log(self, **wanted):
        found = []
        for line in list(self.lines):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if all(entry.get(k) == v for k, v in wanted.items()):
                found.append(entry)
        return found

    def rss_kib(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def reload(self, accept=False):
        return self.cli("reload", *(["--accept"] if accept else []))

    def generation(self):
        return self.metric("sekisho_config_generation")

    # -- time (builds with SEKISHO_TEST_HOOKS)
    def shift(self, seconds):
        """Moves the gateway's clock to `seconds` ahead of the machine's."""
        self.shift_seconds = math.ceil(seconds)
        self.cli("test-clock", "--shift", self.shift_seconds)

    # -- people
    def add(self, name):
        link = json.loads(self.cli("users", "add", name, "--json"))["link"]
        browser = self.browser()
        account = client.activate(browser, link, name, "correct " + secrets.token_hex(8), lambda: self.shift_seconds)
        browser.close()
        return account

    def signed_in(self, account, app="wiki", path="/", **more):
        browser = self.browser(**more)
        client.sign_in(browser, account, self.url(app, path))
        return browser

    # -- raw bytes
    def raw(self, host, timeout=10, server_name=None, version=None):
        context = client.trusting(self.ca)
        if version:
            context.minimum_version = context.maximum_version = version
        sock = socket.create_connection(("127.0.0.1", self.https), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(sock, server_hostname=server_name or host)

    def exchange_raw(self, app, data, cookie=None, timeout=10, until_close=True):
        """Sends bytes as they are and reads until the gateway closes or falls silent."""
        host = f"{app}.{DOMAIN}"
        with self.raw(host, timeout) as sock:
            sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
            return read_all(sock, timeout)


def read_all(sock, timeout=5):
    sock.settimeout(timeout)
    data = b""
    try:
        while True:
            part = sock.recv(65536)
            if not part:
                return data
            data += part
    except (socket.timeout, ssl.SSLError, ConnectionError, OSError):
        return data


def statuses(data):
    """The status of every response in a stream of raw bytes (bodies with Content-Length only)."""
    found = []
    while True:
        match = re.match(rb"HTTP/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n", data, re.S)
        if not match:
            return found
        found.append(int(match[1]))
        length = re.search(rb"^content-length:\s*(\d+)", match[2], re.I | re.M)
        data = data[match.end() + (int(length[1]) if length else 0):]
