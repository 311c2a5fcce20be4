"""Goal: whatever a person or a machine does half way through a sign-in, the person ends signed in where they wanted to be,
and nothing goes round for ever: the Back button, a form that stood open, an id that is renewed while requests are under
way, a restart at each step. (Ten tabs: test_factors.py, test_stepup.py and tests/browser.)
Method: the real gateway with its settable clock; a browser without script, and its cookies as they were before."""
import copy
import re
import threading

import pytest

import gateway as gw
import sekisho_client as client


@pytest.fixture
def world(fresh_gateway):
    gateway = fresh_gateway()
    return gateway, gateway.add("sato"), gateway.browser()


def asks_for(page, purpose):
    form = client.find_form(page, purpose)
    assert form, f"no form for {purpose}: {page.status} {page.url}\n{page.text[:600]}"
    return form


def give_password(browser, page, account, **more):
    form = asks_for(page, "current-password")
    return browser.submit(page, form, form.fill(username=account.name, current_password=account.password), **more)


def give_code(browser, page, code, **more):
    form = asks_for(page, "one-time-code")
    return browser.submit(page, form, form.fill(one_time_code=code), **more)


def arrived(page, gateway, path):
    return page.status == 200 and page.url == gateway.url("wiki", path) and f"GET {path}" in page.text


def test_the_back_button_finds_the_sign_in_done(world):
    gateway, account, browser = world
    first = browser.go(gateway.url("wiki", "/kept"))
    second = give_password(browser, first, account)
    code = account.phone.code()
    assert arrived(give_code(browser, second, code), gateway, "/kept")
    failed = gateway.metric("sekisho_factor_attempts_total", factor="otp", result="replayed")
    # Back to the code's form and sent once more; back to the first form; back and forth.
    for _ in range(3):
        assert arrived(give_code(browser, second, code), gateway, "/kept")
        assert arrived(give_password(browser, first, account), gateway, "/kept")
        assert arrived(browser.go(gateway.url("wiki", "/kept")), gateway, "/kept")
    assert gateway.metric("sekisho_factor_attempts_total", factor="otp", result="replayed") == failed, "a used code was judged again"
    # The sign-in page itself, from the history, leads home.
    assert browser.go(gateway.url("portal", "/.sekisho/sign-in")).url == gateway.url("portal")


def test_the_back_button_half_way_begins_anew(world):
    gateway, account, browser = world
    first = browser.go(gateway.url("wiki", "/kept"))
    give_password(browser, first, account)
    again = browser.go(gateway.url("portal", "/.sekisho/second-factor"))  # its address, without what was posted
    asks_for(again, "current-password")
    second = give_password(browser, first, account)  # the first form once more
    assert arrived(give_code(browser, second, account.phone.code()), gateway, "/kept")


@pytest.mark.parametrize("minutes,where", [(11, "first"), (13 * 60, "first"), (11, "second"), (13 * 60, "second")])
def test_a_form_that_stood_open_still_leads_there(world, minutes, where):
    gateway, account, browser = world
    page = browser.go(gateway.url("wiki", "/kept"))
    if where == "second":
        page = give_password(browser, page, account)
    gateway.shift(minutes * 60)
    if where == "second":
        page = give_code(browser, page, account.phone.code())
        assert page.status in (400, 401) and "403" not in page.text
    # At most one calm answer that shows the form anew; it carries on to the same place.
    page = give_password(browser, page, account)
    if client.find_form(page, "current-password"):
        assert page.status == 400
        page = give_password(browser, page, account)
    assert arrived(give_code(browser, page, account.phone.code()), gateway, "/kept")


def test_an_id_renewed_while_requests_are_under_way(world):
    """A step-up renews the portal's id: the old one lasts half a minute, with its old rights."""
    gateway, account, browser = world
    client.sign_in(browser, account, gateway.url("wiki"))
    gateway.shift(16 * 60)
    before = gateway.browser()
    before.jar = copy.deepcopy(browser.jar)  # what requests that are under way carry
    statuses, stop = [], threading.Event()

    def keep_asking(app, path):
        own = gateway.browser()
        own.jar = copy.deepcopy(browser.jar)
        while not stop.is_set():
            statuses.append((app, own.request("GET", gateway.url(app, path)).status))
        own.close()

    threads = [threading.Thread(target=keep_asking, args=where) for where in (("wiki", "/x"), ("portal", "/"), ("portal", "/.sekisho/sessions"))]
    for thread in threads:
        thread.start()
    try:
        page = browser.go(gateway.url("portal", "/.sekisho/step-up?to=/.sekisho/account"))
        assert give_code(browser, page, account.phone.code()).url == gateway.url("portal", "/.sekisho/account")
        # A hand-over that begins under the old id ends signed in.
        late = before.go(gateway.url("files", "/late"))
        assert late.status == 200 and "GET /late" in late.text
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert len(statuses) > 20 and {status for _, status in statuses} == {200}, set(statuses)
    # Old rights: the fresh proof is not the old id's.
    enrol = gateway.url("portal", "/.sekisho/account/enrol")
    assert "/.sekisho/step-up" in before.go(enrol).url and browser.go(enrol).url == enrol
    gateway.shift(16 * 60 + 40)
    asks_for(before.go(gateway.url("portal")), "current-password")
    assert browser.go(gateway.url("portal")).url == gateway.url("portal"), "the browser with the new id goes on"
    assert browser.request("GET", gateway.url("wiki")).status == 200


def callback_of(browser, page):
    """Follows a sign-in by hand up to the address with the code, which is not asked for yet."""
    for _ in range(8):
        refresh = page.is_page and re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
        target = page.header("Location") or (refresh and client.html.unescape(refresh[1]))
        assert target, (page.status, page.url)
        target = client.urllib.parse.urljoin(page.url, target)
        if "/.sekisho/callback?" in target:
            return target
        page = browser.request("GET", target)
    raise AssertionError("no callback")


@pytest.mark.parametrize("step", ["first form", "second form", "callback"])
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_a_restart_in_the_middle_of_a_sign_in(world, step, kill):
    gateway, account, browser = world
    page = browser.go(gateway.url("wiki", "/kept"))

    def restart():
        if kill:
            gateway.kill()
        else:
            gateway.process.terminate()
            assert gateway.process.wait(45) == 0
        gateway.start()
        browser.close()

    if step == "first form":
        restart()
    page = give_password(browser, page, account)
    if step == "second form":
        restart()
    if step == "callback":
        address = callback_of(browser, give_code(browser, page, account.phone.code(), follow=False))
        restart()
        assert arrived(browser.go(address), gateway, "/kept"), "the code died with the process, the sign-in did not"
    else:
        assert arrived(give_code(browser, page, account.phone.code()), gateway, "/kept")
    assert browser.request("GET", gateway.url("wiki")).status == 200
