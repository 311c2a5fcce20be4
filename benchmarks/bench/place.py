"""Where a bench runs: its folder and certificates, the processes it starts, and what the kernel says they cost."""
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROXY_CPU, LOAD_CPU = ("0", "1") if (os.cpu_count() or 1) > 1 else ("0", "0")


# The tools a bench needs, and where each comes from.
PACKAGES = {"nginx": "nginx-light", "haproxy": "haproxy", "wrk": "wrk", "h2load": "nghttp2-client", "openssl": "openssl", "taskset": "util-linux"}


def tool(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def need_tools():
    """Asked before anything is started: ends with one sentence that says what to install."""
    missing = [name for name in PACKAGES if not tool(name)]
    if missing:
        sys.exit(f"./dev bench: {', '.join(missing)} not installed: apt-get install {' '.join(PACKAGES[name] for name in missing)}")


def pinned(cpu, command):
    return ["taskset", "-c", cpu, *map(str, command)]


def descendants(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += descendants(int(child))
    return found


def cpu_seconds(pids):
    """CPU time of processes, their threads and children, from the scheduler's nanosecond clock."""
    total = 0
    for each in {d for pid in pids for d in descendants(pid)}:
        for stat in pathlib.Path(f"/proc/{each}/task").glob("*/schedstat"):
            try:
                total += int(stat.read_text().split()[0])
            except (OSError, IndexError):
                continue
    return total / 1e9


def memory_kib(pids):
    """Proportional set size: shared pages are counted once over all processes. Kernel memory is not in it."""
    total = 0
    for each in {d for pid in pids for d in descendants(pid)}:
        text = pathlib.Path(f"/proc/{each}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
    return total


def wait_for_port(port, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[3:]} ended with {process.returncode} at its start")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args[3:]} did not listen within 20 s")


class Place:
    """A folder with certificates, and everything started from it; close() ends exactly that."""

    def __init__(self, folder, options, hosts):
        self.folder, self.options, self.processes = folder, options, []
        self.certs = folder / "certs"
        subprocess.run([ROOT / "docker/demo/pki.sh", self.certs, "localhost", *hosts, "localhost"], check=True, capture_output=True)
        self.load = options.load
        # What the proxies inherit: room for the connections of S6.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.app = self.free_port()
        wait_for_port(self.app, self.spawn(LOAD_CPU, [self.load, "app", self.app]))

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def spawn(self, cpu, command):
        process = subprocess.Popen(pinned(cpu, command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def end(self, process):
        process.terminate()
        process.wait()
        self.processes.remove(process)

    def close(self):
        for process in list(self.processes):
            self.end(process)
