"""Upstreams that record every byte they are sent, and that can misbehave on purpose."""
import hashlib
import base64
import socket
import struct
import threading
import time


class Connection:
    """One accepted connection: reads requests with the simplest possible parser, keeps the raw bytes."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.raw, self.buffer = bytearray(), b""

    def more(self):
        data = self.sock.recv(262144)
        if data:
            if len(self.raw) < self.server.keep:
                self.raw += data
            self.server.count(len(data))
            self.buffer += data
        return data

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                return None
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.more():
                return None
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def swallow(self, count):
        """Reads and drops `count` bytes without keeping them."""
        while count:
            if not self.buffer and not self.more():
                return False
            taken = min(count, len(self.buffer))
            self.buffer, count = self.buffer[taken:], count - taken
        return True

    def request(self, body=True):
        head = self.until(b"\r\n\r\n")
        if head is None:
            return None
        request = Request(head)
        if body:
            request.body = self.body(request)
        self.server.note(request)
        return request

    def body(self, request):
        if "chunked" in request.field("transfer-encoding", "").lower():
            parts = []
            while True:
                line = self.until(b"\r\n")
                size = int(line.split(b";")[0], 16)
                if size == 0:
                    request.trailers = []
                    while True:
                        line = self.until(b"\r\n")
                        if not line:
                            return b"".join(parts)
                        request.trailers.append(tuple(s.strip() for s in line.decode("latin-1").split(":", 1)))
                parts.append(self.exactly(size))
                self.exactly(2)
        return self.exactly(int(request.field("content-length", "0"))) or b""

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def answer(self, status="200 OK", body=b"", fields=()):
        if isinstance(body, str):
            body = body.encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in fields)]
        self.send("\r\n".join(lines) + "\r\n\r\n")
        self.send(body)

    def accept_websocket(self, request):
        key = request.field("sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.send(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")

    def echo_frames(self):
        """Unmasks each frame and sends it back until the other end goes."""
        while True:
            head = self.exactly(2)
            if head is None:
                return
            size = head[1] & 127
            if size == 126:
                size = struct.unpack(">H", self.exactly(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.exactly(8))[0]
            mask, data = self.exactly(4), self.exactly(size) if size else b""
            if mask is None or data is None:
                return
            plain = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
            length = bytes([size]) if size < 126 else (
                b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size))
            self.send(head[:1] + length + plain)
            if head[0] & 15 == 8:
                return


class Request:
    def __init__(self, head):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.line = first
        self.method, self.target, self.version = first.split(" ", 2)
        self.fields = [tuple(s.strip() for s in line.split(":", 1)) for line in lines]
        self.body, self.trailers = b"", []

    def field(self, name, default=None):
        return next((v for k, v in self.fields if k.lower() == name.lower()), default)

    def all(self, name):
        return [v for k, v in self.fields if k.lower() == name.lower()]

    @property
    def path(self):
        return self.target.split("?")[0]


class Upstream:
    """A threaded server. `handler(connection)` is called per connection; the default answers by path."""

    keep = 1 << 20

    def __init__(self, handler=None, address="127.0.0.1"):
        self.handler = handler or by_path
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, 0))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        self.bytes, self.requests, self.accepted = 0, [], 0
        self.lock = threading.Lock()
        self.open = set()
        self.paused = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def count(self, size):
        with self.lock:
            self.bytes += size

    def note(self, request):
        with self.lock:
            if len(self.requests) < 20000:
                self.requests.append(request)

    def clear(self):
        with self.lock:
            self.bytes = 0
            self.requests.clear()

    def last(self, path=None):
        with self.lock:
            found = [r for r in self.requests if path is None or r.path == path]
        return found[-1] if found else None

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.add(sock)
        try:
            self.handler(Connection(self, sock))
        except (OSError, ValueError, TypeError, IndexError, AttributeError):
            pass
        finally:
            self.open.discard(sock)
            sock.close()

    def close(self):
        self.listener.close()
        for sock in list(self.open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def echo_of(request):
    lines = [request.line, *(f"{k}: {v}" for k, v in request.fields), "", ""]
    return "\r\n".join(lines).encode("latin-1") + request.body


def by_path(connection):
    """The well-behaved app of most tests; its last path segment says what it does."""
    while True:
        request = connection.request(body=False)
        if request is None:
            return
        name = request.path.rstrip("/").rsplit("/", 1)[-1]
        if request.field("expect", "").lower() == "100-continue" and name != "no-continue":
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
        if request.field("upgrade", "").lower() == "websocket":
            connection.accept_websocket(request)
            connection.echo_frames()
            return
        if name == "deaf":
            time.sleep(30)
            return
        if name == "swallow":
            size = int(request.field("content-length"))
            connection.swallow(size)
            connection.answer(body=str(size))
            continue
        request.body = connection.body(request)
        if not ACTIONS.get(name, answer_echo)(connection, request):
            return


def answer_echo(connection, request):
    body = echo_of(request)
    if request.method == "HEAD":
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n")
    else:
        connection.answer(body=body, fields=[("Content-Type", "text/plain")])
    return True


def answer_chunked(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
    for part in (b"one ", b"two ", b"three"):
        connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        time.sleep(0.01)
    connection.send("0\r\nX-Sum: 13\r\nSekisho-Assertion: forged\r\n\r\n")
    return True


def answer_chunked_sum(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\none two three\r\n0\r\nX-Sum: 13\r\n\r\n")
    return True


def answer_close_delimited(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    connection.send(b"until the end")
    return False


def answer_early_hints(connection, request):
    connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
    connection.answer(body="after hints")
    return True


def answer_big(connection, request):
    """As many bytes as the query says."""
    left = int(request.target.partition("?")[2])
    connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n")
    block = bytes(range(256)) * 1024
    while left:
        part = block[:left]
        connection.send(part)
        left -= len(part)
    return True


def answer_drip(connection, request):
    """A byte each 50 ms for as long as somebody listens."""
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.send("1\r\nx\r\n")
        time.sleep(0.05)


def answer_range(connection, request):
    whole = bytes(range(256)) * 4
    wanted = request.field("range")
    if wanted:
        first, _, last = wanted.partition("=")[2].partition("-")
        first, last = int(first), int(last)
        connection.answer("206 Partial Content", whole[first:last + 1], [("Content-Range", f"bytes {first}-{last}/{len(whole)}")])
    else:
        connection.answer(body=whole, fields=[("Accept-Ranges", "bytes")])
    return True


def answer_reaching(connection, request):
    """Fields of R10 that reach beyond the app's own host."""
    connection.answer(body="reaching", fields=[
        ("Clear-Site-Data", '"cookies", "storage"'), ("Alt-Svc", 'h3=":443"'), ("NEL", "{}"), ("Report-To", "{}"),
        ("Reporting-Endpoints", 'a="https://evil.example"'), ("Sec-Session-Registration", "(ES256);path=\"/x\""),
        ("Set-Cookie", "own=fine; Path=/"), ("Set-Cookie", "wide=1; Domain=corp.example; Path=/"),
        ("Set-Cookie", "__Host-Http-sekisho=planted; Path=/; Secure; HttpOnly"),
        ("Set-Cookie", "__Host-Http-sekisho-sso=planted; Path=/; Secure; HttpOnly"),
        ("Server", "old-server/1.0"), ("X-Kept", "yes")])
    return True


