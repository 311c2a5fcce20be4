"""Goal: gRPC passes whole through the gateway, all four kinds of call, with a service token; and who is refused reads it
as gRPC says it. Method: client and server of Debian's python3-grpcio, without generated code."""
import json
import queue
import threading
import time

import grpc
import pytest

import gateway as gw
from test_revocation import until

WIKI = f"wiki.{gw.DOMAIN}"
SERVICE = "mihon.Ledger"


class Ledger(grpc.GenericRpcHandler):
    """Bytes in, bytes out; what it saw is kept."""

    def __init__(self):
        self.metadata, self.cancelled, self.deadline = [], threading.Event(), None

    def service(self, details):
        self.metadata.append((details.method, dict(details.invocation_metadata)))
        kind = details.method.rsplit("/", 1)[-1]
        make = {"Unary": (grpc.unary_unary_rpc_method_handler, self.unary), "Down": (grpc.unary_stream_rpc_method_handler, self.down),
                "Up": (grpc.stream_unary_rpc_method_handler, self.up), "Both": (grpc.stream_stream_rpc_method_handler, self.both),
                "Fail": (grpc.unary_unary_rpc_method_handler, self.fail), "Hang": (grpc.unary_stream_rpc_method_handler, self.hang)}.get(kind)
        return make[0](make[1]) if make else None

    def unary(self, request, context):
        context.set_trailing_metadata((("x-sum", str(len(request))),))
        return b"got " + request

    def down(self, request, context):
        for i in range(int(request)):
            yield b"%d" % i

    def up(self, requests, context):
        return b"%d" % sum(len(r) for r in requests)

    def both(self, requests, context):
        for request in requests:
            yield b"echo " + request

    def fail(self, request, context):
        context.set_trailing_metadata((("x-why", "closed"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the book is closed: 締め切り")

    def hang(self, request, context):
        context.add_callback(self.cancelled.set)
        yield b"begun"
        self.cancelled.wait(30)


@pytest.fixture(scope="module", params=["plain", "tls"])
def world(request, ports, certs):
    import concurrent.futures
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(64))
    ledger = Ledger()
    server.add_generic_rpc_handlers((ledger,))
    if request.param == "tls":
        read = lambda name: (certs / name).read_bytes()
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(read(f"{WIKI}.key"), read(f"{WIKI}.pem"))]))
        upstream = {"url": f"https://127.0.0.1:{port}", "ca": f"{certs}/ca.pem", "server_name": WIKI}
    else:
        port = server.add_insecure_port("127.0.0.1:0")
        upstream = {"url": f"http://127.0.0.1:{port}"}
    server.start()

    def change(sections):
        sections["limits"].update(drain_timeout="0s", body_min_rate_grace="1s")
        sections["upstreams"]["wiki"] = {**upstream, "protocol": "http2", "response_timeout": "10s"}
        sections["apps"]["wiki"].update(websocket=False, service_tokens=True)
        sections["apps"]["files"]["service_tokens"] = True
        sections["rules"].append({"id": "no-closed", "deny": {"who": ["any"], "app": ["wiki"], "paths": ["/mihon.Closed/"]}})
    with gw.Gateway(ports, certs, change) as gateway:
        gateway.add("sato")
        make = lambda name, app: json.loads(gateway.cli("tokens", "create", name, "--owner", "sato", "--apps", app, "--json"))["token"]
        gateway.token, gateway.other_token = make("nightly", "wiki"), make("elsewhere", "files")
        gateway.ledger, gateway.upstream_port = ledger, port
        yield gateway
    server.stop(0)


@pytest.fixture
def channel(world):
    options = [("grpc.ssl_target_name_override", WIKI), ("grpc.default_authority", world.host("wiki")), ("grpc.enable_retries", 0)]
    opened = grpc.secure_channel(f"127.0.0.1:{world.https}", grpc.ssl_channel_credentials(world.ca.read_bytes()), options)
    yield opened
    opened.close()


def path(name, service=SERVICE):
    return f"/{service}/{name}"


def token(world):
    return (("sekisho-token", world.token),)


def test_unary_with_trailing_metadata(world, channel):
    answer, call = channel.unary_unary(path("Unary")).with_call(b"hello", metadata=(*token(world), ("x-own", "1")), timeout=20)
    assert answer == b"got hello" and call.code() == grpc.StatusCode.OK
    assert dict(call.trailing_metadata())["x-sum"] == "5"
    method, seen = world.ledger.metadata[-1]
    assert method == path("Unary") and seen["x-own"] == "1"
    assert world.token not in str(seen) and "sekisho-token" not in seen


def test_large_messages_both_ways(world, channel):
    body = b"x" * 3_000_000
    assert channel.unary_unary(path("Unary"))(body, metadata=token(world), timeout=60) == b"got " + body


def test_many_calls_share_connections(world, channel):
    calls = [channel.unary_unary(path("Unary")).future(b"%d" % i, metadata=token(world), timeout=60) for i in range(100)]
    assert [c.result() for c in calls] == [b"got %d" % i for i in range(100)]
    connections = sum(world.metric("sekisho_upstream_connections", upstream="wiki", state=s) or 0 for s in ("idle", "busy"))
    assert 1 <= connections <= 4
    until(lambda: world.metric("sekisho_upstream_streams", upstream="wiki") == 0, 10, "streams are left")


