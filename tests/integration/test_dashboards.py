"""Goal: whoever is on duty can trust what they look at: each metric that a rule, dashboard or runbook names is one
the real program shows, each alert fires and stays quiet when it should, and each has its page in both languages.
Method: Debian's promtool and Prometheus over the committed files and a gateway that has seen every kind of traffic."""
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse

import pytest
import yaml

import gateway as gw
import sekisho_client as client
from upstreams import Upstream

ROOT = gw.ROOT
sys.path.insert(0, str(ROOT / "docker" / "demo"))
import watch  # noqa: E402

FILES = ROOT / "docker" / "prometheus"
DASHBOARDS = sorted((ROOT / "docker" / "grafana" / "dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs" / "runbooks"
RULES = [rule for group in yaml.safe_load((FILES / "rules.yml").read_text())["groups"] for rule in group["rules"]]
NAME = re.compile(r"\b(?:sekisho|process)_[a-z_]+\b")


def promtool(*arguments, **more):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120, **more)


def until(true, seconds, what):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def expressions(dashboard):
    return [target["expr"] for panel in json.loads(dashboard.read_text())["panels"] for target in panel["targets"]]


def plain(expression):
    """An expression as Grafana would send it, with every choice open."""
    return expression.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$app", ".*")


def nonsense(connection):
    connection.request()
    connection.send("this is no answer\r\n\r\n")


@pytest.fixture(scope="module")
def busy(ports, certs):
    """A gateway after one of everything that is counted under a label."""
    broken = Upstream(nonsense)
    with gw.Gateway(dict(ports, chat=broken.port), certs, lambda s: s["limits"].update(drain_timeout="0s")) as gateway:
        browser = gateway.signed_in(gateway.add("sato"))
        assert browser.request("GET", gateway.url("wiki")).status == 200
        assert browser.request("GET", gateway.url("wiki", "/secret/")).status == 403
        assert browser.go(gateway.url("chat")).status == 502
        host = gateway.host("wiki")
        assert gw.statuses(gateway.exchange_raw("wiki", f"GET / HTTP/1.1\r\nHost: {host}\r\nX: {'x' * 200000}\r\n\r\n")) == [431]
        room = client.WebSocket(browser, gateway.url("wiki", "/room"))
        assert room.status == 101
        client.sign_out(browser, gateway.url("portal"))
        assert room.wait_for_end(5) is not None
        suzuki = gateway.signed_in(gateway.add("suzuki"))
        stays = client.WebSocket(suzuki, gateway.url("wiki", "/room"))
        assert stays.status == 101
        yield gateway
        stays.close()
    broken.close()


@pytest.fixture(scope="module")
def shown(busy):
    deadline = time.monotonic() + 5
    while True:
        status, text = client.fetch_plain(busy.ops, "/metrics")
        assert status == 200
        if "sekisho_tunnels_open{" in text:  # workers tell what they count once a second
            break
        assert time.monotonic() < deadline, "the open WebSocket is not counted"
        time.sleep(0.1)
    return text, {name for name, _ in client.parse_metrics(text)}


# --- the scrape ------------------------------------------------------------------------------

def test_promtool_has_nothing_to_say_about_a_scrape(shown):
    done = promtool("check", "metrics", input=shown[0])
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def test_what_saturates_is_shown_beside_its_limit(busy):
    """The answer to "what saturates first" needs each load and its limit."""
    for worker in ("0", "1"):
        assert 0 <= busy.metric("sekisho_worker_busy_ratio", worker=worker) <= 1
    assert busy.metric("sekisho_connections_limit") == 20000
    assert 0 < busy.metric("sekisho_connections_open", listener="https") <= 20000
    for queue in ("audit", "hashing", "pages"):
        assert busy.metric("sekisho_queue_capacity", queue=queue) > busy.metric("sekisho_queue_depth", queue=queue) >= 0
    assert 0 < busy.metric("process_open_fds") < busy.metric("process_max_fds")
    assert 0 < busy.metric("process_resident_memory_bytes") < busy.metric("process_memory_limit_bytes")
    assert 0 <= busy.metric("sekisho_hash_pool_utilisation_ratio") <= 1


def test_counters_of_few_series_are_there_before_they_count(shown):
    """increase() cannot see a series that begins at 1."""
    samples = client.parse_metrics(shown[0])
    assert samples[("sekisho_config_reloads_total", frozenset({("result", "refused")}))] == 0
    assert samples[("sekisho_factor_attempts_total", frozenset({("factor", "otp"), ("result", "replayed")}))] == 0


# --- rules -----------------------------------------------------------------------------------

def test_promtool_accepts_configuration_and_rules():
    for kind, name in (("config", "prometheus.yml"), ("rules", "rules.yml")):
        done = promtool("check", kind, FILES / name)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_and_stays_quiet():
    done = promtool("test", "rules", FILES / "rules_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [case for test in yaml.safe_load((FILES / "rules_test.yml").read_text())["tests"] for case in test["alert_rule_test"]]
    firing = {case["alertname"] for case in cases if case["exp_alerts"]}
    quiet = {case["alertname"] for case in cases if not case["exp_alerts"]}
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) >= 12
    assert firing == quiet == set(names)


def test_a_wrong_rule_would_be_noticed(tmp_path):
    for name in ("rules.yml", "rules_test.yml"):
        (tmp_path / name).write_text((FILES / name).read_text().replace('up{job="sekisho"} == 0', 'up{job="sekisho"} == 1'))
    assert promtool("test", "rules", tmp_path / "rules_test.yml").returncode != 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_has_its_page_in_both_languages(rule):
    page = ROOT / rule["annotations"]["runbook_url"]
    assert page.name.endswith(".en.md") and rule["annotations"]["summary_ja"]
    for path, headings in ((page, ("What it means", "Look", "Do", "Afterwards")),
                           (page.with_name(page.name.replace(".en.", ".ja.")), ("意味", "確認", "対応", "そのあとで"))):
        text = path.read_text()
        assert text.startswith(f"# {rule['alert']}"), path.name
        assert all(f"\n## {heading}\n" in text for heading in headings), path.name


def test_no_page_is_without_an_alert():
    wanted = {pathlib.Path(rule["annotations"]["runbook_url"]).name for rule in RULES}
    assert {path.name for path in RUNBOOKS.glob("*.en.md")} == wanted


def test_runbooks_name_commands_that_exist(shared):
    helped = {}
    for page in sorted(RUNBOOKS.glob("*.md")):
        for words in re.findall(r"`sekisho ([a-z -]+)", page.read_text()):
            verb = [w for w in words.split() if re.fullmatch(r"[a-z-]+", w) and not w.startswith("-")]
            options = re.findall(r"--[a-z-]+", words)
            key = tuple(verb[:2]) if verb[0] in ("users", "sessions", "audit", "tokens") else tuple(verb[:1])
            if key not in helped:
                done = shared.run_cli(*key, "--help")
                assert done.returncode == 0, f"{page.name}: sekisho {' '.join(key)}"
                helped[key] = done.stdout
            missing = [option for option in options if option not in helped[key]]
            assert not missing, f"{page.name}: sekisho {' '.join(key)} {missing}"


# --- dashboards ------------------------------------------------------------------------------

def test_there_are_three_dashboards_with_titles_in_both_languages():
    assert [path.stem for path in DASHBOARDS] == ["access", "headroom", "traffic"]
    titles = [panel["title"] for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]
    assert len(titles) > 40
    assert [title for title in titles if " / " not in title] == []
    assert len({json.loads(path.read_text())["uid"] for path in DASHBOARDS}) == 3


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_expression_parses(dashboard, tmp_path):
    """promtool reads no lone expression, so each becomes a recording rule."""
    rules = [{"record": f"panel:{number}", "expr": plain(expression)} for number, expression in enumerate(expressions(dashboard))]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
    rules[0]["expr"] += ")"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert promtool("check", "rules", file).returncode != 0


def test_every_metric_named_is_one_the_program_shows(shown):
    texts = {path.name: " ".join(expressions(path)) for path in DASHBOARDS}
    texts |= {rule["alert"]: rule["expr"] for rule in RULES}
    missing = {(where, name) for where, text in texts.items() for name in NAME.findall(text) if name not in shown[1]}
    assert not missing, sorted(missing)
    families = set(re.findall(r"^# TYPE (\S+)", shown[0], re.M))
    missing = {(path.name, name) for path in RUNBOOKS.glob("*.md") for name in NAME.findall(path.read_text()) if name not in families}
    assert not missing, sorted(missing)


# --- the real Prometheus -----------------------------------------------------------------------

def ask(port, path, **parameters):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"/api/v1/{path}?" + urllib.parse.urlencode(parameters))
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    assert answer["status"] == "success", answer
    return answer["data"]


