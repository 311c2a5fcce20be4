"""Goal: an app that asks for a recent proof gets one, and the person ends where they wanted to be; scripts are told in
RFC 9470's words; what was typed is never sent twice nor lost without a word; nothing goes round for ever.
Method: the real gateway with its settable clock; a browser without script."""
import json
import re

import pytest

import gateway as gw
import sekisho_client as client

AGE = 900


def fresh_rules(sections, age=f"{AGE}s"):
    sections["sessions"] = {"staff": {"absolute": "12h", "idle": "11h"}, "ops": {"absolute": "4h", "idle": "3h"}}
    for rule in sections["rules"]:
        if rule["id"] == "staff":
            rule["allow"]["app"] = ["files", "chat"]
    sections["rules"].append({"id": "wiki-fresh", "allow": {
        "who": ["kind:staff", "kind:ops"], "app": ["wiki"], "if": [{"mfa": {"strength": "otp", "max_age": age}}]}})


@pytest.fixture
def world(fresh_gateway):
    gateway = fresh_gateway(fresh_rules)
    account = gateway.add("sato")
    return gateway, account, gateway.signed_in(account)


def code_form(page):
    return client.find_form(page, "one-time-code")


def confirm(browser, page, code):
    form = code_form(page)
    assert form and form.action.endswith("/.sekisho/step-up"), page.text[:400]
    return browser.submit(page, form, form.fill(one_time_code=code))


def test_a_stale_proof_is_made_fresh_and_leads_back(world, upstreams):
    gateway, account, browser = world
    gateway.shift(AGE + 10)
    upstreams["wiki"].clear()
    page = browser.go(gateway.url("wiki", "/deep/page?x=1&y=2"))
    assert "portal." in page.url and code_form(page) and not client.find_form(page, "current-password")
    assert upstreams["wiki"].bytes == 0
    landed = confirm(browser, page, account.phone.code())
    assert landed.status == 200 and landed.url == gateway.url("wiki", "/deep/page?x=1&y=2")
    # Other apps of the browser kept working, and the proof holds for its time and no longer.
    assert browser.request("GET", gateway.url("wiki")).status == 200
    gateway.shift(AGE + 10 + AGE - 60)
    assert browser.request("GET", gateway.url("wiki")).status == 200
    gateway.shift(AGE + 10 + AGE + 60)
    assert browser.request("GET", gateway.url("wiki")).status == 303
    records = gateway.cli("audit", "search", "--user", "sato", "--json")
    assert "stepup.succeeded" in records


def test_what_is_open_outlives_a_step_up_in_another_tab(world):
    gateway, account, browser = world
    socket = client.WebSocket(browser, gateway.url("wiki", "/room"))
    assert socket.status == 101
    gateway.shift(AGE - 300)
    # The portal gives a fresh proof before the old one runs out.
    page = browser.go(gateway.url("portal", "/.sekisho/step-up"))
    assert confirm(browser, page, account.phone.code()).status == 200
    gateway.shift(AGE + 60)
    socket.send("still here")
    assert socket.receive(5) == (1, b"still here")
    gateway.shift(2 * AGE)
    assert socket.wait_for_end(5) is not None


def test_scripts_get_the_challenge_of_rfc_9470(world, upstreams):
    gateway, _, browser = world
    gateway.shift(AGE + 10)
    upstreams["wiki"].clear()
    for method in ("GET", "POST"):
        answer = browser.request(method, gateway.url("wiki", "/api"), b"" if method == "POST" else None,
                                 [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"), ("Accept", "application/json"),
                                  ("Sec-Fetch-Site", "same-origin")], navigate=False)
        assert answer.status == 401
        challenge = answer.header("WWW-Authenticate")
        assert challenge.startswith('Bearer error="insufficient_user_authentication"')
        assert 'acr_values="otp"' in challenge and f"max_age={AGE}" in challenge
        problem = json.loads(answer.body)
        assert problem["type"] == "urn:sekisho:factor.too_old" and problem["request_id"]
    assert upstreams["wiki"].bytes == 0


