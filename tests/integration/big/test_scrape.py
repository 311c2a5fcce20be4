"""Goal: looking at the gateway costs little however many are connected: a scrape with 10,000 open TLS connections
takes under 50 ms of CPU and gives under 1 MB.
Method: the release build, 10,000 handshakes; the kernel's clock of the gateway's threads around each scrape."""
import pathlib
import resource
import socket
import statistics

import gateway as gw
import sekisho_client as client

CONNECTIONS = 10000
CPU_SECONDS_MAX, BYTES_MAX = 0.050, 1_000_000


def cpu_seconds(pid):
    return sum(int(stat.read_text().split()[0]) for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def test_a_scrape_with_ten_thousand_connections_is_cheap(ports, certs):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= CONNECTIONS + 1000, f"the test needs {CONNECTIONS + 1000} descriptors, the limit is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def change(sections):
        sections["limits"].update(connections=CONNECTIONS + 1000, connections_per_address=CONNECTIONS + 1000,
                                  head_timeout="5m", handshake_timeout="5m", keep_alive_timeout="1h", drain_timeout="0s")

    program, held = gw.ROOT / "build" / "release" / "sekisho", []
    with gw.Gateway(ports, certs, change, program=program) as gateway:
        browser = gateway.signed_in(gateway.add("sato"))
        context, host = client.trusting(gateway.ca), f"wiki.{gw.DOMAIN}"
        for number in range(CONNECTIONS):
            plain = socket.create_connection(("127.0.0.1", gateway.https), 30, source_address=(f"127.0.1.{1 + number // 1000}", 0))
            held.append(context.wrap_socket(plain, server_hostname=host))
        assert browser.request("GET", gateway.url("wiki")).status == 200
        costs, sizes = [], []
        for _ in range(7):
            before = cpu_seconds(gateway.process.pid)
            status, text = client.fetch_plain(gateway.ops, "/metrics")
            costs.append(cpu_seconds(gateway.process.pid) - before)
            sizes.append(len(text))
            assert status == 200
        assert gateway.metric("sekisho_connections_open", listener="https") >= CONNECTIONS
        assert gateway.metric("process_open_fds") >= CONNECTIONS
        for sock in held:
            sock.close()
    assert statistics.median(costs) < CPU_SECONDS_MAX, costs
    assert max(sizes) < BYTES_MAX, sizes
    print(f"a scrape: {statistics.median(costs) * 1000:.1f} ms of CPU, {max(sizes)} bytes")
