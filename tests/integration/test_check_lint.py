"""Goal: `sekisho check` shows dangers with place and remedy, to people, programs and code review, in both languages;
dangers no gateway may run with keep it from starting and from reloading.
Method: the real binary over the examples of the lint, and over a gateway's own configuration with one thing changed."""
import json
import subprocess

import gateway as gw



def check(path, *options):
    return subprocess.run([gw.binary(), "check", "--config", path, *options], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def ids(path, *options):
    return [finding["id"] for finding in json.loads(check(path, "--json", *options).stdout)]


def changed(gateway, change):
    """The gateway's own configuration beside it, with one change."""
    change(gateway.setup.sections)
    beside = gateway.folder / "changed.yaml"
    beside.write_text(gateway.setup.text())
    return beside


def test_a_danger_is_shown_with_place_remedy_and_id(ports, certs, fresh_gateway):
    running = fresh_gateway()
    path = changed(running, lambda s: s["upstreams"].update(wiki={"url": "http://10.9.8.7:80"}))
    english, japanese = check(path), check(path, "--lang", "ja")
    assert english.returncode == 0, "a warning alone is no failure"
    assert "warning: 10.9.8.7 is told who comes" in english.stderr and "[identity-over-plain-text]" in english.stderr
    assert "remedy: use https://" in english.stderr and "^" in english.stderr
    assert "注意: 10.9.8.7 には" in japanese.stderr and "対処: https://" in japanese.stderr
    assert check(path, "--strict").returncode == 1
    # Accepted with a reason and a date, it is not shown; after that date it is again.
    accept = {"rule": "identity-over-plain-text", "at": "upstreams.wiki", "reason": "the cable ends in the same rack"}
    path = changed(running, lambda s: s.update(accept=[{**accept, "until": "2099-01-01"}]))
    assert "identity-over-plain-text" not in ids(path) and "acceptance-far" in ids(path)
    path = changed(running, lambda s: s.update(accept=[{**accept, "until": "2020-01-01"}]))
    assert {"identity-over-plain-text", "acceptance-over"} <= set(ids(path))


def test_sarif_has_what_its_schema_requires(ports, certs, fresh_gateway):
    running = fresh_gateway()
    path = changed(running, lambda s: s["portal"].update(hsts=False))
    log = json.loads(check(path, "--sarif").stdout)
    assert log["version"] == "2.1.0" and len(log["runs"]) == 1
    driver = log["runs"][0]["tool"]["driver"]
    rules = driver["rules"]
    assert driver["name"] and len(rules) >= 40 and len({r["id"] for r in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        if "helpUri" in rule:
            page = gw.ROOT / "docs" / "lint" / rule["helpUri"].rsplit("/", 1)[1]
            assert rule["helpUri"].startswith("file:///") and page.exists(), page
    results = log["runs"][0]["results"]
    found = next(r for r in results if r["ruleId"] == "hsts-off")
    place = found["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] > 1 and place["region"]["startColumn"] >= 1
    assert place["artifactLocation"]["uri"].endswith("/changed.yaml")
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] and result["message"]["text"]


def test_errors_of_the_lint_keep_a_gateway_from_starting_and_reloading(ports, certs, fresh_gateway):
    running = fresh_gateway()
    good = running.config.read_text()
    dangerous = changed(running, lambda s: s["upstreams"].update(wiki={"url": "https://169.254.169.254"}))
    running.write_config(dangerous.read_text())
    refused = running.run_cli("reload", "--config", running.config, "--accept")
    assert refused.returncode == 1 and "upstream-link-local" in refused.stderr
    running.write_config(good)
    assert running.run_cli("reload", "--config", running.config, "--accept").returncode == 0
    done = running.run_cli("serve", "--config", dangerous)
    assert done.returncode == 2 and "[upstream-link-local]" in done.stderr


def test_the_whole_corpus_is_refused_or_warned_of():
    for path in sorted((gw.ROOT / "tests" / "config" / "corpus").glob("*.yaml")):
        done = check(path, "--json", "--strict")
        assert done.returncode == 1, f"{path.name}: {done.returncode} {done.stderr}"
        assert json.loads(done.stdout), path.name
