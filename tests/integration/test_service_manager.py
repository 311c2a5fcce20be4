"""Goal: the gateway is a good service: it takes the ports it is given, says when it is ready, alive and stopping, and a
restart behind given ports refuses nobody. Method: this test is the service manager."""
import fcntl
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import gateway as gw
import sekisho_client as client


class Manager:
    """Opens the ports and listens for notifications, as systemd does."""

    def __init__(self, tmp_path, ports):
        self.sockets = [self.listening(port) for port in ports]
        self.words = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.words.bind(str(tmp_path / "notify"))
        self.words.settimeout(30)
        self.address = str(tmp_path / "notify")

    @staticmethod
    def listening(port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(64)
        return sock

    def start(self, gateway, **more):
        """The shell puts its own number, which exec keeps, into LISTEN_PID."""
        high = [fcntl.fcntl(sock, fcntl.F_DUPFD, 200) for sock in self.sockets]
        moves = " ".join(f"{3 + i}<&{fd} {fd}<&-" for i, fd in enumerate(high))
        script = f'export LISTEN_PID=$$; exec "$0" "$@" {moves}'
        environment = dict(os.environ, NOTIFY_SOCKET=self.address, LISTEN_FDS=str(len(high)), **more)
        try:
            return subprocess.Popen(["bash", "-c", script, str(gateway.program), "serve", "--config", str(gateway.config)], pass_fds=high,
                                    env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        finally:
            for fd in high:
                os.close(fd)

    def hear(self, wanted, seconds=40):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            said = self.words.recv(4096).decode()
            if said.startswith(wanted):
                return said
        raise AssertionError(f"never heard {wanted}")

    def close(self):
        for sock in [*self.sockets, self.words]:
            sock.close()


@pytest.fixture
def unstarted(ports, certs):
    made = gw.Gateway(ports, certs)
    done = made.run_cli("init", "--dir", made.folder)
    assert done.returncode == 0, done.stderr
    yield made
    gw.shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def manager(unstarted, tmp_path):
    made = Manager(tmp_path, [unstarted.https, unstarted.redirect])
    yield made
    made.close()


def end(process, manager):
    process.send_signal(signal.SIGTERM)
    assert "EXTEND_TIMEOUT_USEC=" in manager.hear("STOPPING=1")
    assert process.wait(45) == 0, process.stderr.read()


def status(gateway):
    browser = gateway.browser()
    try:
        return browser.request("GET", gateway.url("portal", "/")).status
    finally:
        browser.close()


def test_given_ports_are_served_and_life_is_told(unstarted, manager):
    process = manager.start(unstarted, WATCHDOG_USEC="3000000")
    said = manager.hear("READY=1")
    assert f"STATUS=serving 127.0.0.1:{unstarted.https}" in said
    manager.hear("WATCHDOG=1", 10)
    assert {status(unstarted) for _ in range(8)} <= {200, 303}
    assert client.fetch_plain(unstarted.redirect, "/")[0] in (301, 308, 400, 421)
    end(process, manager)


def test_a_restart_behind_given_ports_refuses_nobody(unstarted, manager):
    first = manager.start(unstarted)
    manager.hear("READY=1")
    assert status(unstarted) in (200, 303)
    end(first, manager)
    answers = []
    waiting = [threading.Thread(target=lambda: answers.append(status(unstarted))) for _ in range(4)]
    for thread in waiting:  # nobody serves now: the kernel holds them
        thread.start()
    second = manager.start(unstarted)
    manager.hear("READY=1")
    for thread in waiting:
        thread.join(30)
    assert len(answers) == 4 and set(answers) <= {200, 303}
    end(second, manager)


def test_a_port_the_configuration_does_not_name_is_refused_by_name(unstarted, tmp_path):
    other = gw.free_port()
    manager = Manager(tmp_path, [unstarted.https, unstarted.redirect, other])
    process = manager.start(unstarted)
    assert process.wait(40) == 2
    said = process.stderr.read()
    assert f"127.0.0.1:{other}" in said and "listen.https" in said
    manager.close()


def test_without_a_manager_nothing_changes(shared):
    assert status(shared) in (200, 303)
