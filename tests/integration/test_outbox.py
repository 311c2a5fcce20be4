"""Goal: people hear of what happened to their account, once and by verified TLS alone, however the mail server or the
webhook's receiver behaves meanwhile; and no secret of the way there is ever written down.
Method: the real gateway, a real SMTP server and a real https receiver; waits are passed by the settable clock."""
import base64
import email
import email.policy
import json
import socket
import ssl
import time

import pytest

import gateway as gw
import receivers
from test_revocation import until

LOGIN = ("gate-mailer", "a mail password nobody may read")
SECRET = b"a webhook secret that nobody may read"
ADDRESS = "sato@people.example"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return receivers.certificates(tmp_path_factory.mktemp("receivers"))


@pytest.fixture
def ends():
    """Servers of one test, closed behind it."""
    made = []
    yield lambda server: made.append(server) or server
    for server in made:
        server.close()


@pytest.fixture
def places(tmp_path):
    """Files of the secrets the gateway reads."""
    for name, value in (("mail", LOGIN[1].encode()), ("hook", SECRET)):
        (tmp_path / name).write_bytes(value)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def with_mail(pki, places, port, tls="starttls", login=True, **more):
    def change(sections):
        sections["people"]["sato"].update(mail=ADDRESS, language="ja")
        mail = {"server": f"{receivers.HOST}:{port}", "from": "sekisho@mihon.example", "ca": f"{pki}/ca.pem",
                "implicit_tls": tls == "implicit"}
        if login:
            mail.update(user=LOGIN[0], password_file=str(places / "mail"))
        sections["notify"] = {"mail": mail, **more}
    return change


def with_webhook(pki, places, port):
    def change(sections):
        sections["notify"] = {"webhook": {"url": f"https://{receivers.HOST}:{port}", "path": "/hooks/sekisho",
                                          "ca": f"{pki}/ca.pem", "secret_file": str(places / "hook")}}
    return change


def counted(gateway, channel, result):
    return gateway.metric("sekisho_notices_total", channel=channel, result=result)


def waiting(gateway, channel):
    return gateway.metric("sekisho_notices_waiting", channel=channel)


def settled(gateway, channel, **wanted):
    until(lambda: all(counted(gateway, channel, result) >= n for result, n in wanted.items()), 20, f"{channel}: not yet {wanted}")


def nothing_is_given_away(gateway, *secrets):
    """Neither the log nor standard error, the metrics or the record hold a secret in any of its usual spellings."""
    time.sleep(0.3)
    text = "".join(gateway.lines) + gateway.stderr() + str(gateway.metrics())
    text += "".join(path.read_text() for path in (gateway.folder / "data/audit").glob("*.jsonl"))
    text += gateway.cli("audit", "search", "--json", "--limit", "1000")
    for secret in secrets:
        raw = secret if isinstance(secret, bytes) else secret.encode()
        for spelling in (raw.decode(), raw.hex(), base64.b64encode(raw).decode().rstrip("=")):
            assert spelling not in text, "a secret was written down"


def later(gateway, seconds):
    gateway.shift(gateway.shift_seconds + seconds)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_arrives_over_tls_after_signing_in(fresh_gateway, ends, pki, places, tls):
    server = ends(receivers.MailServer(pki, tls, LOGIN))
    gateway = fresh_gateway(with_mail(pki, places, server.port, tls))
    gateway.add("sato")
    settled(gateway, "mail", sent=1)
    assert len(server.messages) == 1, "one notice, one mail"
    sender, to, content, over_tls = server.messages[0]
    assert over_tls and sender == "sekisho@mihon.example" and to == [ADDRESS]
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["To"] == ADDRESS and "見本銀行" in message["From"]
    assert "確認方法" in message["Subject"] and message["Auto-Submitted"] == "auto-generated"
    assert "認証アプリ" in message.get_content() and gateway.url("portal").rstrip("/") in message.get_content()
    assert counted(gateway, "mail", "failed") == 0 and waiting(gateway, "mail") == 0
    nothing_is_given_away(gateway, LOGIN[1], f"\0{LOGIN[0]}\0{LOGIN[1]}", ADDRESS)


