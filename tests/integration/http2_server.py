"""An HTTP/2 upstream of frames: as good as an app should be by path, and as bad as a test wants it."""
import socket
import ssl
import struct
import threading
import time

import hpack

from http2_client import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RESET, SETTINGS,
                          WINDOW, field, frame)

MAX_STREAMS, INITIAL_WINDOW = 3, 4
STATUS_200 = field(":status", "200")


class Request:
    def __init__(self, number, pairs):
        self.number, self.pairs = number, pairs
        self.body, self.trailers, self.ended, self.reset = bytearray(), None, False, None
        self.done = threading.Event()  # the other side ended or reset it

    def field(self, name, default=None):
        return next((v for k, v in self.pairs if k == name), default)

    @property
    def path(self):
        return self.field(":path", "").split("?")[0]


class Connection:
    """One accepted connection. The server's `act(connection, request)` runs in a thread per request, from its head on."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.streams, self.block, self.buffer = {}, b"", b""
        self.windows, self.initial = {0: 65535}, 65535
        self.lock, self.credit = threading.Lock(), threading.Condition()
        self.goaway, self.over, self.pings, self.most_open = None, False, 0, 0

    def send(self, data):
        with self.lock:
            self.sock.sendall(data)

    def exactly(self, count):
        while len(self.buffer) < count:
            data = self.sock.recv(262144)
            if not data:
                return None
            self.server.bytes += len(data)
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def serve(self):
        if self.exactly(len(PREFACE)) != PREFACE:
            return
        self.send(frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in self.server.settings)))
        if self.server.greeting:
            self.send(self.server.greeting)
        while (head := self.exactly(9)) is not None:
            payload = self.exactly(int.from_bytes(head[:3], "big"))
            if payload is None:
                return
            self.take(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)

    def open_now(self):
        return sum(1 for r in self.streams.values() if not (r.done.is_set() and getattr(r, "answered", False)) and r.reset is None)

    def take(self, kind, flags, number, payload):
        request = self.streams.get(number)
        if kind in (HEADERS, CONTINUATION):
            self.block = payload if kind == HEADERS else self.block + payload
            if kind == HEADERS:
                self.ends = bool(flags & END_STREAM)
            if flags & END_HEADERS:
                pairs = self.decoder.decode(self.block)
                if request:
                    request.trailers = pairs
                else:
                    request = self.begin(number, pairs)
                if self.ends:
                    request.ended = True
                    request.done.set()
        elif kind == DATA and request:
            request.body += payload
            if self.server.credits and payload:
                update = struct.pack(">I", len(payload))
                self.send(frame(WINDOW, 0, 0, update) + (b"" if flags & END_STREAM else frame(WINDOW, 0, number, update)))
            if flags & END_STREAM:
                request.ended = True
                request.done.set()
        elif kind == RESET and request:
            request.reset = int.from_bytes(payload, "big")
            request.done.set()
            with self.credit:
                self.credit.notify_all()
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == INITIAL_WINDOW:
                    self.initial = value
            self.send(frame(SETTINGS, ACK))
        elif kind == PING and not flags & ACK:
            self.pings += 1
            if self.server.answers_pings:
                self.send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW:
            with self.credit:
                self.windows[number] = self.windows.get(number, self.initial) + int.from_bytes(payload, "big")
                self.credit.notify_all()
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")

    def begin(self, number, pairs):
        request = self.streams[number] = Request(number, pairs)
        self.most_open = max(self.most_open, self.open_now())
        with self.server.lock:
            self.server.requests.append(request)
        threading.Thread(target=self.run, args=(request,), daemon=True).start()
        return request

    def run(self, request):
        try:
            self.server.act(self, request)
        except OSError:
            pass
        request.answered = True

    # -- answers
    def head(self, request, fields=(), status=200, ends=False):
        block = b"".join(field(k, v) for k, v in [(":status", str(status)), *fields])
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), request.number, block))

    def data(self, request, body, ends=True, timeout=30):
        """Sends a body within the windows; False when the stream or the connection went away."""
        view, deadline = memoryview(bytes(body)), time.monotonic() + timeout
        while len(view):
            with self.credit:
                room = min(self.windows[0], self.windows.setdefault(request.number, self.initial), 16384, len(view))
                if room <= 0:
                    if request.reset is not None or self.over or not self.credit.wait(deadline - time.monotonic()):
                        return False
                    continue
                self.windows[0] -= room
                self.windows[request.number] -= room
            if request.reset is not None:
                return False
            part, view = view[:room], view[room:]
            self.send(frame(DATA, END_STREAM if ends and not len(view) else 0, request.number, bytes(part)))
        if ends and not len(body):
            self.send(frame(DATA, END_STREAM, request.number))
        return True

    def trailers(self, request, fields):
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, request.number, b"".join(field(k, v) for k, v in fields)))

    def reset(self, request, code):
        self.send(frame(RESET, 0, request.number, struct.pack(">I", code)))

    def go_away(self, last, code=0):
        self.send(frame(GOAWAY, 0, 0, struct.pack(">II", last, code)))


class Upstream:
    def __init__(self, act=None, settings=(), greeting=b"", credits=True, tls=None, answers_pings=True):
        self.act, self.settings, self.greeting, self.credits = act or by_path, settings, greeting, credits
        self.answers_pings = answers_pings
        self.context = None
        if tls:
            folder, host, protocols = tls
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(f"{folder}/{host}.pem", f"{folder}/{host}.key")
            if protocols:
                self.context.set_alpn_protocols(list(protocols))
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.lock, self.requests, self.connections, self.bytes = threading.Lock(), [], [], 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        connection = None
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            connection = Connection(self, sock)
            self.connections.append(connection)
            connection.serve()
        except (OSError, ValueError, hpack.HPACKError):
            pass
        finally:
            if connection:
                connection.over = True
                with connection.credit:
                    connection.credit.notify_all()
                for request in list(connection.streams.values()):
                    request.done.set()
            sock.close()

    def seen(self, path):
        with self.lock:
            return [r for r in self.requests if r.path == path]

    def last(self, path):
        found = self.seen(path)
        return found[-1] if found else None

    def alive(self):
        return [c for c in self.connections if not c.over]

    def close(self):
        self.listener.close()
        for connection in self.alive():
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def by_path(connection, request):
    """The well-behaved app; the last segment of the path says what it does."""
    name = request.path.rstrip("/").rsplit("/", 1)[-1]
    ACTIONS.get(name, echo)(connection, request)


def echo(connection, request):
    request.done.wait(30)
    lines = [f"{k}: {v}" for k, v in request.pairs] + [f"trailer {k}: {v}" for k, v in request.trailers or []]
    body = "\n".join(lines).encode("latin-1") + b"\n\n" + bytes(request.body)
    fields = [("content-type", "text/plain"), ("content-length", str(len(body)))]
    if request.field(":method") == "HEAD":
        return connection.head(request, fields, ends=True)
    connection.head(request, fields)
    connection.data(request, body)


def swallow(connection, request):
    request.done.wait(60)
    connection.head(request)
    connection.data(request, str(len(request.body)).encode())


def big(connection, request):
    """As many bytes as the query says."""
    size = int(request.field(":path").partition("?")[2])
    connection.head(request, [("content-length", str(size))])
    connection.data(request, bytes(range(256)) * (size // 256) + bytes(size % 256))


def sums(connection, request):
    connection.head(request)
    connection.data(request, b"one two three", ends=False)
    connection.trailers(request, [("x-sum", "13")])


def hints(connection, request):
    connection.head(request, [("link", "</a.css>; rel=preload")], status=103)
    connection.head(request)
    connection.data(request, b"after hints")


def drip(connection, request):
    """A byte each 50 ms until somebody ends it."""
    connection.head(request)
    while request.reset is None and not connection.over and connection.data(request, b"x", ends=False):
        time.sleep(0.05)


def silent(connection, request):
    request.reset is None and threading.Event().wait(20)


def cut(connection, request):
    connection.head(request, [("content-length", "1000")])
    connection.data(request, b"x" * 100, ends=False)
    connection.reset(request, 2)


def cut_unbounded(connection, request):
    connection.head(request)
    connection.data(request, b"x" * 100, ends=False)
    connection.sock.shutdown(socket.SHUT_RDWR)


ACTIONS = {"swallow": swallow, "big": big, "sum": sums, "hints": hints, "drip": drip, "silent": silent, "cut": cut,
           "cut-unbounded": cut_unbounded}