def test_a_declared_caller_may_ask_first_and_read_what_is_missing(fresh_gateway, upstreams):
    """CORS: the preflight is answered from the configuration, and a script of a listed origin can read our 401."""
    caller = "https://board.example"

    def rules(sections):
        fresh_rules(sections)
        sections["apps"]["wiki"].update(cross_site_callers=[caller], preflight={
            "methods": ["GET", "PUT"], "headers": ["content-type"], "credentials": True, "max_age": "10m"})
    gateway = fresh_gateway(rules)
    nobody = gateway.browser()

    def preflight(origin, method="PUT"):
        return nobody.request("OPTIONS", gateway.url("wiki", "/api"), None, [
            ("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "content-type"),
            ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "cross-site")], navigate=False)
    allowed = preflight(caller)
    assert allowed.status == 204 and allowed.header("Access-Control-Allow-Origin") == caller
    assert allowed.header("Access-Control-Allow-Methods") == "GET, PUT"
    for refused in (preflight("https://other.example"), preflight(caller, "DELETE")):
        assert refused.status in (401, 403) and not refused.header("Access-Control-Allow-Methods")
    browser = gateway.signed_in(gateway.add("sato"))
    gateway.shift(AGE + 10)
    upstreams["wiki"].clear()
    for whose, origin, readable in ((browser, caller, True), (nobody, caller, True), (browser, "https://other.example", False)):
        answer = whose.request("GET", gateway.url("wiki", "/api"), None, [
            ("Origin", origin), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Site", "cross-site"),
            ("Accept", "application/json")], navigate=False)
        assert answer.status == 401
        assert (answer.header("Access-Control-Allow-Origin") == caller) == readable
    assert upstreams["wiki"].bytes == 0


@pytest.mark.parametrize("language,words", [("en", "What you typed was not sent."), ("ja", "入力内容は送られていません。")])
def test_a_form_is_neither_sent_twice_nor_lost_without_a_word(world, upstreams, language, words):
    gateway, account, _ = world
    browser = gateway.browser(language=language)
    client.sign_in(browser, account, gateway.url("wiki"))
    typed = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", gateway.url("wiki").rstrip("/")),
             ("Sec-Fetch-Site", "same-origin")]
    gateway.shift(AGE + 10)
    upstreams["wiki"].clear()
    for wanted in (browser, gateway.browser(language=language)):  # a stale proof, and nobody signed in
        answer = wanted.request("POST", gateway.url("wiki", "/save"), b"text=precious", typed)
        assert answer.status == 403 and words in answer.text
        assert "precious" not in answer.text
    assert upstreams["wiki"].bytes == 0


def test_an_app_that_needs_a_passkey_leads_to_it(fresh_gateway, upstreams):
    """A code is not enough: pages go to the portal, forms hear that nothing was sent, scripts hear what is missing."""
    def rules(sections):
        fresh_rules(sections)
        sections["rules"][-1]["allow"]["if"] = [{"mfa": {"strength": "passkey"}}]
    gateway = fresh_gateway(rules)
    browser = gateway.signed_in(gateway.add("sato"), app="files")
    upstreams["wiki"].clear()
    page = browser.go(gateway.url("wiki", "/deep"))
    assert "/.sekisho/start?" in page.url and "strength=passkey" in page.url
    assert "needs a passkey" in page.text and not code_form(page)
    typed = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", gateway.url("wiki").rstrip("/")),
             ("Sec-Fetch-Site", "same-origin")]
    answer = browser.request("POST", gateway.url("wiki", "/save"), b"text=precious", typed)
    assert answer.status == 403 and "What you typed was not sent." in answer.text
    answer = browser.request("GET", gateway.url("wiki", "/api"), None,
                             [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"), ("Accept", "application/json"),
                              ("Sec-Fetch-Site", "same-origin")], navigate=False)
    assert answer.status == 401 and 'acr_values="passkey"' in answer.header("WWW-Authenticate")
    assert upstreams["wiki"].bytes == 0


def test_wrong_used_and_too_many_codes(world):
    gateway, account, browser = world
    used = account.phone.last
    gateway.shift(AGE + 10)
    page = browser.go(gateway.url("wiki", "/x"))
    wrong = confirm(browser, page, "000000")
    assert wrong.status == 401 and code_form(wrong)
    good = account.phone.code()
    landed = confirm(browser, wrong, good)
    assert landed.url == gateway.url("wiki", "/x") and account.phone.last != used
    again = browser.go(gateway.url("portal", "/.sekisho/step-up"))
    assert confirm(browser, again, good).status == 401, "a code works once"
    statuses = {confirm(browser, browser.go(gateway.url("portal", "/.sekisho/step-up")), "111111").status for _ in range(12)}
    assert 429 in statuses


def test_a_rule_that_no_proof_can_meet_ends_in_a_page(fresh_gateway):
    """max_age below what a round through the portal takes: told so, and never sent round."""
    gateway = fresh_gateway(lambda s: fresh_rules(s, "1s"))
    account = gateway.add("sato")
    browser = gateway.signed_in(account, app="files")
    gateway.shift(30)
    page = browser.go(gateway.url("wiki"), limit=12)
    assert page.status == 403 and "Your check is recent, and not recent enough." in page.text
    gateway.shift(200)
    page = browser.go(gateway.url("wiki"))
    gateway.shift(260)
    landed = confirm(browser, page, account.phone.code())
    assert landed.status in (200, 403) and not code_form(landed)


