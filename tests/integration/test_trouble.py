"""Goal: whatever an app, a reload or a greedy client does in the middle of things, the gateway goes on, waits for nobody
without end, and tells people in a page what is wrong. Method: the real program with upstreams that hang, configurations
that change under open exchanges, and raw bytes."""
import contextlib
import socket
import threading
import time

import pytest

import gateway as gw
from test_http import cookie_line
from test_revocation import until


@contextlib.contextmanager
def deaf_port():
    """A port whose backlog is full: connecting to it neither succeeds nor fails."""
    with socket.socket() as listener, contextlib.ExitStack() as held:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            one = held.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield listener.getsockname()[1]


def ask_all(count, ask):
    """What `ask(number)` gives, all at once."""
    answers = [None] * count

    def one(number):
        answers[number] = ask(number)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


# --- memory and bounds --------------------------------------------------------------------------------

@pytest.mark.parametrize("pairs", [100, 3000, 10500])
def test_cookies_without_blanks_grow_and_fit(shared, sato, pairs):
    """What is left of a Cookie field is joined by two bytes where one stood."""
    data = shared.exchange_raw("wiki", f"GET /echo HTTP/1.1\r\nHost: {shared.host('wiki')}\r\nConnection: close\r\n"
                                       f"{cookie_line(sato).rstrip()};{'a;' * pairs}a\r\n\r\n", timeout=10)
    assert gw.statuses(data) == [200] and data.count(b"; a") >= pairs


def test_an_apps_cookie_of_many_attributes_passes_without_its_domain(shared, people):
    browser = shared.signed_in(people["sato"])
    answer = browser.request("GET", shared.url("wiki", "/many-attributes"))
    assert answer.status == 200 and answer.body == b"ok"
    assert not [value for value in answer.all("Set-Cookie") if "domain" in value.lower()]
    assert browser.request("GET", shared.url("wiki", "/echo")).status == 200


# --- reloads under what is open ------------------------------------------------------------------------

@pytest.mark.parametrize("bad,status", [(b"zz\r\n", 400), (b"", 408)])
def test_an_upload_that_goes_wrong_after_its_rule_moved(fresh_gateway, bad, status):
    def two_rules(sections):
        sections["limits"].update(body_min_rate_grace="2s")
        sections["rules"] = [{"id": "unused", "allow": {"who": ["user:suzuki"], "app": ["wiki", "files", "chat", "ledger"]}},
                             {"id": "used", "allow": {"who": ["user:sato"], "app": ["wiki"]}}]

    gateway = fresh_gateway(two_rules)
    browser = gateway.signed_in(gateway.add("sato"))
    with gateway.raw(f"wiki.{gw.DOMAIN}") as sock:
        sock.sendall(f"POST /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nTransfer-Encoding: chunked\r\n"
                     f"Sec-Fetch-Site: same-origin\r\n{cookie_line(browser)}\r\n4\r\nhalf\r\n".encode())
        time.sleep(0.3)
        gateway.setup.sections["rules"].pop(0)
        gateway.write_config()
        gateway.reload(accept=True)
        sock.sendall(bad)
        assert gw.statuses(gw.read_all(sock, 10))[:1] == [status]
    assert browser.request("GET", gateway.url("wiki", "/echo")).status == 200, "the gateway lives"
    until(lambda: gateway.log(status=status), 5, "no access line")
    line = gateway.log(status=status)[-1]
    assert line["app"] == "wiki" and line["rule"] == "used", "named by what it was decided on"


def test_an_upstream_that_changes_while_it_is_dialled(fresh_gateway):
    with deaf_port() as port:
        gateway = fresh_gateway(lambda s: s["upstreams"]["wiki"].update(
            url=f"http://127.0.0.1:{port}", connect_timeout="3s"))
        browser = gateway.signed_in(gateway.add("sato"), "files")
        got = []
        asking = threading.Thread(target=lambda: got.append(browser.go(gateway.url("wiki", "/echo"))))
        asking.start()
        time.sleep(0.5)
        gateway.setup.sections["upstreams"]["wiki"].update(connect_timeout="4s")
        gateway.write_config()
        gateway.reload(accept=True)
        asking.join(20)
        assert got and got[0].status in (502, 504)
        assert browser.request("GET", gateway.url("files", "/echo")).status == 200