def test_a_refused_sign_in_is_said_and_mended_by_a_new_password(fresh_gateway, ends, pki, places):
    server = ends(receivers.MailServer(pki, "starttls", LOGIN))
    wrong = "not the password of anybody"
    (places / "mail").write_text(wrong)
    gateway = fresh_gateway(with_mail(pki, places, server.port))
    gateway.add("sato")
    settled(gateway, "mail", failed=1)
    assert not server.messages and "MAIL" not in server.commands
    assert any("answered 535 to sign-in" in line for line in gateway.lines)
    until(lambda: waiting(gateway, "mail") == 1, 5, "the notice does not wait")
    (places / "mail").write_text(LOGIN[1])
    later(gateway, 60)
    settled(gateway, "mail", sent=1)
    assert len(server.messages) == 1
    nothing_is_given_away(gateway, wrong, LOGIN[1], f"\0{LOGIN[0]}\0{wrong}", f"\0{LOGIN[0]}\0{LOGIN[1]}")


def test_a_server_that_says_later_is_asked_later(fresh_gateway, ends, pki, places):
    server = ends(receivers.MailServer(pki))
    server.answers = ["451 4.7.1 Greylisted, try again", "450 4.2.0 Still busy"]
    gateway = fresh_gateway(with_mail(pki, places, server.port, login=False))
    gateway.add("sato")
    settled(gateway, "mail", failed=1)
    time.sleep(2)
    assert server.tries == 1, "it was asked again at once"
    later(gateway, 60)
    settled(gateway, "mail", failed=2)
    later(gateway, 120)
    settled(gateway, "mail", sent=1)
    assert len(server.messages) == 1 and server.tries == 3
    until(lambda: waiting(gateway, "mail") == 0, 5, "it still waits")


def test_an_address_nobody_has_is_given_up_and_recorded(fresh_gateway, ends, pki, places):
    server = ends(receivers.MailServer(pki))
    server.answers = ["550 5.1.1 No such mailbox"]
    gateway = fresh_gateway(with_mail(pki, places, server.port, login=False))
    gateway.add("sato")
    settled(gateway, "mail", undeliverable=1)
    until(lambda: waiting(gateway, "mail") == 0, 5, "what can never arrive waits on")
    until(lambda: "answered 550" in gateway.cli("audit", "search", "--event", "notice.undelivered", "--json"), 5, "no record")
    assert not server.messages


def test_a_dead_server_holds_up_nothing_and_a_restart_loses_nothing(fresh_gateway, ends, pki, places):
    port = gw.free_port()  # nobody listens there yet
    gateway = fresh_gateway(with_mail(pki, places, port, login=False))
    began = time.monotonic()
    account = gateway.add("sato")
    browser = gateway.signed_in(account)
    assert browser.request("GET", gateway.url("wiki")).status == 200
    assert time.monotonic() - began < 20, "signing in waited for a mail server"
    settled(gateway, "mail", failed=2)  # new factors, and a new browser
    until(lambda: waiting(gateway, "mail") == 2, 5, "they do not wait")
    gateway.kill()
    gateway.start()
    until(lambda: waiting(gateway, "mail") == 2, 15, "the restart lost a notice")
    server = ends(receivers.MailServer(pki, port=port))
    gateway.shift(3600)
    settled(gateway, "mail", sent=2)
    assert len(server.messages) == 2


def test_what_cannot_be_delivered_in_time_is_given_up(fresh_gateway, pki, places):
    gateway = fresh_gateway(with_mail(pki, places, gw.free_port(), login=False, give_up_after="1h"))
    gateway.add("sato")
    settled(gateway, "mail", failed=1)
    assert counted(gateway, "mail", "undeliverable") == 0
    later(gateway, 3700)
    settled(gateway, "mail", undeliverable=1)
    until(lambda: waiting(gateway, "mail") == 0, 5, "it still waits")
    until(lambda: "notice.undelivered" in gateway.cli("audit", "search", "--event", "notice.undelivered", "--json"), 5, "no record")