def test_ten_tabs_and_an_old_form(world):
    gateway, account, browser = world
    gateway.shift(AGE + 10)
    pages = [browser.go(gateway.url("wiki", f"/tab/{n}")) for n in range(10)]
    landed = confirm(browser, pages[0], account.phone.code())
    assert landed.url == gateway.url("wiki", "/tab/0")
    # The other tabs' forms are of the id before the renewal: each is shown again, and one code is not asked ten times.
    for n, page in enumerate(pages[1:], 1):
        answer = confirm(browser, page, "123456")
        assert answer.status == 400 and code_form(answer), "an expired form is shown anew, not an error"
        assert browser.go(gateway.url("wiki", f"/tab/{n}")).url == gateway.url("wiki", f"/tab/{n}")


def test_a_restart_in_the_middle_loses_nobody(world):
    gateway, account, browser = world
    gateway.shift(AGE + 10)
    page = browser.go(gateway.url("wiki", "/kept"))
    shift = gateway.shift_seconds
    gateway.kill()
    gateway.start()
    gateway.shift(shift)
    browser.close()
    landed = confirm(browser, page, account.phone.code())
    assert landed.status == 200 and landed.url == gateway.url("wiki", "/kept")


def test_the_ops_page_wants_a_recent_proof(fresh_gateway):
    gateway = fresh_gateway(fresh_rules)
    account = gateway.add("mori")
    browser = gateway.signed_in(account, app="files")
    ops = gateway.url("portal", "/.sekisho/ops")
    assert browser.go(ops).url == ops
    gateway.shift(16 * 60)
    page = browser.go(ops)
    assert "/.sekisho/step-up" in page.url
    landed = confirm(browser, page, account.phone.code())
    assert landed.status == 200 and landed.url == ops


def test_a_form_from_another_place_is_told_apart(world):
    gateway, _, browser = world
    answer = browser.request("POST", gateway.url("portal", "/.sekisho/sign-out"), b"token=x",
                             [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://evil.example"),
                              ("Sec-Fetch-Site", "cross-site")])
    assert answer.status == 403 and "This form came from another place." in answer.text
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", answer.text)


def test_changing_a_factor_wants_a_recent_proof(world):
    gateway, account, browser = world
    enrol = gateway.url("portal", "/.sekisho/account/enrol")
    assert browser.go(enrol).url == enrol
    account_page = browser.go(gateway.url("portal", "/.sekisho/account"))
    renew = next(form for form in account_page.forms() if form.action.endswith("/recovery"))
    gateway.shift(16 * 60)
    assert "/.sekisho/step-up" in browser.go(enrol).url
    asked = browser.submit(account_page, renew, renew.fill())
    assert "/.sekisho/step-up" in asked.url, "recovery codes were shown on a proof sixteen minutes old"
    landed = confirm(browser, asked, account.phone.code())
    assert landed.url == gateway.url("portal", "/.sekisho/account")
    assert browser.go(enrol).url == enrol


def test_ending_other_sessions_wants_a_recent_proof(world):
    """ASVS 5.0, 7.5.2: a browser left open cannot end its owner's other sessions; it can sign itself out."""
    gateway, account, browser = world
    other = gateway.signed_in(account)
    page = browser.go(gateway.url("portal", "/.sekisho/sessions"))
    gateway.shift(16 * 60)
    acts = [form for form in page.forms() if form.action.endswith("/.sekisho/sessions")]
    assert {key for form in acts for key in dict(form.fill())} >= {"end", "others", "lost"}
    for form in acts:
        asked = browser.submit(page, form, form.fill())
        assert "/.sekisho/step-up" in asked.url, form.fill()
        assert other.request("GET", gateway.url("wiki")).status in (200, 303), "the other session has ended"
    rows = json.loads(gateway.cli("sessions", "list", "--user", "sato", "--json"))
    assert sum(row["kind"] == "portal" for row in rows) == 2
    landed = confirm(browser, asked, account.phone.code())
    assert landed.url == gateway.url("portal", "/.sekisho/sessions")
    form = next(form for form in landed.forms() if "others" in dict(form.fill()))
    browser.submit(landed, form, form.fill())
    rows = json.loads(gateway.cli("sessions", "list", "--user", "sato", "--json"))
    assert sum(row["kind"] == "portal" for row in rows) == 1
    gateway.shift(40 * 60)
    assert client.sign_out(browser, gateway.url("portal")).status == 200
    assert json.loads(gateway.cli("sessions", "list", "--user", "sato", "--json")) == []
