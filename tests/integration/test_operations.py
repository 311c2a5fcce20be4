"""Goal: the people who run it can change it, watch it and stop it without anybody noticing.
Method: reloads under load, broken files, the ops listener, signals."""
import json
import signal
import socket
import threading
import time

import pytest

import gateway as gw
import sekisho_client as client


class Load:
    """Requests in a loop on keep-alive connections; counts answers and faults."""

    def __init__(self, gateway, cookie, threads=4):
        self.gateway, self.cookie, self.stopping = gateway, cookie, False
        self.good, self.bad = 0, []
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        connection = None
        while not self.stopping:
            try:
                connection = connection or client.PlainConnection("127.0.0.1", self.gateway.https, f"wiki.{gw.DOMAIN}", client.trusting(self.gateway.ca))
                connection.request("GET", "/load", headers={"Host": self.gateway.host("wiki"), "Cookie": self.cookie})
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.good += 1
                else:
                    self.bad.append(answer.status)
                if answer.will_close:
                    connection.close()
                    connection = None
            except Exception as error:  # noqa: BLE001 - any failed request counts
                self.bad.append(repr(error))
                connection = None

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(10)


def test_two_hundred_reloads_under_load(fresh_gateway):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    rooms = [client.WebSocket(browser, gateway.url("wiki", "/room")) for _ in range(5)]
    before = gateway.generation()
    load = Load(gateway, browser.jar.header(f"wiki.{gw.DOMAIN}", "/"))
    for number in range(200):
        gateway.setup.sections["apps"]["wiki"]["title"] = {"ja": f"手順 {number}", "en": f"Wiki {number}"}
        gateway.write_config()
        gateway.reload()
    load.stop()
    assert load.bad == [], load.bad[:5]
    assert load.good > 200
    assert gateway.generation() >= before + 200
    for number, room in enumerate(rooms):
        room.send(f"after {number}")
        assert room.receive() == (1, f"after {number}".encode())
        room.close()


def test_broken_file_changes_nothing_and_says_where(fresh_gateway):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    good, generation = gateway.setup.text(), gateway.generation()
    for broken in (good.replace('"wiki"', '"wikki"', 1), good.replace("rules:", "rulez:"), good.replace("...\n", "version: 1\n...\n"), good[: len(good) // 2], ""):
        gateway.write_config(broken)
        done = gateway.run_cli("reload", "--config", gateway.config)
        assert done.returncode != 0
        assert "sekisho.yaml:" in done.stdout + done.stderr
        assert browser.request("GET", gateway.url("wiki")).status == 200
    assert gateway.generation() == generation
    # The running gateway notices the broken file by itself and says so.
    deadline = time.monotonic() + 6
    while gateway.metric("sekisho_config_last_reload_successful") != 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    gateway.write_config(good)
    gateway.reload()
    assert gateway.metric("sekisho_config_last_reload_successful") == 1


def test_loosening_waits_for_a_word_and_tightening_does_not(fresh_gateway):
    """R14."""
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("suzuki"))
    rules = gateway.setup.sections["rules"]
    assert browser.go(gateway.url("ledger", "/book/")).status == 403
    rules.append({"id": "more", "allow": {"who": ["kind:staff"], "app": ["ledger"]}})
    gateway.write_config()
    time.sleep(3)
    assert browser.go(gateway.url("ledger", "/book/")).status == 403, "a loosening file took effect by itself"
    gateway.reload(accept=True)
    assert browser.go(gateway.url("ledger", "/book/")).status == 200
    rules.pop()
    gateway.write_config()
    deadline = time.monotonic() + 6
    while browser.go(gateway.url("ledger", "/book/")).status != 403:
        assert time.monotonic() < deadline, "a tightening file did not take effect by itself"
        time.sleep(0.2)


def test_what_a_new_configuration_includes_is_watched_too(fresh_gateway):
    """A file that came in by a change nobody asked to load is looked at as well when it changes."""
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    assert browser.go(gateway.url("wiki")).status == 200
    folder = gateway.folder / "more"
    folder.mkdir()
    extra = folder / "deny.yaml"
    extra.write_text('rules:\n  - {id: no-chat, deny: {who: any, app: chat}}\n...\n')

    def by_itself(app):
        deadline = time.monotonic() + 8
        while browser.go(gateway.url(app)).status == 200:
            assert time.monotonic() < deadline, f"{app}: a tightening file did not take effect by itself"
            time.sleep(0.2)

    gateway.setup.sections["include"] = ["more/*.yaml"]
    gateway.write_config()
    by_itself("chat")
    beside = folder / "deny.new"
    beside.write_text('rules:\n  - {id: no-chat, deny: {who: any, app: [chat, wiki]}}\n...\n')
    beside.rename(extra)
    by_itself("wiki")


def test_policy_change_ends_open_websockets(fresh_gateway):
    gateway = fresh_gateway()
    accounts = {name: gateway.add(name) for name in ("sato", "ishii")}
    rooms = {n: client.WebSocket(gateway.signed_in(a), gateway.url("wiki", "/room")) for n, a in accounts.items()}
    gateway.setup.sections["rules"][1]["allow"]["app"] = ["chat"]
    gateway.write_config()
    gateway.reload()
    spent = rooms["ishii"].wait_for_end(4)
    assert spent is not None and spent < 1.5
    rooms["sato"].send("still here")
    assert rooms["sato"].receive() == (1, b"still here")


def test_signal_reloads(fresh_gateway):
    gateway = fresh_gateway()
    before = gateway.generation()
    gateway.setup.sections["apps"]["wiki"]["title"] = {"ja": "手順", "en": "Manual"}
    gateway.write_config()
    gateway.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 5
    while gateway.generation() == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_graceful_stop_finishes_what_runs(fresh_gateway):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}", timeout=20) as sock:
        cookie = browser.jar.header(f"wiki.{gw.DOMAIN}", "/")
        sock.sendall(f"POST /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nContent-Length: 10\r\nCookie: {cookie}\r\n\r\nhello".encode())
        time.sleep(0.3)
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert client.fetch_plain(gateway.ops, "/readyz")[0] == 503
        sock.sendall(b"world")
        data = gw.read_all(sock, 5)
    assert data.startswith(b"HTTP/1.1 200") and b"helloworld" in data
    gateway.process.wait(20)