@pytest.fixture(scope="module")
def prometheus(busy, tmp_path_factory):
    """As ./dev demo --with-prometheus starts it, but asking every second."""
    folder, port = tmp_path_factory.mktemp("prometheus"), watch.port_for(0)
    watch.lay_out(folder, busy.ops)
    config = folder / "prometheus.yml"
    config.write_text(config.read_text().replace("interval: 15s", "interval: 1s"))
    process = subprocess.Popen(watch.command(folder, port), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def seen():
        assert process.poll() is None, process.stderr.read().decode()
        try:
            found = ask(port, "query", query='count_over_time(up{job="sekisho"}[1m])')["result"]
            return found and float(found[0]["value"][1]) >= 4
        except (OSError, ValueError):  # not there yet, or still reading its own files
            return False

    try:
        until(seen, 60, "Prometheus did not scrape the gateway")
        yield port
    finally:
        process.terminate()
        process.wait(20)


def test_the_real_prometheus_scrapes_and_judges(prometheus):
    assert float(ask(prometheus, "query", query='up{job="sekisho"}')["result"][0]["value"][1]) == 1
    until(lambda: all(rule["health"] == "ok" for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]), 30, "rules were not evaluated")
    assert sum(len(group["rules"]) for group in ask(prometheus, "rules")["groups"]) == len(RULES)


