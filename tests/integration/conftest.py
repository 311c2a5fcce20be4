"""One gateway for most tests: starting it and four people takes a few seconds, so it is shared."""
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import gateway as gw  # noqa: E402
from upstreams import Upstream  # noqa: E402

APPS = ("wiki", "files", "chat", "ledger")


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certs")
    subprocess.run([gw.ROOT / "docker/demo/pki.sh", folder, gw.DOMAIN, *gw.HOSTS], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def upstreams():
    servers = {name: Upstream() for name in APPS}
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture(scope="session")
def ports(upstreams):
    return {name: server.port for name, server in upstreams.items()}


@pytest.fixture(scope="session")
def shared(ports, certs):
    """The gateway that tests share; a test that changes its configuration or clock makes its own."""
    with gw.Gateway(ports, certs) as running:
        yield running


@pytest.fixture(scope="session")
def people(shared):
    return {name: shared.add(name) for name in ("sato", "suzuki", "ishii", "mori")}


@pytest.fixture(scope="session")
def sato(shared, people):
    """Sato's browser, signed in to the portal and the wiki."""
    return shared.signed_in(people["sato"])


@pytest.fixture
def fresh_gateway(ports, certs):
    """A factory for gateways of a test's own; all are stopped, and judged, at its end."""
    running = []

    def make(change=None, **more):
        started = gw.Gateway(ports, certs, change, **more).start()
        running.append(started)
        return started

    yield make
    for started in running:
        started.stop()
