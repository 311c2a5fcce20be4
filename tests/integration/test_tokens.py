"""Goal: a service token opens its apps and nothing else, is shown once, and ends everywhere at once.
Method: the command line and scripts' requests against the real gateway; what the app received is looked at."""
import json
import threading

import pytest

import gateway as gw
from test_revocation import until
from test_time import Download


def for_scripts(sections):
    sections["limits"]["drain_timeout"] = "0s"
    for name in ("wiki", "files"):
        sections["apps"][name]["service_tokens"] = True


@pytest.fixture
def world(fresh_gateway):
    gateway = fresh_gateway(for_scripts)
    account = gateway.add("sato")
    made = json.loads(gateway.cli("tokens", "create", "nightly", "--owner", "sato", "--apps", "wiki", "--json"))
    return gateway, account, made


def ask(gateway, value, app="wiki", path="/echo", field="Sekisho-Token", more=(), browser=None):
    shown = ("Authorization", f"Bearer {value}") if field == "Authorization" else (field, value)
    return (browser or gateway.browser()).request("GET", gateway.url(app, path), headers=[shown, *more], navigate=False)


@pytest.mark.parametrize("field", ["Sekisho-Token", "Authorization"])
def test_it_opens_its_apps_and_never_travels_on(world, upstreams, field):
    gateway, _, made = world
    value = made["token"]
    assert value.startswith("skt_")
    seen = ask(gateway, value, field=field)
    assert seen.status == 200 and value not in seen.text
    same = []
    for app in ("files", "chat"):  # not of its apps; an app that takes none
        upstreams[app].clear()
        answer = ask(gateway, value, app=app, field=field)
        assert answer.status == 401 and 'error="invalid_token"' in answer.header("WWW-Authenticate")
        assert upstreams[app].bytes == 0
        same.append(answer)
    same += [ask(gateway, value[:-1] + ("A" if value[-1] != "A" else "B"), field=field), ask(gateway, "skt_x", field=field)]
    bodies = {"".join(line for line in json.dumps({k: v for k, v in json.loads(a.body).items() if k != "request_id"})) for a in same}
    assert len(bodies) == 1, "why a token is refused is nobody's business"
    for place in gateway.folder.rglob("*"):
        if place.is_file() and place.stat().st_size < 50_000_000:
            assert value.encode() not in place.read_bytes(), f"the token's value is in {place.name}"
    assert value not in "".join(gateway.lines)


def test_never_beside_a_cookie_nor_on_the_portal(world):
    gateway, account, made = world
    browser = gateway.signed_in(account)
    assert ask(gateway, made["token"], browser=browser).status == 400
    assert ask(gateway, made["token"], app="portal", path="/").status in (400, 401)
    twice = ask(gateway, made["token"], more=[("Authorization", f"Bearer {made['token']}")])
    assert twice.status == 400
    other = ask(gateway, "an-app's-own", field="Authorization", browser=browser)
    assert other.status == 200 and "an-app's-own" in other.text, "a bearer that is not ours passes untouched"


@pytest.mark.parametrize("act", ["revoke", "disable", "expire"])
def test_its_end_reaches_what_is_open(world, act):
    gateway, account, _ = world
    made = json.loads(gateway.cli("tokens", "create", "short", "--owner", "sato", "--apps", "wiki", "--expires", "1h", "--json"))

    download = Download.__new__(Download)
    download.sock = gateway.raw(f"wiki.{gw.DOMAIN}", timeout=30)
    download.sock.sendall(f"GET /drip HTTP/1.1\r\nHost: {gateway.host('wiki')}\r\nSekisho-Token: {made['token']}\r\n\r\n".encode())
    download.data, download.ended = b"", None
    threading.Thread(target=download._read, daemon=True).start()
    assert download.alive()
    if act == "revoke":
        gateway.cli("tokens", "revoke", "short")
    elif act == "disable":
        gateway.cli("users", "disable", "sato")
    else:
        gateway.shift(3601)
    until(lambda: download.ended, 3, f"a download went on after {act}")
    assert ask(gateway, made["token"]).status == 401
    if act == "disable":
        gateway.cli("users", "enable", "sato")
        assert ask(gateway, made["token"]).status == 401, "a disabled owner's tokens are gone for good"


def test_what_makes_no_sense_is_refused_with_a_sentence(world):
    gateway, _, made = world
    for arguments in (("x", "--owner", "nobody", "--apps", "wiki"), ("x", "--owner", "sato", "--apps", "nowhere"),
                      ("x", "--owner", "sato", "--apps", "chat"), ("x", "--owner", "sato", "--apps", "wiki", "--expires", "soon"),
                      ("x", "--owner", "sato", "--apps", "wiki", "--expires", "9000d"), ("nightly", "--owner", "sato", "--apps", "wiki")):
        done = gateway.run_cli("tokens", "create", *arguments, "--config", gateway.config)
        assert done.returncode != 0 and done.stderr.strip() and "skt_" not in done.stdout, arguments
    listed = json.loads(gateway.cli("tokens", "list", "--json"))
    assert [row["name"] for row in listed] == ["nightly"] and "token" not in listed[0]
    assert ask(gateway, made["token"]).status == 200
    assert "service_token" in gateway.cli("audit", "search", "--user", "sato", "--json")


def test_it_outlives_a_kill(world):
    gateway, _, made = world
    gateway.kill()
    gateway.start()
    assert ask(gateway, made["token"]).status == 200