def test_every_panel_shows_something(prometheus):
    """Each panel has data after ordinary traffic, but for what counts trouble that did not happen."""
    empty = []
    for dashboard in DASHBOARDS:
        for panel in json.loads(dashboard.read_text())["panels"]:
            queries = [plain(target["expr"]).replace("[5m]", "[30s]") for target in panel["targets"]]
            if not any(ask(prometheus, "query", query=query)["result"] for query in queries):
                empty.append(f"{dashboard.stem}: {panel['title']}")
    assert not empty, empty


# --- containers ------------------------------------------------------------------------------

def test_compose_mounts_what_exists_and_its_configuration_is_valid(tmp_path):
    """No image can be pulled here: what can be known without one is checked."""
    folder = ROOT / "docker" / "compose"
    state = tmp_path / "state"
    subprocess.run([folder / "prepare.sh", state], check=True, capture_output=True)
    services = yaml.safe_load((folder / "compose.yml").read_text())["services"]
    assert {"gateway", "wiki-and-files", "chat", "prometheus", "grafana"} <= set(services)
    for service in services.values():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
        for mount in service.get("volumes", []):
            source = mount.split(":")[0].replace("${SEKISHO_STATE}", str(state))
            assert (folder / source).exists(), mount
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "nothing is published beyond this machine"
    # The same files, with the places they have here instead of inside the container.
    for path in (state / "etc").rglob("*.yaml"):
        path.write_text(path.read_text().replace("/var/lib/sekisho", str(state / "var")))
    done = subprocess.run([gw.binary(), "init", "--dir", state / "var"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([gw.binary(), "check", "--config", state / "etc" / "sekisho.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    targets = json.loads((FILES / "targets.json").read_text())[0]["targets"]
    assert targets == [re.search(r'ops:\s+listen: "([^"]+)"', (state / "etc/conf.d/here.yaml").read_text())[1]]
    source = yaml.safe_load((ROOT / "docker/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert all(source["uid"] in path.read_text() for path in DASHBOARDS)


def test_a_taken_port_gives_another():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        taken = held.getsockname()[1]
        assert watch.port_for(taken) != taken