def answer_short(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    connection.send(b"x" * 100)
    return False


def answer_short_chunked(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + "x" * 50)
    return False


def answer_two_lengths(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")
    return False


def answer_no_status(connection, request):
    connection.send("hello, this is no HTTP at all\r\n\r\n")
    return False


def answer_unasked_101(connection, request):
    connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tunnel\r\nConnection: Upgrade\r\n\r\nsmuggled")
    return False


def answer_excess(connection, request):
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    return True


def answer_excess_behind_a_full_block(connection, request):
    """The first answer fills what one read takes; what follows comes in the same breath."""
    head = "HTTP/1.1 200 OK\r\nContent-Length: 16342\r\n\r\n"
    assert len(head) == 42
    connection.send(head + "x" * 16342 + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    return True


def answer_many_attributes(connection, request):
    connection.answer(body="ok", fields=[("Set-Cookie", "x=1; Domain=example" + ";a" * 6000)])
    return True


def answer_nothing(connection, request):
    return False


def answer_never(connection, request):
    time.sleep(30)
    return False


def answer_ntlm(connection, request):
    connection.answer("401 Unauthorized", b"", [("WWW-Authenticate", "NTLM"), ("WWW-Authenticate", "Negotiate")])
    return True


ACTIONS = {
    "chunked": answer_chunked, "chunked-sum": answer_chunked_sum, "close-delimited": answer_close_delimited, "hints": answer_early_hints,
    "big": answer_big, "drip": answer_drip, "range": answer_range, "reaching": answer_reaching,
    "short": answer_short, "short-chunked": answer_short_chunked, "two-lengths": answer_two_lengths,
    "no-status": answer_no_status, "unasked-101": answer_unasked_101, "excess": answer_excess,
    "excess-full": answer_excess_behind_a_full_block, "many-attributes": answer_many_attributes,
    "nothing": answer_nothing, "never": answer_never, "ntlm": answer_ntlm,
}
