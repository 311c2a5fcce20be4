"""A small browser for tests and the demo's own check.

It connects to a loopback address whatever the host is called (Debian resolves no *.localhost),
sends the host as SNI and Host, keeps cookies per host, follows redirects across hosts, and fills
forms by what their fields are for (autocomplete), so it depends on no page's wording.
Standard library only.
"""
import base64
import hashlib
import hmac
import html
import html.parser
import http.client
import os
import re
import socket
import ssl
import struct
import time
import urllib.parse


# --- one-time codes (RFC 4226, RFC 6238) -------------------------------------------------

def hotp(secret: bytes, counter: int, digits: int = 6) -> str:
    mac = hmac.new(secret, struct.pack(">Q", counter), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start:start + 4])[0] & 0x7FFFFFFF
    return str(number % 10 ** digits).zfill(digits)


def decode_base32(text: str) -> bytes:
    text = re.sub(r"[\s-]", "", text).upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def totp(secret: str, at: float | None = None, step: int = 30) -> str:
    return hotp(decode_base32(secret), int((time.time() if at is None else at) // step))


class Authenticator:
    """A phone's app: gives each code once, and waits for the next one when asked again."""

    def __init__(self, secret: str, shift=lambda: 0.0):
        self.secret, self.shift, self.last = secret, shift, -1

    def code(self, wait: bool = True) -> str:
        step = int((time.time() + self.shift()) // 30)
        if step <= self.last:
            # The gateway takes one step ahead too, so only the second repeat has to wait.
            step = self.last + 1
            ahead = step * 30 - 30 - (time.time() + self.shift())
            if wait and ahead > 0:
                time.sleep(ahead + 0.2)
        self.last = step
        return hotp(decode_base32(self.secret), step)


# --- HTTP ---------------------------------------------------------------------------------

class Response:
    def __init__(self, status, reason, headers, body, url):
        self.status, self.reason, self.headers, self.body, self.url = status, reason, headers, body, url

    def header(self, name, default=None):
        found = [v for k, v in self.headers if k.lower() == name.lower()]
        return found[0] if found else default

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def is_page(self):
        return (self.header("Content-Type") or "").startswith("text/html")

    def forms(self):
        return parse_forms(self.text) if self.is_page else []

    def __repr__(self):
        return f"<{self.status} {self.url} {len(self.body)} bytes>"


class Field:
    def __init__(self, attributes, kind):
        self.name = attributes.get("name")
        self.kind = kind
        self.purpose = attributes.get("autocomplete", "") or ""
        self.value = attributes.get("value", "") or ""
        self.checked = "checked" in attributes


class Form:
    def __init__(self, attributes):
        self.action = attributes.get("action", "") or ""
        self.method = (attributes.get("method") or "get").lower()
        self.fields, self.buttons = [], []

    def has(self, purpose):
        return any(purpose in f.purpose.split() for f in self.fields)

    def fill(self, **by_purpose):
        """Values by purpose: username, current_password, new_password, one_time_code, or by name."""
        values = []
        for field in self.fields:
            if not field.name:
                continue
            if field.kind in ("checkbox", "radio"):
                if field.checked or field.name in by_purpose:
                    values.append((field.name, field.value or "on"))
                continue
            value = field.value
            for purpose, given in by_purpose.items():
                if purpose.replace("_", "-") in field.purpose.split() or purpose == field.name:
                    value = given
            if field.kind == "password" and not field.purpose and "password" in by_purpose:
                value = by_purpose["password"]
            values.append((field.name, value))
        if len(self.buttons) == 1 and self.buttons[0].name:
            values.append((self.buttons[0].name, self.buttons[0].value))
        return values


class _FormParser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.open = [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.open = Form(attributes)
            self.forms.append(self.open)
        elif self.open is not None and tag in ("input", "textarea", "select"):
            kind = (attributes.get("type") or "text").lower()
            if kind in ("submit", "image"):
                self.open.buttons.append(Field(attributes, "submit"))
            elif kind != "button":
                self.open.fields.append(Field(attributes, kind))
        elif self.open is not None and tag == "button" and (attributes.get("type") or "submit") == "submit":
            self.open.buttons.append(Field(attributes, "submit"))

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = None


def parse_forms(text):
    parser = _FormParser()
    parser.feed(text)
    return parser.forms


class Jar:
    """Cookies by host. Domain= is honoured, for R10 tests see what reaches a neighbour."""

    def __init__(self):
        self.cookies = {}  # (domain, host_only, path, name) -> value

    def store(self, host, set_cookie):
        head, *attributes = [p.strip() for p in set_cookie.split(";")]
        name, _, value = head.partition("=")
        facts = {a.partition("=")[0].lower(): a.partition("=")[2] for a in attributes}
        domain = facts.get("domain", "").lstrip(".").lower()
        key = (domain or host, not domain, facts.get("path") or "/", name)
        expired = facts.get("max-age", "1").lstrip("-") == "0" or facts.get("max-age", "").startswith("-")
        if expired or "1970" in facts.get("expires", ""):
            self.cookies.pop(key, None)
        else:
            self.cookies[key] = value

    def header(self, host, path):
        parts = []
        for (domain, host_only, prefix, name), value in self.cookies.items():
            same = host == domain if host_only else (host == domain or host.endswith("." + domain))
            if same and path.startswith(prefix):
                parts.append(f"{name}={value}")
        return "; ".join(parts)

    def get(self, host, name):
        for (domain, _, _, cookie), value in self.cookies.items():
            if domain == host and cookie == name:
                return value
        return None

    def put(self, host, name, value):
        self.cookies[(host, True, "/", name)] = value

    def copy(self):
        other = Jar()
        other.cookies = dict(self.cookies)
        return other


def trusting(ca_file=None):
    """A TLS client context that trusts only `ca_file`."""
    context = ssl.create_default_context(cafile=str(ca_file)) if ca_file else ssl._create_unverified_context()
    return context


class PlainConnection(http.client.HTTPSConnection):
    """HTTPS to a loopback address with another name as SNI."""

    def __init__(self, address, port, name, context, timeout=30, source=None):
        super().__init__(address, port, context=context, timeout=timeout)
        self.server_name, self.source = name, source

    def connect(self):
        raw = socket.create_connection((self.host, self.port), self.timeout, self.source)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._context.wrap_socket(raw, server_hostname=self.server_name)


NAVIGATION = [
    ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-User", "?1"),
]


class Browser:
    def __init__(self, port, ca_file=None, address="127.0.0.1", language="en", source=None):
        self.port, self.address, self.language, self.source = port, address, language, source
        self.context = trusting(ca_file)
        self.jar = Jar()
        self.open = {}

    # -- one request
    def request(self, method, url, body=None, headers=(), navigate=True, cookies=True, read=True):
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        fields = [("Host", parts.netloc), ("Accept-Language", self.language), ("User-Agent", "sekisho-test/1")]
        given = {k.lower() for k, _ in headers}
        if navigate:
            fields += [f for f in NAVIGATION if f[0].lower() not in given]
            if "sec-fetch-site" not in given:
                fields.append(("Sec-Fetch-Site", "none"))
        cookie = self.jar.header(host, parts.path or "/") if cookies else ""
        if cookie and "cookie" not in given:
            fields.append(("Cookie", cookie))
        if body is not None and not given & {"content-length", "transfer-encoding"}:
            fields.append(("Content-Length", str(len(body))))
        fields += list(headers)
        for attempt in (1, 2):
            connection = self.open.pop(host, None)
            fresh = connection is None
            if fresh:
                connection = PlainConnection(self.address, parts.port or 443, host, self.context, source=self.source)
            try:
                connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in fields:
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError, BrokenPipeError):
                connection.close()
                if fresh or attempt == 2:
                    raise
        for value in answer.msg.get_all("Set-Cookie") or []:
            self.jar.store(host, value)
        if not read:
            return connection, answer
        data = answer.read()
        result = Response(answer.status, answer.reason, answer.getheaders(), data, url)
        if answer.will_close:
            connection.close()
        else:
            self.open[host] = connection
        return result

    # -- navigations
    def go(self, url, limit=12):
        """GET, following redirects as a browser's address bar would."""
        response = self.request("GET", url)
        return self.follow(response, limit)

    def follow(self, response, limit=12):
        """Through redirects, and through the portal's step page, which leads on by a refresh."""
        while limit:
            if response.status in (301, 302, 303, 307, 308):
                target = response.header("Location")
            else:
                refresh = response.is_page and re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', response.text)
                if not refresh:
                    break
                target = html.unescape(refresh[1])
            target = urllib.parse.urljoin(response.url, target)
            site = self._site(response.url, target)
            response = self.request("GET", target, headers=[("Sec-Fetch-Site", site)])
            limit -= 1
        return response

    def submit(self, response, form, values, follow=True):
        url = urllib.parse.urljoin(response.url, html.unescape(form.action) or response.url)
        origin = urllib.parse.urlsplit(response.url)
        headers = [("Sec-Fetch-Site", "same-origin")]
        if form.method == "post":
            headers += [("Origin", f"{origin.scheme}://{origin.netloc}"),
                        ("Content-Type", "application/x-www-form-urlencoded")]
            answer = self.request("POST", url, urllib.parse.urlencode(values).encode(), headers)
        else:
            answer = self.request("GET", url + "?" + urllib.parse.urlencode(values), headers=headers)
        return self.follow(answer) if follow else answer

    @staticmethod
    def _site(here, there):
        a, b = urllib.parse.urlsplit(here), urllib.parse.urlsplit(there)
        if (a.scheme, a.netloc) == (b.scheme, b.netloc):
            return "same-origin"
        return "same-site" if a.hostname.split(".")[-2:] == b.hostname.split(".")[-2:] else "cross-site"

    def close(self):
        for connection in self.open.values():
            connection.close()
        self.open.clear()


# --- people ---------------------------------------------------------------------------------

class Stuck(AssertionError):
    """A page that leads nowhere: the message holds what it said."""

    def __init__(self, doing, response):
        words = " ".join(re.sub(r"<[^>]+>", " ", response.text).split())[:400]
        super().__init__(f"{doing}: stuck at {response!r}: {words}")


def find_form(response, *purposes):
    """The first form that asks for one of these purposes."""
    for form in response.forms():
        if any(form.has(p) for p in purposes):
            return form
    return None


def find_secret(text):
    """The TOTP secret that an enrolment page shows, as an otpauth link or as base32 groups."""
    plain = html.unescape(text)
    match = re.search(r"otpauth://totp/[^\"'<\s]*[?&]secret=([A-Z2-7]+)", plain, re.I)
    if match:
        return match[1]
    visible = re.sub(r"<[^>]+>", "\n", plain)
    for match in re.finditer(r"\b((?:[A-Z2-7]{4}[ \u00a0-]?){6,16})(?![A-Za-z0-9])", visible):
        return re.sub(r"[\s\u00a0-]", "", match[1])
    return None


def find_recovery_codes(text):
    visible = re.sub(r"<[^>]+>", "\n", html.unescape(text))
    return re.findall(r"^\s*([0-9A-Za-z]{4,5}(?:-[0-9A-Za-z]{4,5}){1,3})\s*$", visible, re.M)


class Account:
    def __init__(self, name, password, secret="", recovery=(), shift=lambda: 0.0):
        self.name, self.password, self.secret, self.recovery = name, password, secret, list(recovery)
        self.phone = Authenticator(secret, shift) if secret else None

    def as_json(self):
        return {"name": self.name, "password": self.password, "secret": self.secret, "recovery": self.recovery}


def activate(browser, link, name, password, shift=lambda: 0.0):
    """Follows an activation link to the end: password, second factor, recovery codes."""
    response = browser.go(link)
    secret, recovery, used = None, [], False
    for _ in range(8):
        secret = secret or find_secret(response.text)
        recovery = recovery or (find_recovery_codes(response.text) if used else [])
        form = find_form(response, "new-password", "one-time-code")
        if form is None or (used and recovery):
            break
        values = {"new_password": password, "password": password, "username": name}
        if form.has("one-time-code"):
            if not secret:
                raise Stuck(f"activating {name}, no secret on the page", response)
            values["one_time_code"] = totp(secret, time.time() + shift())
            used = True
        response = browser.submit(response, form, form.fill(**values))
        if response.status >= 400:
            raise Stuck(f"activating {name}", response)
    if not secret or not used:
        raise Stuck(f"activating {name}", response)
    account = Account(name, password, secret, recovery, shift)
    # The code just used is spent.
    account.phone.last = int((time.time() + shift()) // 30)
    return account


def sign_in(browser, account, url, code=None, expect=True):
    """Opens `url`, answers every sign-in form on the way, and gives the page it ends on."""
    response = browser.go(url)
    for _ in range(6):
        form = find_form(response, "username", "current-password", "one-time-code")
        if form is None or response.status not in (200, 401) or form.has("new-password") or "enrol" in form.action:
            break
        values = {"username": account.name, "current_password": account.password, "password": account.password}
        if form.has("one-time-code"):
            values["one_time_code"] = code or account.phone.code()
        failed_before = response.status == 401
        response = browser.submit(response, form, form.fill(**values))
        if response.status in (401, 429, 503) or failed_before:
            break
    if expect and (response.status in (401, 429, 503) or find_form(response, "current-password", "one-time-code")):
        raise Stuck(f"signing in {account.name}", response)
    return response


def sign_out_form(browser, portal):
    """(page, form) of the portal's sign-out."""
    page = browser.go(urllib.parse.urljoin(portal, "/.sekisho/sign-out"))
    for form in page.forms():
        if "sign-out" in form.action and not any(f.name == "everywhere" for f in form.fields):
            return page, form
    raise Stuck("signing out", page)


def sign_out(browser, portal):
    page, form = sign_out_form(browser, portal)
    return browser.submit(page, form, form.fill())


# --- WebSocket (RFC 6455) -------------------------------------------------------------------

class WebSocket:
    def __init__(self, browser, url, origin=None, headers=(), timeout=20):
        parts = urllib.parse.urlsplit(url)
        raw = socket.create_connection((browser.address, parts.port or 443), timeout, browser.source)
        self.sock = browser.context.wrap_socket(raw, server_hostname=parts.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if origin is not False:
            lines.append(f"Origin: {origin or 'https://' + parts.netloc}")
        cookie = browser.jar.header(parts.hostname, parts.path or "/")
        if cookie:
            lines.append(f"Cookie: {cookie}")
        lines += [f"{k}: {v}" for k, v in headers]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        head = self._until(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])
        self.head = head.decode("latin-1")
        if self.status == 101:
            expected = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            assert expected in self.head, "the handshake's answer does not fit its key"

    def _until(self, mark):
        while mark not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                break
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def _exactly(self, count):
        while len(self.buffer) < count:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError("the WebSocket ended")
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, payload, opcode=None):
        if isinstance(payload, str):
            payload, opcode = payload.encode(), opcode or 1
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | (opcode or 2)])
        head += bytes([0x80 | size]) if size < 126 else (
            b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size))
        stream = (mask * (size // 4 + 1))[:size]
        body = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big") if size else b""
        self.sock.sendall(head + mask + body)

    def receive(self, timeout=None):
        """(opcode, payload) of the next frame; ConnectionError when the tunnel has ended."""
        if timeout is not None:
            self.sock.settimeout(timeout)
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._exactly(8))[0]
        return first & 15, self._exactly(size)

    def receive_text(self, timeout=None):
        while True:
            opcode, payload = self.receive(timeout)
            if opcode == 1:
                return payload.decode()
            if opcode == 8:
                raise ConnectionError("the WebSocket was closed")

    def wait_for_end(self, timeout):
        """Seconds until the other end closes, or None."""
        began = time.monotonic()
        self.sock.settimeout(timeout)
        try:
            while True:
                opcode, _ = self.receive()
                if opcode == 8:
                    return time.monotonic() - began
        except socket.timeout:
            return None
        except (ConnectionError, OSError):
            return time.monotonic() - began

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass


# --- metrics --------------------------------------------------------------------------------

def parse_metrics(text):
    """{(name, frozenset of label pairs): value} from the text exposition."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$", line)
        if match:
            labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            found[(match[1], labels)] = float(match[3])
    return found


def fetch_plain(port, path, host=None, address="127.0.0.1"):
    """GET from the ops listener: (status, text)."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host or f"{address}:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def metric(samples, name, **labels):
    """The sum of every sample of `name` that carries these labels."""
    wanted = set(labels.items())
    return sum(v for (n, l), v in samples.items() if n == name and wanted <= set(l))