def test_ops_listener_serves_three_things_only(shared):
    for path, status in (("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404), ("/../etc/passwd", 404), ("/admin", 404)):
        got = client.fetch_plain(shared.ops, path)[0]
        assert got == status or (status == 404 and got == 400), path
    assert client.fetch_plain(shared.ops, "/metrics", host="evil.example")[0] in (403, 421)
    with socket.create_connection(("127.0.0.1", shared.ops), 5) as sock:
        sock.sendall(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{shared.ops}\r\nOrigin: https://wiki.{gw.DOMAIN}\r\nConnection: close\r\n\r\n".encode())
        assert b" 403 " in gw.read_all(sock, 2).split(b"\r\n")[0]
    for method in ("POST", "PUT", "DELETE"):
        with socket.create_connection(("127.0.0.1", shared.ops), 5) as sock:
            sock.sendall(f"{method} /metrics HTTP/1.1\r\nHost: 127.0.0.1:{shared.ops}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            assert b" 405 " in gw.read_all(sock, 2).split(b"\r\n")[0]


def test_metrics_move_and_name_nobody(shared, people, sato):
    before = shared.metrics()
    for _ in range(5):
        sato.request("GET", shared.url("wiki", "/count"))
    sato.request("GET", shared.url("wiki", "/secret/"))
    grown = lambda name, **labels: client.metric(after, name, **labels) - client.metric(before, name, **labels)
    # An exchange is recorded last, a moment after its answer arrived here.
    deadline = time.monotonic() + 2
    while True:
        after = shared.metrics()
        if grown("sekisho_requests_total", app="wiki") >= 6 or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert grown("sekisho_requests_total", app="wiki") == 6
    assert grown("sekisho_policy_decisions_total", app="wiki") == 6
    assert grown("sekisho_check_duration_seconds_count") >= 6
    text = client.fetch_plain(shared.ops, "/metrics")[1]
    for person in ("sato", "suzuki", "ishii", "mori", "127.0.0.2"):
        assert person not in text
    assert client.metric(after, "sekisho_connections_open") >= 1
    assert client.metric(after, "sekisho_certificate_expiry_timestamp_seconds") > time.time()


def test_one_access_line_per_exchange(shared, sato):
    marker = f"/logged-{time.time_ns()}"
    sato.request("GET", shared.url("wiki", marker + "?secret=1"))
    deadline = time.monotonic() + 3
    while True:
        found = [line for line in shared.lines if marker in line]
        if found or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    assert len(found) == 1
    entry = json.loads(found[0])
    assert "secret=1" not in found[0], "queries are not logged"
    assert entry["status"] == 200 and entry["app"] == "wiki"


def test_admin_socket_is_private(shared):
    path = shared.folder / "run" / "admin.sock"
    assert path.is_socket() and path.stat().st_mode & 0o077 == 0


def test_command_line_says_what_is_wrong(shared):
    for arguments in (["serve"], ["check", "--config", "/nowhere.yaml"], ["no-such-verb"], ["users", "add", "Not A Name", "--config", shared.config]):
        done = shared.run_cli(*arguments)
        assert done.returncode in (1, 2) and (done.stdout + done.stderr).strip(), arguments
    version = shared.run_cli("version")
    assert version.returncode == 0 and "0." in version.stdout
    for verb in ("init", "serve", "check", "users", "explain", "reload", "status", "audit", "version"):
        done = shared.run_cli(verb, "--help")
        assert done.returncode == 0 and "sekisho " + verb in done.stdout, verb


def test_status_is_one_screen(shared):
    screen = shared.cli("status")
    assert 3 <= len(screen.splitlines()) <= 40
    facts = json.loads(shared.cli("status", "--json"))
    assert isinstance(facts, dict) and facts


def test_second_gateway_on_the_same_data_is_refused(shared):
    done = shared.run_cli("serve", "--config", shared.config, timeout=20)
    assert done.returncode == 2
    assert done.stderr.strip() or done.stdout.strip()


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]"])
def test_builds_with_test_hooks_stay_on_loopback(ports, certs, address):
    """R7: the build with a settable clock never listens where others could reach it."""
    gateway = gw.Gateway(ports, certs, lambda s: s["listen"].update(https=[f"{address}:{gw.free_port()}"]))
    gateway.run_cli("init", "--dir", gateway.folder)
    done = gateway.run_cli("serve", "--config", gateway.config, timeout=20)
    assert done.returncode == 2
