"""Goal: identity belongs to a request and nothing else (R5, R29), neighbours cannot borrow it (R3),
and upstream responses reach no further than their host (R10)."""
import re
import threading
import urllib.parse

import pytest

import gateway as gw
import sekisho_client as client

COOKIE = "__Host-Http-sekisho"


def who(upstream, path="/who"):
    """The subject of the assertion the upstream saw last on this path."""
    import base64
    import json
    body = upstream.last(path).field("Sekisho-Assertion").split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sub"]


def test_three_people_alternate_on_one_connection(shared, people, upstreams):
    """R5: A, B and nobody take turns on a single connection."""
    value = {name: shared.signed_in(people[name]).jar.get(f"wiki.{gw.DOMAIN}", COOKIE) for name in ("sato", "suzuki")}
    connection = client.PlainConnection("127.0.0.1", shared.https, f"wiki.{gw.DOMAIN}", client.trusting(shared.ca))
    for turn in range(12):
        name = ("sato", None, "suzuki")[turn % 3]
        headers = {"Host": shared.host("wiki"), "Accept": "application/json"}
        if name:
            headers["Cookie"] = f"{COOKIE}={value[name]}"
        connection.request("GET", "/who", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == (200 if name else 401), (turn, name)
        if name:
            assert who(upstreams["wiki"]) == name
    connection.close()


@pytest.mark.parametrize("prefix", ["\u2000", "\u00a0", "\u3000", "\x0b"])
def test_cookie_names_are_byte_exact(shared, sato, prefix):
    """R29: a name that only looks like ours after trimming is not ours."""
    value = sato.jar.get(f"wiki.{gw.DOMAIN}", COOKIE)
    line = f"Cookie: {prefix}{COOKIE}={value}\r\n".encode()
    data = shared.exchange_raw("wiki", b"GET /x HTTP/1.1\r\nHost: " + shared.host("wiki").encode() + b"\r\nConnection: close\r\n" + line + b"\r\n")
    assert gw.statuses(data)[0] in (303, 400, 401)


def test_two_cookies_of_ours_are_none(shared, sato):
    value = sato.jar.get(f"wiki.{gw.DOMAIN}", COOKIE)
    for second in (value, "v1.other"):
        page = sato.request("GET", shared.url("wiki", "/x"), headers=[("Cookie", f"{COOKIE}={value}; {COOKIE}={second}")])
        assert page.status == 303


def test_cookie_of_one_host_is_nothing_on_another(shared, sato):
    value = sato.jar.get(f"wiki.{gw.DOMAIN}", COOKIE)
    page = shared.browser().request("GET", shared.url("files", "/x"), headers=[("Cookie", f"{COOKIE}={value}")])
    assert page.status == 303


def test_cookies_carry_every_attribute(shared, people):
    browser = shared.browser()
    client.sign_in(browser, people["suzuki"], shared.url("wiki"))
    fields = []
    fresh = shared.browser()
    page = fresh.request("GET", shared.url("wiki"))
    fields += page.all("Set-Cookie")
    page = fresh.request("GET", page.header("Location"))
    fields += page.all("Set-Cookie")
    ours = [f for f in fields if f.startswith("__Host-Http-sekisho")]
    assert ours
    for field in ours:
        parts = {p.strip().lower() for p in field.split(";")[1:]}
        assert {"secure", "httponly", "path=/"} <= parts and "samesite=lax" in parts, field
        assert not any(p.startswith("domain") for p in parts)


# --- R2: the hand-over code --------------------------------------------------------------------

def walk_to_callback(shared, account):
    """Signs in on the portal only, then walks to an app until the redirect that carries the code."""
    browser = shared.browser()
    client.sign_in(browser, account, shared.url("portal"))
    response = browser.request("GET", shared.url("wiki", "/after"))
    for _ in range(6):
        assert response.status == 303, response
        target = urllib.parse.urljoin(response.url, response.header("Location"))
        if urllib.parse.urlsplit(target).hostname == f"wiki.{gw.DOMAIN}" and "/.sekisho/" in target and "=" in target:
            return browser, target
        response = browser.request("GET", target, headers=[("Sec-Fetch-Site", "same-site")])
    raise AssertionError("no callback came")


def test_hand_over_code_works_once(shared, people):
    browser, callback = walk_to_callback(shared, people["sato"])
    before = browser.jar.copy()
    done = browser.follow(browser.request("GET", callback, headers=[("Sec-Fetch-Site", "same-site")]))
    assert done.status == 200 and "GET /after" in done.text
    thief = shared.browser()
    thief.jar = before
    again = thief.request("GET", callback)
    assert not thief.jar.get(f"wiki.{gw.DOMAIN}", COOKIE) or again.status >= 400


def test_hand_over_code_is_bound_to_the_browser(shared, people):
    """R2: who reads the callback's URL, without the transaction's cookie, gains nothing."""
    _, callback = walk_to_callback(shared, people["sato"])
    thief = shared.browser()
    answer = thief.request("GET", callback)
    assert answer.status in (303, 400, 401, 403)
    assert not thief.jar.get(f"wiki.{gw.DOMAIN}", COOKIE)


def test_hand_over_code_is_bound_to_its_host(shared, people):
    browser, callback = walk_to_callback(shared, people["sato"])
    elsewhere = callback.replace(f"wiki.{gw.DOMAIN}", f"files.{gw.DOMAIN}")
    browser.request("GET", elsewhere)
    assert not browser.jar.get(f"files.{gw.DOMAIN}", COOKIE)


def test_hand_over_code_raced_is_taken_once(shared, people):
    browser, callback = walk_to_callback(shared, people["sato"])
    gained, threads = [], []

    def take():
        racer = shared.browser()
        racer.jar = browser.jar.copy()
        racer.request("GET", callback)
        value = racer.jar.get(f"wiki.{gw.DOMAIN}", COOKIE)
        if value:
            gained.append(value)

    for _ in range(12):
        threads.append(threading.Thread(target=take))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len(gained) == 1


# --- R3: neighbours ------------------------------------------------------------------------------

def test_sibling_cannot_post_to_the_portal(shared, people):
    browser = shared.browser()
    client.sign_in(browser, people["suzuki"], shared.url("portal"))
    portal, form = client.sign_out_form(browser, shared.url("portal"))
    body = urllib.parse.urlencode(form.fill()).encode()
    url = urllib.parse.urljoin(portal.url, form.action)
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    for headers in (
        [kind, ("Origin", f"https://wiki.{gw.DOMAIN}:{shared.https}"), ("Sec-Fetch-Site", "same-site")],
        [kind, ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
        [kind, ("Sec-Fetch-Site", "same-origin")],
    ):
        assert browser.request("POST", url, body, headers).status in (400, 403), headers
    stale = re.sub(rb"(csrf|token)=[^&]+", rb"\1=AAAA", body)
    assert stale == body or browser.request("POST", url, stale, [kind, ("Origin", f"https://portal.{gw.DOMAIN}:{shared.https}"), ("Sec-Fetch-Site", "same-origin")]).status in (400, 403)
    assert browser.go(shared.url("portal")).status == 200, "still signed in"


@pytest.mark.parametrize("site,method,mode,expected", [
    ("same-origin", "POST", "cors", 200), ("none", "GET", "navigate", 200), ("same-site", "GET", "navigate", 200),
    ("same-site", "POST", "navigate", 403), ("cross-site", "POST", "navigate", 403), ("same-site", "GET", "cors", 403),
    ("cross-site", "GET", "no-cors", 403), ("same-site", "POST", "cors", 403)])
def test_fetches_from_other_sites(shared, sato, upstreams, site, method, mode, expected):
    upstreams["wiki"].clear()
    headers = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", "document" if mode == "navigate" else "empty")]
    page = sato.request(method, shared.url("wiki", "/fetch"), b"x" if method == "POST" else None, headers)
    assert page.status == expected
    if expected != 200:
        assert upstreams["wiki"].bytes == 0


def test_app_hosts_serve_no_portal_page(shared, sato, upstreams):
    upstreams["wiki"].clear()
    for path in ("/.sekisho/sign-in", "/.sekisho/sessions", "/.sekisho/sign-out", "/.sekisho/api/v1/x", "/.sekisho/unknown"):
        page = sato.request("GET", shared.url("wiki", path))
        assert page.status in (303, 404, 405), (path, page)
        assert "<form" not in page.text
    assert upstreams["wiki"].bytes == 0, "/.sekisho never reaches an app"


# --- R10: responses --------------------------------------------------------------------------------

def test_response_fields_that_reach_beyond_their_host(shared, sato):
    page = sato.request("GET", shared.url("wiki", "/reaching"))
    names = {k.lower() for k, _ in page.headers}
    assert not names & {"alt-svc", "nel", "report-to", "reporting-endpoints", "sec-session-registration"}
    assert "cookies" not in (page.header("Clear-Site-Data") or "") and "*" not in (page.header("Clear-Site-Data") or "")
    cookies = page.all("Set-Cookie")
    assert [c for c in cookies if c.startswith("own=")]
    assert not [c for c in cookies if "domain" in c.lower() or "sekisho" in c.lower()]
    assert page.header("X-Kept") == "yes"


def test_portal_takes_a_flooded_cookie_header(shared, people):
    browser = shared.browser()
    client.sign_in(browser, people["sato"], shared.url("portal"))
    flood = "; ".join(f"junk{n}={'x' * 4000}" for n in range(15))
    cookie = browser.jar.header(f"portal.{gw.DOMAIN}", "/")
    assert browser.request("GET", shared.url("portal"), headers=[("Cookie", flood + "; " + cookie)]).status == 200


def test_pages_carry_their_policy(shared):
    page = shared.browser().go(shared.url("portal"))
    csp = page.header("Content-Security-Policy", "")
    assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp and "unsafe-inline" not in csp
    assert page.header("X-Content-Type-Options") == "nosniff"
    assert page.header("Referrer-Policy") in ("no-referrer", "same-origin")
    assert "max-age" in page.header("Strict-Transport-Security", "")
    assert "no-store" in page.header("Cache-Control")
    assert len(page.body) <= 15 * 1024 and "<style" not in page.text and " style=" not in page.text and " onclick" not in page.text
