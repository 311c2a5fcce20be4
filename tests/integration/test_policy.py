"""Goal: whoever changes rules sees before, during and after what the change does, and a calendar's day closes what is
open. Method: the real program: its policy verbs, a rule in shadow, going back to a generation, the settable clock."""
import datetime
import json
import time
import zoneinfo

import gateway as gw
import sekisho_client as client

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")


def candidate(gateway, change):
    """A second configuration beside the gateway's."""
    kept = json.dumps(gateway.setup.sections, default=str)
    change(gateway.setup.sections)
    path = gateway.folder / "candidate.yaml"
    path.write_text(gateway.setup.text())
    gateway.setup.sections = json.loads(kept)
    return path


def test_tools_name_what_they_find(fresh_gateway):
    gateway = fresh_gateway()
    tool = lambda *words: gateway.run_cli("policy", *words, "--json", "--config", gateway.config)
    lint = tool("lint", "--days", "7")
    found = {(f["id"], f["rule"]) for f in json.loads(lint.stdout)["findings"]}
    assert lint.returncode == 1 and ("no_factor", "staff") in found, lint.stdout
    assert all(f["witness"] for f in json.loads(lint.stdout)["findings"] if f["id"] != "names_nobody")

    def widen(sections):
        sections["rules"][2]["allow"]["paths"] = ["/book/", "/audit/"]

    diff = tool("diff", "--to", candidate(gateway, widen), "--days", "7")
    told = json.loads(diff.stdout)
    assert diff.returncode == 1 and told["lines"] == ["+ sato ledger GET /audit 168h00m of 7d"], diff.stdout
    assert tool("diff", "--to", gateway.config, "--days", "7").returncode == 0

    never = gateway.folder / "never.yaml"
    never.write_text('rules:\n  - {id: no-contractor, deny: {who: "kind:contractor", app: ledger}}\n'
                     '  - {id: no-put, deny: {who: any, app: ledger, methods: [PUT]}}\n'
                     '  - {id: no-chat, deny: {who: "kind:contractor", app: chat}}\n')
    prove = tool("prove", "--properties", never, "--days", "7")
    holds = {p["id"]: p["holds"] for p in json.loads(prove.stdout)["properties"]}
    assert prove.returncode == 1 and holds == {"no-contractor": True, "no-put": True, "no-chat": False}
    counter = json.loads(prove.stdout)["properties"][2]["counter_example"]
    assert counter["user"] == "ishii"
    shown = gateway.run_cli("explain", "--user", counter["user"], "--app", counter["app"], "--at", counter["at"],
                            "--from", counter["client"], "--config", gateway.config)
    assert shown.returncode == 0 and shown.stdout.startswith("allow"), shown.stdout

    cases = gateway.folder / "cases.yaml"
    cases.write_text('cases:\n  - {name: staff read, who: sato, app: wiki, from: "127.0.0.1", '
                     f'at: "{datetime.datetime.now(TOKYO).isoformat(timespec="seconds")}", expect: allow, rule: staff}}\n')
    test = tool("test", "--cases", cases)
    assert test.returncode == 0 and json.loads(test.stdout)["passed"] == 1, test.stdout + test.stderr
    assert "no-secret" in json.loads(test.stdout)["rules_of_no_case"]
    assert tool("test", "--cases", cases, "--strict").returncode == 1
    cases.write_text(cases.read_text().replace("expect: allow", "expect: deny"))
    assert tool("test", "--cases", cases).returncode == 1
    assert gateway.run_cli("--lang", "ja", "policy", "lint", "--days", "7", "--config", gateway.config).stdout.count("規則")


