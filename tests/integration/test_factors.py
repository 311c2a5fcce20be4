"""Goal: a code works once, guessing stops at five, and whoever is who they say gets in meanwhile (R15).
Method: one sign-in brought to its second step, then the same or different codes from many threads at once."""
import base64
import concurrent.futures
import contextlib
import json
import pathlib
import re
import time
import urllib.parse

import pytest

import gateway as gw
import sekisho_client as client


def test_vectors_of_rfc_4226_and_6238():
    """The tests' own codes are right, so that what they prove of the gateway counts."""
    secret = b"12345678901234567890"
    assert [client.hotp(secret, n) for n in range(10)] == [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    text = base64.b32encode(secret).decode()
    for at, code in ((59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130")):
        assert client.hotp(secret, at // 30, 8) == code and client.totp(text, at) == code[2:]


def at_code_step(gateway, account, source=None):
    """A browser that has given a right password and now looks at the form for the code."""
    browser = gateway.browser(source=source)
    page = browser.go(gateway.url("portal"))
    for _ in range(3):
        form = client.find_form(page, "username", "current-password", "one-time-code")
        assert form is not None, page
        if form.has("one-time-code"):
            return browser, page, form
        page = browser.submit(page, form, form.fill(username=account.name, current_password=account.password, password=account.password))
    raise AssertionError("no form for the code")


def post_at_once(gateway, browser, page, form, codes, source=None, threads=40):
    """Posts every code with the same cookies from many connections; the answers."""
    url = urllib.parse.urljoin(page.url, form.action)
    origin = "https://" + urllib.parse.urlsplit(page.url).netloc
    headers = [("Origin", origin), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/x-www-form-urlencoded")]

    def post(chunk):
        each = gateway.browser(source=source)
        answers = []
        for code in chunk:
            each.jar = browser.jar.copy()
            values = urllib.parse.urlencode(form.fill(one_time_code=code)).encode()
            answer = each.request("POST", url, values, headers)
            answers.append((answer.status, each.jar.get(f"portal.{gw.DOMAIN}", "__Host-Http-sekisho-sso")))
        each.close()
        return answers

    chunks = [codes[n::threads] for n in range(threads)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return [answer for part in pool.map(post, chunks) for answer in part]


def test_one_code_a_thousand_times_is_accepted_once(fresh_gateway):
    gateway = fresh_gateway()
    account = gateway.add("sato")
    browser, page, form = at_code_step(gateway, account)
    answers = post_at_once(gateway, browser, page, form, [account.phone.code()] * 1000)
    assert len(answers) == 1000
    assert len([sso for _, sso in answers if sso]) == 1


def test_a_thousand_wrong_codes_are_evaluated_five_times(fresh_gateway):
    gateway = fresh_gateway()
    account = gateway.add("sato")
    home = gateway.signed_in(account)  # the true user's browser is known from here on
    for key in [k for k in home.jar.cookies if "-known" not in k[3]]:
        del home.jar.cookies[key]

    attacker = ("127.0.0.2", 0)
    browser, page, form = at_code_step(gateway, account, source=attacker)
    right = {client.totp(account.secret, at) for at in range(int(time.time()) - 90, int(time.time()) + 120, 30)}
    codes = [f"{n:06d}" for n in range(100000, 101010) if f"{n:06d}" not in right][:1000]
    before = gateway.metric("sekisho_factor_attempts_total", factor="otp", result="wrong")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        storm = pool.submit(post_at_once, gateway, browser, page, form, codes, attacker)
        welcome = client.sign_in(home, account, gateway.url("wiki"))
        answers = storm.result()
    assert welcome.status == 200, "the true user signs in while others guess"
    assert not [sso for _, sso in answers if sso]
    evaluated = gateway.metric("sekisho_factor_attempts_total", factor="otp", result="wrong") - before
    assert 1 <= evaluated <= 5, evaluated


@pytest.mark.parametrize("name,password", [("nobody-here", "x" * 12), ("sato", "wrong password"), ("", ""), ("sato' OR 1=1", "x"), ("佐藤", "パスワード")])
def test_every_failure_reads_the_same(shared, people, name, password):
    someone = client.Account(name, password, people["sato"].secret)
    page = client.sign_in(shared.browser(), someone, shared.url("portal"), code="000000", expect=False)
    assert page.status in (401, 429)
    assert "We could not sign you in" in page.text or "Please wait" in page.text
    for leak in ("unknown", "no such", "wrong password", "does not exist"):
        assert leak not in page.text.lower()


def test_recovery_code_works_once(fresh_gateway):
    gateway = fresh_gateway()
    account = gateway.add("suzuki")
    assert len(account.recovery) == 10 and len(set(account.recovery)) == 10
    gained = []
    for _ in range(2):
        browser = gateway.browser()
        client.sign_in(browser, account, gateway.url("portal"), code=account.recovery[0], expect=False)
        gained.append(bool(browser.jar.get(f"portal.{gw.DOMAIN}", "__Host-Http-sekisho-sso")))
    assert gained == [True, False]


def test_activation_link_works_once_and_a_new_one_replaces_it(fresh_gateway):
    gateway = fresh_gateway()
    first = json.loads(gateway.cli("users", "add", "sato", "--json"))["link"]
    second = json.loads(gateway.cli("users", "activate", "sato", "--json"))["link"]
    assert first != second
    assert gateway.browser().go(first).status == 410
    client.activate(gateway.browser(), second, "sato", "a good long password 1")
    assert gateway.browser().go(second).status == 410


@pytest.mark.parametrize("password", ["short", "password1234", "aaaaaaaaaaaa", "x" * 5000])
def test_poor_passwords_are_turned_down(shared, people, password):
    name = "suzuki"
    link = json.loads(shared.cli("users", "reset-factors", name, "--json"))["link"]
    browser = shared.browser()
    page = browser.go(link)
    form = client.find_form(page, "new-password")
    answer = browser.submit(page, form, form.fill(new_password=password, password=password))
    assert answer.status in (400, 413, 422)
    people[name] = client.activate(shared.browser(), link, name, "a better password 2026")


def test_reset_and_disable_end_what_is_open(fresh_gateway):
    gateway = fresh_gateway()
    accounts = {name: gateway.add(name) for name in ("sato", "suzuki")}
    for name, verb in (("sato", "disable"), ("suzuki", "reset-factors")):
        browser = gateway.signed_in(accounts[name])
        socket = client.WebSocket(browser, gateway.url("wiki", "/room"))
        gateway.cli("users", verb, name)
        spent = socket.wait_for_end(4)
        assert spent is not None and spent < 1.5, verb
        assert browser.request("GET", gateway.url("wiki")).status == 303


def test_ten_tabs_all_end_signed_in(fresh_gateway):
    """R27: tabs opened together share one sign-in and each arrives where it wanted to go."""
    gateway = fresh_gateway()
    account = gateway.add("sato")
    browser = gateway.browser()
    pages = [browser.go(gateway.url("wiki", f"/tab{n}")) for n in range(10)]
    for number, page in enumerate(pages):
        for _ in range(4):
            form = client.find_form(page, "username", "current-password", "one-time-code")
            if form is None:
                break
            values = dict(username=account.name, current_password=account.password, password=account.password)
            if form.has("one-time-code"):
                values["one_time_code"] = account.phone.code()
            page = browser.submit(page, form, form.fill(**values))
            if number:
                break
        if "GET /tab" not in page.text:
            page = browser.go(gateway.url("wiki", f"/tab{number}"))
        assert page.status == 200 and f"GET /tab{number}" in page.text, (number, page)


def test_secrets_are_nowhere_in_plain(fresh_gateway):
    """R23: planted secrets are in no file of the data directory, not in the environment, and no core would be written."""
    gateway = fresh_gateway()
    account = gateway.add("sato")
    gateway.signed_in(account)
    secret = client.decode_base32(account.secret)
    wanted = [secret, account.secret.encode(), account.password.encode(), *[c.encode() for c in account.recovery]]
    files = [p for p in gateway.folder.rglob("*") if p.is_file() and p.name not in ("stderr.log",)]
    assert files
    for path in files:
        data = path.read_bytes()
        assert not [w for w in wanted if w in data], path
    assert not [line for line in gateway.lines if account.password in line or account.secret in line]
    process = pathlib.Path(f"/proc/{gateway.process.pid}")
    with contextlib.suppress(PermissionError):  # where nobody but root may look, nobody but root sees
        environment = (process / "environ").read_bytes()
        assert environment and not [w for w in wanted if w in environment]
    limits = (process / "limits").read_text()
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.M), limits
    assert (gateway.folder / "master.key").stat().st_mode & 0o077 == 0
