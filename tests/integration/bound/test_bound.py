"""Goal: access to what is open ends within the published second, whatever ends it, and nobody else notices.
Method: clients, gateway and app in processes of their own; idle connections, downloads, uploads and WebSockets of the
person whose access ends and of somebody else, and an HTTP/2 connection that both share; each trigger in turn (idleness
and a session's longest life need minutes: test_revocation.py ends them by the test clock). SEKISHO_BOUND=idle,busy sets the size (10,000 and
1,000 for the published figure; `./dev bound`); SEKISHO_BOUND_TABLE names a file for the table."""
import datetime
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import threading
import time
import zoneinfo

import pytest

import gateway as gw
import http2_client
import sekisho_client as client

HERE = pathlib.Path(__file__).resolve().parent
IDLE, BUSY = (int(n) for n in os.environ.get("SEKISHO_BOUND", "800,200").split(","))
BOUND = 1.0  # seconds, docs/revocation.md
PACE = 0.5
TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
STREAMS = max(BUSY // 50, 4)  # of one HTTP/2 connection
# What ends access, and how sekisho_revocation_seconds names it.
TRIGGERS = {"sign-out": "sign_out", "ended by the person": "ended_by_person", "ended by ops": "ended_by_ops",
            "account disabled": "account", "factors reset": "credentials", "password changed": "credentials",
            "device lost": "device", "newer session": "session_count", "rule narrowed": "policy", "group changed": "policy",
            "kind changed": "policy", "contract shortened": "policy", "hours": "hours", "factor age": "factor_age"}
KINDS = {"newer session": "ops", "contract shortened": "contractor"}


class Holder:
    def __init__(self, gateway):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "holder.py"), str(gateway.https), f"wiki.{gw.DOMAIN}", str(gateway.ca), str(PACE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, do, **more):
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, (do, more.get("group"), more.get("kind"), answer)
        return answer

    def busy(self, group):
        return [row for row in self("report")["rows"] if row["group"] == group and row["kind"] != "idle"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(scope="module")
def app():
    process = subprocess.Popen([sys.executable, str(HERE / "slow_app.py"), str(PACE)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.stdin.close()
    process.wait(30)


@pytest.fixture(scope="module")
def world(app, certs):
    need = IDLE + 4 * BUSY + 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= need, f"the test needs {need} descriptors, the limit is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = {f"guest{i}": KINDS.get(trigger, "staff") for i, trigger in enumerate(TRIGGERS)}

    def setup(sections):
        sections["limits"].update(connections=IDLE + 4 * BUSY + 1000, connections_per_address=IDLE + 4 * BUSY,
                                  handshake_rate=0, handshakes_per_address=IDLE + 4 * BUSY,
                                  keep_alive_timeout="1h", body_min_rate="0B", drain_timeout="0s",
                                  upstream_idle_per_worker=64)
        sections["orgs"]["over"] = {**sections["orgs"]["aoba"], "name": {"ja": "旧社", "en": "Former"},
                                    "contract": {"from": datetime.date(2020, 4, 1), "to": datetime.date(2021, 3, 31)}}
        sections["sessions"] = {"ops": {"concurrent": 1}}
        for name, kind in names.items():
            sections["people"][name] = {"kind": kind, "groups": [name], "name": {"ja": name, "en": name}}
            if kind == "contractor":
                sections["people"][name]["org"] = "aoba"
            sections["groups"][name] = {"ja": name, "en": name}
        sections["rules"] = [{"id": "all", "allow": {"who": ["user:sato"], "app": ["wiki"]}}] + [
            {"id": name, "allow": {"who": [f"group:{name}"], "app": ["wiki"]}} for name in names]

    ports = {name: app for name in ("wiki", "files", "chat", "ledger")}
    with gw.Gateway(ports, certs, setup) as gateway:
        people = {name: gateway.add(name) for name in ["sato", *names]}
        holder = Holder(gateway)
        other = gateway.signed_in(people["sato"])
        cookie = cookie_of(other)
        holder("open", group="others", kind="idle", count=IDLE // 2, cookie=cookie)
        open_busy(holder, "others", cookie)
        yield gateway, holder, people, other
        holder.stop()


def cookie_of(browser):
    return browser.jar.header(f"wiki.{gw.DOMAIN}", "/")


class SharedWire:
    """One HTTP/2 connection that two people share: downloads of one, and one of the other; read by a thread."""

    class Connection(http2_client.Connection):
        def take(self, kind, flags, number, payload):
            super().take(kind, flags, number, payload)
            if kind in (http2_client.DATA, http2_client.RESET) and number in self.streams:
                self.streams[number].last = time.monotonic()

    def __init__(self, gateway, browser, other):
        self.wire = self.Connection(gateway, "wiki")
        self.ending = [self.wire.streams[self.wire.request(browser, path="/drip")] for _ in range(STREAMS)]
        self.staying = self.wire.streams[self.wire.request(other, path="/drip")]
        assert self.wire.until(lambda: all(one.received for one in [*self.ending, self.staying]))
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.stopping.is_set() and not self.wire.closed:
            self.wire.read(0.2)

    def open(self):
        return [one for one in self.ending if one.reset is None]

    def stop(self):
        self.stopping.set()
        self.thread.join(10)
        self.wire.close()


def open_busy(holder, group, cookie):
    for kind, share in (("download", 0.4), ("upload", 0.3), ("websocket", 0.3)):
        holder("open", group=group, kind=kind, count=round(BUSY / 2 * share), cookie=cookie)


def change_rules(gateway, change):
    change(gateway.setup.sections)
    gateway.write_config()
    gateway.reload(accept=True)


def local(moment):
    return datetime.datetime.fromtimestamp(moment, TOKYO)


def hours_until(moment):
    return [{"hours": {"days": "mon-sun", "from": "00:00", "to": local(moment).strftime("%H:%M")}}]


def rule_of(sections, name):
    return next(rule for rule in sections["rules"] if rule["id"] == name)["allow"]


# Each gives the moment from which the bound counts: when the act was sent, or when access runs out by itself.
def act(gateway, name, trigger, browser, account):
    def now_and(do):
        began = time.monotonic()
        do()
        return began

    if trigger == "sign-out":
        return now_and(lambda: client.sign_out(browser, gateway.url("portal")))
    if trigger == "ended by the person":
        other = gateway.browser()
        client.sign_in(other, account, gateway.url("portal"))
        page = other.go(gateway.url("portal", "/.sekisho/sessions"))
        form = next(form for form in page.forms() if "others" in dict(form.fill()))
        return now_and(lambda: other.submit(page, form, form.fill()))
    if trigger == "device lost":
        other = gateway.browser()
        client.sign_in(other, account, gateway.url("portal"))
        page = other.go(gateway.url("portal", "/.sekisho/sessions"))
        form = next(form for form in page.forms() if "lost" in dict(form.fill()))
        return now_and(lambda: other.submit(page, form, form.fill()))
    if trigger == "ended by ops":
        return now_and(lambda: gateway.cli("sessions", "end", "--user", name, "--reason", "test"))
    if trigger == "account disabled":
        return now_and(lambda: gateway.cli("users", "disable", name))
    if trigger == "factors reset":
        return now_and(lambda: gateway.cli("users", "reset-factors", name))
    if trigger == "password changed":
        other = gateway.browser()
        client.sign_in(other, account, gateway.url("portal"))
        page = other.go(gateway.url("portal", "/.sekisho/account"))
        form = client.find_form(page, "new-password")
        return now_and(lambda: other.submit(page, form, form.fill(
            current_password=account.password, new_password="another long password 7", password="another long password 7")))
    if trigger == "newer session":
        newer, moments = gateway.browser(), []
        submit = newer.submit
        newer.submit = lambda *form: (moments.append(time.monotonic()), submit(*form))[1]
        client.sign_in(newer, account, gateway.url("portal"))
        return moments[-1]  # with the last form the session begins
    if trigger == "kind changed":
        return now_and(lambda: change_rules(gateway, lambda s: s["people"][name].update(kind="contractor", org="over")))
    if trigger == "contract shortened":
        yesterday = (datetime.datetime.now(TOKYO) - datetime.timedelta(days=1)).date()
        return now_and(lambda: change_rules(gateway, lambda s: s["orgs"]["aoba"]["contract"].update(to=yesterday)))
    if trigger == "rule narrowed":
        return now_and(lambda: change_rules(gateway, lambda s: s["rules"].remove(
            next(rule for rule in s["rules"] if rule["id"] == name))))
    if trigger == "group changed":
        return now_and(lambda: change_rules(gateway, lambda s: s["people"][name].update(groups=[])))
    if trigger == "hours":
        end = (int(time.time() + 20) // 60 + 1) * 60
        assert local(end).strftime("%H:%M") != "00:00", "midnight in Tokyo: run this again"
        change_rules(gateway, lambda s: rule_of(s, name).update({"if": hours_until(end)}))
        return time.monotonic() + end - time.time()
    assert trigger == "factor age"
    # The proof's age is counted in whole seconds from sign-in; the gateway says when it runs out.
    proven = datetime.datetime.fromisoformat(json.loads(gateway.cli(
        "sessions", "list", "--user", name, "--json"))[0]["created"].replace("Z", "+00:00")).timestamp()
    age = int(time.time() - proven) + 12
    change_rules(gateway, lambda s: rule_of(s, name).update({"if": [{"mfa": {"strength": "otp", "max_age": f"{age}s"}}]}))
    return time.monotonic() + proven + age - time.time()


table = []


def ended_by(gateway, trigger):
    return gateway.metric("sekisho_revocation_seconds_count", trigger=TRIGGERS[trigger])


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_access_ends_within_the_bound(world, trigger):
    gateway, holder, people, other = world
    place = list(TRIGGERS).index(trigger)
    name = f"guest{place}"
    browser = gateway.signed_in(people[name])
    cookie = cookie_of(browser)
    if place == 0:
        holder("open", group="victims", kind="idle", count=IDLE // 2, cookie=cookie)
    assert holder("probe", group="victims", cookie=cookie)["statuses"] == {"closed": 0, "200": IDLE // 2}
    open_busy(holder, name, cookie)
    assert sum(row["open"] for row in holder.busy(name)) == BUSY // 2
    wire = SharedWire(gateway, browser, other)
    counted = ended_by(gateway, trigger)

    began = act(gateway, name, trigger, browser, people[name])
    deadline = max(began, time.monotonic()) + 5
    while (any(row["open"] for row in holder.busy(name)) or wire.open()) and time.monotonic() < deadline:
        time.sleep(0.1)
    rows = holder.busy(name)
    left = {row["kind"]: row["open"] for row in rows if row["open"]}
    assert not left and not wire.open(), f"still open five seconds later: {left}, {len(wire.open())} streams"
    took = sorted([last - began for row in rows for last in row["lasts"]] + [one.last - began for one in wire.ending])
    table.append((trigger, len(took), took[len(took) // 2], took[-1]))
    assert took[0] > -0.1, f"ended {-took[0]:.2f} s early"
    assert took[-1] <= BOUND, f"the slowest of {len(took)} took {took[-1]:.3f} s"
    assert ended_by(gateway, trigger) - counted == BUSY // 2 + STREAMS, "the gateway's own account names what ended it"

    # The next request on each of their connections is denied; the connections are nobody's and stay.
    statuses = holder("probe", group="victims", cookie=cookie)["statuses"]
    assert set(statuses) <= {"closed", "401", "403", "404"} and statuses["closed"] == 0, statuses
    # Nobody else noticed.
    others = [row for row in holder("report")["rows"] if row["group"] == "others"]
    assert all(row["ended"] == 0 for row in others), others
    assert min(row["quietest"] for row in others if row["kind"] in ("download", "websocket")) > time.monotonic() - 4 * PACE - 1
    assert wire.staying.reset is None and wire.staying.last > time.monotonic() - 4 * PACE - 1 and not wire.wire.closed
    wire.stop()
    holder("forget", group=name)


def test_others_were_served_throughout_and_the_metric_agrees(world):
    gateway, holder, _, other = world
    assert holder("probe", group="others", cookie=cookie_of(other))["statuses"] == {"closed": 0, "200": IDLE // 2}
    samples = gateway.metrics()

    def total(name, **labels):
        return sum(value for (metric, found), value in samples.items()
                   if metric == name and labels.items() <= dict(found).items())

    # The gateway's own account of it: everything that ended took less than the bound.
    counted = total("sekisho_revocation_seconds_count")
    assert counted >= len(TRIGGERS) * (BUSY // 2 + STREAMS)
    within = total("sekisho_revocation_seconds_bucket", le="1") or total("sekisho_revocation_seconds_bucket", le="1.0")
    assert within == counted
    # No turn of a worker spent more than 5 ms of its own processor time on asking again.
    turns = total("sekisho_review_turn_seconds_count")
    # Held for what is shipped (`./dev bound`); other builds are slower by their checks.
    short = total("sekisho_review_turn_seconds_bucket", le="0.005" if "SEKISHO_BOUND_TABLE" in os.environ else "0.1")
    assert turns >= len(TRIGGERS) and short == turns, f"{turns - short:.0f} of {turns:.0f} turns were longer"
    where = os.environ.get("SEKISHO_BOUND_TABLE")
    lines = [f"{trigger:<22} {count:>5} ended, median {median * 1000:7.0f} ms, slowest {slowest * 1000:7.0f} ms"
             for trigger, count, median, slowest in table]
    print("\n".join(lines))
    if where:
        pathlib.Path(where).write_text("\n".join(lines) + "\n")