def test_what_if_judges_what_was_recorded(fresh_gateway):
    """R35: people are not named."""
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    for number in range(3):
        assert browser.request("GET", gateway.url("wiki", f"/secret/{number}")).status == 403
    time.sleep(1.5)

    def allow_secrets(sections):
        sections["rules"].pop()

    done = gateway.run_cli("policy", "what-if", "--candidate", candidate(gateway, allow_secrets), "--json", "--config",
                           gateway.config)
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["gained"] == 3 and told["lost"] == 0, done.stdout + done.stderr
    assert "sato" not in done.stdout and told["flips"][0]["rule"] == "staff"


def test_a_rule_in_shadow_is_counted_and_stops_nobody(fresh_gateway):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    gateway.setup.sections["rules"].append(
        {"id": "trial", "mode": "shadow", "deny": {"who": ["any"], "app": ["wiki"], "paths": ["/plans/"]}})
    gateway.write_config()
    gateway.reload(accept=True)
    for _ in range(4):
        assert browser.go(gateway.url("wiki", "/plans/a")).status == 200
    assert browser.go(gateway.url("wiki", "/other")).status == 200
    assert gateway.metric("sekisho_policy_shadow_flips_total", rule="trial", effect="deny") == 4


def test_going_back_to_a_generation(fresh_gateway):
    gateway = fresh_gateway()
    browser = gateway.signed_in(gateway.add("sato"))
    before = int(gateway.generation())
    gateway.setup.sections["rules"][0]["allow"]["app"] = ["wiki"]
    gateway.write_config()
    gateway.reload()
    assert browser.go(gateway.url("chat", "/")).status == 404
    refused = gateway.run_cli("reload", "--to", before, "--config", gateway.config)
    assert refused.returncode == 1, "going back to more access needs a word"
    gateway.cli("reload", "--to", before, "--accept")
    assert browser.go(gateway.url("chat", "/")).status == 200
    time.sleep(3)
    assert browser.go(gateway.url("chat", "/")).status == 200, "the files undid it by themselves"
    assert gateway.run_cli("reload", "--to", 99, "--config", gateway.config).returncode != 0
    gateway.reload()
    assert browser.go(gateway.url("chat", "/")).status == 404


def test_a_half_day_of_the_calendar_closes_an_open_websocket(fresh_gateway):
    """N15, N17: to the second, on what is open."""
    gateway = fresh_gateway()
    now = datetime.datetime.now(TOKYO)
    ends = min(now + datetime.timedelta(minutes=10), now.replace(hour=23, minute=59)).replace(second=0, microsecond=0)
    sections = gateway.setup.sections
    sections["calendars"] = {"own": {"base": "none", "weekend": "mon", "workdays": [str(now.date())],
                                     "half_days": [str(now.date())], "half_day_until": f"{ends:%H:%M}"}}
    sections["orgs"]["aoba"]["hours"] = [{"calendar": "own"}]
    gateway.write_config()
    gateway.reload(accept=True)
    browser = gateway.signed_in(gateway.add("ishii"))
    room = client.WebSocket(browser, gateway.url("wiki", "/room"))
    left = ends.timestamp() - time.time()
    gateway.shift(left - 6)
    room.send("still here")
    assert room.receive() == (1, b"still here")
    spent = room.wait_for_end(12)
    assert spent is not None, "the half day ended and the WebSocket did not"
    assert browser.request("GET", gateway.url("wiki", "/")).status in (303, 403), "the session ends with the window"


def test_a_rule_says_in_its_own_words_why(fresh_gateway):
    gateway = fresh_gateway()
    for rule in gateway.setup.sections["rules"]:
        if rule["id"] == "no-secret":
            rule["reason"] = {"ja": "監査部だけが <b>開けます</b>", "en": "Only <b>audit</b> may open this"}
    gateway.write_config()
    gateway.reload()
    page = gateway.signed_in(gateway.add("sato")).go(gateway.url("wiki", "/secret/1"))
    assert page.status == 403
    text = page.text if isinstance(page.text, str) else page.body.decode()
    assert "&lt;b&gt;" in text and ("監査部" in text or "audit" in text) and "no-secret" not in text