@pytest.mark.parametrize("what", ["no TLS", "foreign certificate"])
def test_nothing_goes_without_tls_that_can_be_trusted(fresh_gateway, ends, pki, places, tmp_path_factory, what):
    theirs = receivers.certificates(tmp_path_factory.mktemp("theirs")) if what == "foreign certificate" else pki
    server = ends(receivers.MailServer(theirs, "none" if what == "no TLS" else "starttls"))
    gateway = fresh_gateway(with_mail(pki, places, server.port))
    gateway.add("sato")
    settled(gateway, "mail", failed=1)
    assert not server.messages and not server.commands, "something was said that anybody could read"
    words = "offers no STARTTLS" if what == "no TLS" else "no TLS with localhost"
    assert any(words in line for line in gateway.lines)
    nothing_is_given_away(gateway, LOGIN[1])


def replay(receiver, pki, path, headers, body):
    """The status a recorded call gets when somebody sends it again."""
    context = ssl.create_default_context(cafile=f"{pki}/ca.pem")
    with socket.create_connection(("127.0.0.1", receiver.port), 10) as raw, context.wrap_socket(raw, server_hostname=receivers.HOST) as sock:
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        sock.sendall("\r\n".join(lines).encode() + body)
        return int(sock.recv(4096).split(b" ", 2)[1])


def test_a_webhook_is_signed_and_a_replay_is_worth_nothing(fresh_gateway, ends, pki, places):
    receiver = ends(receivers.WebhookReceiver(pki, SECRET))
    gateway = fresh_gateway(with_webhook(pki, places, receiver.port))
    gateway.add("sato")
    settled(gateway, "webhook", sent=1)
    (path, headers, body), notice = receiver.calls[0], next(iter(receiver.notices.values()))
    assert path == "/hooks/sekisho" and headers["Host"] == f"localhost:{receiver.port}"
    assert headers["Content-Type"] == "application/json" and headers["Sekisho-Notice-Id"] == notice["id"]
    assert notice["user"] == "sato" and notice["kind"] == "factor_changed" and notice["text"] and notice["subject"]
    assert abs(int(headers["Sekisho-Timestamp"]) - time.time()) < 30

    assert replay(receiver, pki, path, headers, body) == 409, "the same call twice"
    assert replay(receiver, pki, path, headers, body.replace(b"sato", b"mori")) == 401, "another body"
    assert replay(receiver, pki, path, {**headers, "Sekisho-Timestamp": str(int(headers["Sekisho-Timestamp"]) + 1)}, body) == 401
    receiver.ahead, receiver.seen = 301.0 + 30, set()
    assert replay(receiver, pki, path, headers, body) == 401, "the same call five minutes later"
    assert len(receiver.notices) == 1
    nothing_is_given_away(gateway, SECRET, headers["Sekisho-Signature"])


@pytest.mark.parametrize("first,kept", [(503, 0), ("lost", 1), (302, 0)])
def test_a_webhook_is_called_again_under_its_own_id_and_a_new_time(fresh_gateway, ends, pki, places, first, kept):
    receiver = ends(receivers.WebhookReceiver(pki, SECRET))
    receiver.answers = [first]
    gateway = fresh_gateway(with_webhook(pki, places, receiver.port))
    gateway.add("sato")
    settled(gateway, "webhook", failed=1)
    assert len(receiver.notices) == kept
    receiver.ahead = 60.0
    later(gateway, 60)
    settled(gateway, "webhook", sent=1)
    (_, one, first_body), (_, two, second_body) = receiver.calls
    assert one["Sekisho-Notice-Id"] == two["Sekisho-Notice-Id"] and first_body == second_body
    assert int(two["Sekisho-Timestamp"]) >= int(one["Sekisho-Timestamp"]) + 30
    assert one["Sekisho-Signature"] != two["Sekisho-Signature"]
    assert len(receiver.notices) == 1, "one notice is one notice, however often it was tried"


def test_a_webhook_with_a_foreign_certificate_hears_nothing(fresh_gateway, ends, pki, places, tmp_path_factory):
    theirs = receivers.certificates(tmp_path_factory.mktemp("theirs"))
    receiver = ends(receivers.WebhookReceiver(theirs, SECRET))
    gateway = fresh_gateway(with_webhook(pki, places, receiver.port))
    gateway.add("sato")
    settled(gateway, "webhook", failed=1)
    assert not receiver.calls and waiting(gateway, "webhook") == 1
