"""HTTP/2 by hand: frames in and out, so that a test can be as good or as bad a client as it likes."""
import socket
import struct
import time

import hpack

import sekisho_client as client

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name, value):
    """A literal that enters no table; both up to 126 bytes."""
    name, value = (t if isinstance(t, bytes) else t.encode("latin-1") for t in (name, value))
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


class Stream:
    def __init__(self):
        self.heads, self.body, self.received, self.padding = [], bytearray(), 0, 0
        self.trailers, self.ended, self.reset, self.pairs = None, False, None, []

    @property
    def head(self):
        return self.heads[-1] if self.heads else {}

    @property
    def status(self):
        return int(self.head.get(":status", 0))


class Connection:
    """`settings` are sent first; `credit` gives windows back as bytes come, `keep` keeps them."""

    def __init__(self, gateway, app, settings=(), credit=True, keep=True, timeout=20):
        self.gateway, self.host, self.authority = gateway, gateway.host(app).split(":")[0], gateway.host(app)
        context = client.trusting(gateway.ca)
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("127.0.0.1", gateway.https), timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(raw, server_hostname=self.host)
        assert self.sock.selected_alpn_protocol() == "h2"
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder(max_header_list_size=1 << 20)
        self.streams, self.next_id, self.buffer, self.block = {}, 1, b"", b""
        self.credit, self.keep = credit, keep
        self.goaway, self.closed, self.settings, self.pings = None, False, {}, 0
        self.windows = {0: 65535}  # what we may still send
        self.send(PREFACE + frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in settings)))

    def send(self, data):
        self.sock.sendall(data)

    def fields(self, browser=None, method="GET", path="/", more=()):
        pairs = [(":method", method), (":scheme", "https"), (":authority", self.authority), (":path", path), *more]
        cookie = browser.jar.header(self.host, path) if browser else ""
        if cookie:
            pairs.append(("cookie", cookie))
        return pairs

    def open(self, pairs, ends=True):
        """Sends a head as it is; returns its stream's number."""
        number, self.next_id = self.next_id, self.next_id + 2
        self.streams[number] = Stream()
        block = self.encoder.encode(pairs)
        parts = [block[at:at + 16384] for at in range(0, len(block), 16384)]
        for at, part in enumerate(parts):
            flags = (END_HEADERS if at == len(parts) - 1 else 0) | (END_STREAM if ends and at == 0 else 0)
            self.send(frame(HEADERS if at == 0 else CONTINUATION, flags, number, part))
        return number

    def request(self, browser=None, method="GET", path="/", more=(), body=None, trailers=None):
        number = self.open(self.fields(browser, method, path, more), ends=body is None)
        if body is not None:
            self.upload(number, body, ends=trailers is None)
            if trailers is not None:
                self.send(frame(HEADERS, END_HEADERS | END_STREAM, number, self.encoder.encode(trailers)))
        return number

    def upload(self, number, body, ends=True, timeout=60):
        """Sends a body within the windows."""
        deadline = time.monotonic() + timeout
        view = memoryview(body)
        while len(view):
            room = min(self.windows[0], self.window(number), 16384)
            if room <= 0:
                assert time.monotonic() < deadline, "no window came"
                self.read(0.5)
                if self.streams[number].reset is not None or self.closed:
                    return False
                continue
            part, view = view[:room], view[room:]
            self.windows[0] -= len(part)
            self.windows[number] = self.window(number) - len(part)
            self.send(frame(DATA, END_STREAM if ends and not len(view) else 0, number, bytes(part)))
        if ends and not len(body):
            self.send(frame(DATA, END_STREAM, number))
        return True

    def window(self, number):
        return self.windows.setdefault(number, self.settings.get(4, 65535))

    # -- reading
    def read(self, timeout=5):
        """Takes what comes within one receive; False when nothing came or the connection is over."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(262144)
        except (TimeoutError, socket.timeout):
            return False
        except (ConnectionError, OSError):
            data = b""
        if not data:
            self.closed = True
            return False
        self.buffer += data
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                break
            head, payload = self.buffer[:9], self.buffer[9:9 + size]
            self.buffer = self.buffer[9 + size:]
            self.take(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)
        return True

    def take(self, kind, flags, number, payload):
        stream = self.streams.get(number, Stream())
        if kind == DATA:
            content = payload[1:len(payload) - payload[0]] if flags & PADDED else payload
            stream.received += len(content)
            stream.padding += len(payload) - len(content)
            if self.keep:
                stream.body += content
            if self.credit and payload:
                update = frame(WINDOW, 0, 0, struct.pack(">I", len(payload)))
                if not flags & END_STREAM:
                    update += frame(WINDOW, 0, number, struct.pack(">I", len(payload)))
                self.send(update)
            stream.ended |= bool(flags & END_STREAM)
        elif kind in (HEADERS, CONTINUATION):
            self.block = payload if kind == HEADERS else self.block + payload
            stream.ended |= kind == HEADERS and bool(flags & END_STREAM)
            if flags & END_HEADERS:
                pairs = self.decoder.decode(self.block)
                if pairs and pairs[0][0] == ":status":
                    stream.heads.append(dict(pairs))
                    stream.pairs = pairs
                else:
                    stream.trailers = dict(pairs)
        elif kind == RESET:
            stream.reset = int.from_bytes(payload, "big")
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                self.settings[name] = value
            self.send(frame(SETTINGS, ACK))
        elif kind == PING and flags & ACK:
            self.pings += 1
        elif kind == GOAWAY:
            self.goaway = (int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big"))
        elif kind == WINDOW:
            self.windows[number] = self.window(number) + int.from_bytes(payload, "big")

    def until(self, true, timeout=15):
        deadline = time.monotonic() + timeout
        while not true():
            left = deadline - time.monotonic()
            if left <= 0 or self.closed or (not self.read(left) and self.closed):
                break
        return true()

    def wait(self, number, timeout=15):
        """The stream once it ended, one way or the other."""
        stream = self.streams[number]
        self.until(lambda: stream.ended or stream.reset is not None, timeout)
        return stream

    def get(self, browser, path="/", **more):
        return self.wait(self.request(browser, path=path, **more))

    def wait_closed(self, timeout=10):
        self.until(lambda: self.closed, timeout)
        return self.closed

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