def test_streams_down(world, channel):
    got = list(channel.unary_stream(path("Down"))(b"500", metadata=token(world), timeout=60))
    assert got == [b"%d" % i for i in range(500)]


def test_streams_up(world, channel):
    assert channel.stream_unary(path("Up"))(iter([b"x" * 1000] * 300), metadata=token(world), timeout=60) == b"300000"


def test_both_at_once_and_at_rest(world, channel):
    """Messages go to and fro one by one, with pauses longer than a slow body would be given."""
    sending = queue.Queue()
    call = channel.stream_stream(path("Both"))(iter(sending.get, None), metadata=token(world), timeout=60)
    time.sleep(2.5)
    for i in range(3):
        sending.put(b"%d" % i)
        assert next(call) == b"echo %d" % i
        time.sleep(1.5)
    sending.put(None)
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


def test_an_error_of_the_server_comes_whole(world, channel):
    with pytest.raises(grpc.RpcError) as met:
        channel.unary_unary(path("Fail"))(b"", metadata=token(world), timeout=20)
    assert met.value.code() == grpc.StatusCode.FAILED_PRECONDITION and met.value.details() == "the book is closed: 締め切り"
    assert dict(met.value.trailing_metadata())["x-why"] == "closed"
    with pytest.raises(grpc.RpcError) as met:
        channel.unary_unary(path("Nowhere"))(b"", metadata=token(world), timeout=20)
    assert met.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_cancelling_reaches_the_server(world, channel):
    world.ledger.cancelled.clear()
    call = channel.unary_stream(path("Hang"))(b"", metadata=token(world), timeout=30)
    assert next(call) == b"begun"
    call.cancel()
    assert world.ledger.cancelled.wait(10)


def test_a_deadline_ends_the_call(world, channel):
    world.ledger.cancelled.clear()
    call = channel.unary_stream(path("Hang"))(b"", metadata=token(world), timeout=2)
    with pytest.raises(grpc.RpcError) as met:
        list(call)
    assert met.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert world.ledger.cancelled.wait(10)


def test_the_end_of_access_is_an_error_and_no_end(world, channel):
    """A stream that is cut never looks as if the server had ended it."""
    value = json.loads(world.cli("tokens", "create", "short", "--owner", "sato", "--apps", "wiki", "--json"))
    world.ledger.cancelled.clear()
    call = channel.unary_stream(path("Hang"))(b"", metadata=(("sekisho-token", value["token"]),), timeout=30)
    assert next(call) == b"begun"
    world.cli("tokens", "revoke", "short")
    with pytest.raises(grpc.RpcError) as met:
        list(call)
    assert met.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE), met.value
    assert world.ledger.cancelled.wait(10)


@pytest.mark.parametrize("who, service, code", [
    ("nobody", SERVICE, grpc.StatusCode.UNAUTHENTICATED), ("wrong", SERVICE, grpc.StatusCode.UNAUTHENTICATED),
    ("elsewhere", SERVICE, grpc.StatusCode.UNAUTHENTICATED), ("denied", "mihon.Closed", grpc.StatusCode.PERMISSION_DENIED)])
def test_refusals_are_read_as_grpc_says(world, channel, who, service, code):
    """401 and 403 of HTTP are UNAUTHENTICATED and PERMISSION_DENIED (gRPC's doc/http-grpc-status-mapping.md)."""
    shown = {"nobody": None, "wrong": world.token[:-1] + ("A" if world.token[-1] != "A" else "B"), "elsewhere": world.other_token,
             "denied": world.token}[who]
    before = len(world.ledger.metadata)
    with pytest.raises(grpc.RpcError) as met:
        channel.unary_unary(path("Unary", service))(b"", metadata=(("sekisho-token", shown),) if shown else (), timeout=20)
    assert met.value.code() == code, met.value
    assert len(world.ledger.metadata) == before, "not a byte reached the app"


def test_an_absent_server_is_unavailable(fresh_gateway):
    port = gw.free_port()

    def change(sections):
        sections["upstreams"]["wiki"] = {"url": f"http://127.0.0.1:{port}", "protocol": "http2"}
        sections["apps"]["wiki"].update(websocket=False, service_tokens=True)
    gateway = fresh_gateway(change)
    gateway.add("sato")
    value = json.loads(gateway.cli("tokens", "create", "nightly", "--owner", "sato", "--apps", "wiki", "--json"))["token"]
    options = [("grpc.ssl_target_name_override", WIKI), ("grpc.default_authority", gateway.host("wiki")), ("grpc.enable_retries", 0)]
    with grpc.secure_channel(f"127.0.0.1:{gateway.https}", grpc.ssl_channel_credentials(gateway.ca.read_bytes()), options) as opened:
        with pytest.raises(grpc.RpcError) as met:
            opened.unary_unary(path("Unary"))(b"", metadata=(("sekisho-token", value),), timeout=20)
        assert met.value.code() == grpc.StatusCode.UNAVAILABLE