def test_connections_that_are_being_opened_count(fresh_gateway):
    with deaf_port() as port:
        gateway = fresh_gateway(lambda s: (s["limits"].update(workers=1), s["upstreams"]["wiki"].update(
            url=f"http://127.0.0.1:{port}", connect_timeout="2s", connections=2)))
        browser = gateway.signed_in(gateway.add("sato"), "files")
        assert browser.go(gateway.url("wiki", "/echo")).status in (502, 504), "signed in there, and it is not reached"
        request = (f"GET /echo HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nConnection: close\r\n"
                   f"{cookie_line(browser)}\r\n")
        statuses = [gw.statuses(data)[0] for data in ask_all(8, lambda n: gateway.exchange_raw("wiki", request))]
    assert statuses.count(503) == 6 and all(status in (502, 503, 504) for status in statuses), statuses


# --- nobody is waited for without end -------------------------------------------------------------------

def test_an_app_that_takes_nothing_of_an_upload_times_out(fresh_gateway):
    gateway = fresh_gateway(lambda s: s["upstreams"]["wiki"].update(response_timeout="2s"))
    browser = gateway.signed_in(gateway.add("sato"))
    began = time.monotonic()
    with gateway.raw(f"wiki.{gw.DOMAIN}", timeout=20) as sock:
        sock.sendall(f"POST /deaf HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nContent-Length: 100000000\r\n"
                     f"Sec-Fetch-Site: same-origin\r\n{cookie_line(browser)}\r\n".encode())
        sock.settimeout(1)
        with contextlib.suppress(OSError):
            for _ in range(1000):
                sock.send(b"x" * 65536)
        answer = gw.read_all(sock, 15)
        assert until(lambda: gateway.log(status=504), 10, "no answer was given") is None
        assert gw.statuses(answer)[:1] == [504]
    assert 1.5 < time.monotonic() - began < 12


def test_a_client_that_asks_without_end_leaves_others_their_turn(fresh_gateway):
    """More requests than can be answered lie ready all the time; nobody is signed in."""
    gateway = fresh_gateway(lambda s: s["limits"].update(workers=1))
    stop = threading.Event()
    with gateway.raw(f"wiki.{gw.DOMAIN}", timeout=20) as sock:
        request = f"GET / HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nSec-Fetch-Mode: navigate\r\n\r\n".encode() * 50

        def send():
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    sock.sendall(request)

        def read():
            with contextlib.suppress(OSError):
                while not stop.is_set() and sock.recv(1 << 20):
                    pass

        threads = [threading.Thread(target=send), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        waited = []
        for _ in range(10):
            began = time.monotonic()
            assert gateway.browser().request("GET", gateway.url("wiki")).status == 303
            waited.append(time.monotonic() - began)
        stop.set()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)
    assert max(waited) < 3, waited


# --- what people are told -------------------------------------------------------------------------------

@pytest.mark.parametrize("language", ["ja", "en"])
def test_an_app_that_is_down_has_a_page_for_people_and_a_document_for_scripts(fresh_gateway, language):
    closed = gw.free_port()
    gateway = fresh_gateway(lambda s: s["upstreams"]["wiki"].update(url=f"http://127.0.0.1:{closed}"))
    browser = gateway.signed_in(gateway.add("sato"), "files", language=language)
    page = browser.go(gateway.url("wiki"))
    assert page.status == 502 and page.is_page and f'lang="{language}"' in page.text
    document = browser.request("GET", gateway.url("wiki"), navigate=False,
                               headers=[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")])
    assert document.status == 502 and document.header("Content-Type") == "application/problem+json"
