"""Prometheus beside the demo: Debian's, on loopback, with the scrape, rules and thresholds of docker/prometheus."""
import json
import pathlib
import shutil
import socket

FILES = pathlib.Path(__file__).resolve().parent.parent / "prometheus"
NAMES = ("prometheus.yml", "rules.yml")


def program():
    """Debian's Prometheus, or nothing when it is not installed."""
    return shutil.which("prometheus")


def port_for(wanted=9090):
    """`wanted` if it is free, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise OSError("no free port")


def lay_out(folder, ops_port):
    """Puts configuration, rules and the gateway's place into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        shutil.copyfile(FILES / name, folder / name)
    (folder / "targets.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{ops_port}"]}]) + "\n")


def command(folder, port):
    return [program(), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.size=256MB", "--log.level=warn"]
