"""Real ends for the outbox: a mail server (Debian's aiosmtpd) and an https webhook receiver that trusts nothing it
cannot check. Both listen on a port the kernel gives, and can be told to fail."""
import asyncio
import hashlib
import hmac
import http.server
import json
import logging
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST = "localhost"
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


def certificates(folder):
    """An authority of its own, and a certificate for localhost."""
    subprocess.run([ROOT / "docker/demo/pki.sh", folder, HOST, HOST], check=True, capture_output=True)
    return folder


def server_context(certs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certs}/{HOST}.pem", f"{certs}/{HOST}.key")
    return context


class MailServer:
    """`tls` is "starttls", "implicit" or "none". `answers` is used up one by one for RCPT; then all is well."""

    def __init__(self, certs, tls="starttls", login=None, port=0):
        self.tls, self.login, self.answers = tls, login, []
        self.messages, self.commands, self.tries = [], [], 0
        self.context = server_context(certs)
        self.loop = asyncio.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        assert started.wait(10)

    def _run(self, started):
        asyncio.set_event_loop(self.loop)
        implicit = self.context if self.tls == "implicit" else None
        self.server = self.loop.run_until_complete(
            self.loop.create_server(self._protocol, sock=self.listener, ssl=implicit))
        started.set()
        self.loop.run_forever()

    def _protocol(self):
        self.tries += 1
        more = {}
        if self.tls == "starttls":
            more = {"tls_context": self.context, "require_starttls": True}
        if self.login:
            more.update(authenticator=self._authenticate, auth_required=True, auth_require_tls=self.tls == "starttls")
        server = self

        class Recording(SMTP):
            async def smtp_MAIL(self, arg):
                server.commands.append("MAIL")
                await super().smtp_MAIL(arg)

            async def smtp_AUTH(self, arg):
                server.commands.append("AUTH")
                await super().smtp_AUTH(arg)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not see that all of it runs over TLS
            return Recording(self, hostname="mail.mihon.example", loop=self.loop, **more)

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.pop(0) if self.answers else "250 2.1.5 Ok"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        over_tls = session.ssl is not None or self.tls == "implicit"
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, over_tls))
        return "250 2.0.0 Ok: queued"

    def close(self):
        def end():
            self.server.close()
            self.loop.stop()

        self.loop.call_soon_threadsafe(end)
        self.thread.join(10)
        self.listener.close()


class WebhookReceiver:
    """Takes a call only with a good signature of the last five minutes that it has not seen before. A notice that is
    tried again comes under its own id with a new time: answered well, and kept once."""

    TOLERANCE = 300

    def __init__(self, certs, secret):
        self.secret, self.ahead = secret, 0.0
        self.notices, self.calls, self.seen, self.answers = {}, [], set(), []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(self.path, dict(self.headers.items()), body)
                if status is None:  # taken, and the answer is lost
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass  # a client that went away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = server_context(certs).wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        """The status this receiver answers; None when it takes the call and its answer is lost."""
        self.calls.append((path, headers, body))
        if self.answers:
            planned = self.answers.pop(0)
            if planned != "lost":
                return planned
            self._judge(headers, body)
            return None
        return self._judge(headers, body)

    def _judge(self, headers, body):
        stamp, given = headers.get("Sekisho-Timestamp", ""), headers.get("Sekisho-Signature", "")
        wanted = "v1=" + hmac.new(self.secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, given):
            return 401
        if abs(time.time() + self.ahead - int(stamp)) > self.TOLERANCE:
            return 401
        if given in self.seen:
            return 409
        self.seen.add(given)
        self.notices.setdefault(headers["Sekisho-Notice-Id"], json.loads(body))
        return 200

    def close(self):
        self.server.shutdown()
        self.server.server_close()
