"""Goal: a file of people is added whole or not at all, and each added person gets in. Method: the command line
with files that are right, wrong in several lines, and partly there already."""
import csv
import io
import json
import subprocess

import gateway as gw
import sekisho_client as client

HEADER = "account,kind,groups,org,name,mail,language\n"


def run(gateway, *words, code=0):
    done = subprocess.run([str(gateway.program), "users", *words, "--config", str(gateway.config)], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def names(gateway):
    return {user["name"] for user in json.loads(gateway.cli("users", "list", "--json"))}


def test_everybody_or_nobody(fresh_gateway, tmp_path):
    gateway = fresh_gateway()
    gateway.add("sato")
    people = tmp_path / "people.csv"
    people.write_text(HEADER + "suzuki,,,,,,\nsato,,,,,,\nnobody here,staff,,,,,\nendo,staff,no-such-group,,,,\n")
    done = run(gateway, "import", str(people), code=1)
    for line in (3, 4, 5):
        assert f"people.csv:{line}: " in done.stderr, done.stderr
    assert "people.csv:2: " not in done.stderr and names(gateway) == {"sato"}

    people.write_text(HEADER + 'suzuki,,,,,,\nnewcomer,staff,,,"Newcomer, A.",,en\n')
    done = run(gateway, "import", str(people), "--dry-run")
    assert "newcomer" in done.stdout and "Newcomer, A." in done.stdout and names(gateway) == {"sato"}
    run(gateway, "import", str(people), code=1)
    assert names(gateway) == {"sato"}, "somebody without a place in the configuration would have no access"

    people.write_text(HEADER + "suzuki,,,,,,\nishii,,,,,,\n")
    done = run(gateway, "import", str(people))
    links = {row["account"]: row["link"] for row in csv.DictReader(io.StringIO(done.stdout))}
    assert set(links) == {"suzuki", "ishii"} and names(gateway) == {"sato", "suzuki", "ishii"}
    account = client.activate(gateway.browser(), links["suzuki"], "suzuki", "three blind mice run", lambda: 0.0)
    assert gateway.signed_in(account)
    run(gateway, "import", str(people), code=1)


def test_search_finds_by_a_part_of_the_name(fresh_gateway):
    gateway = fresh_gateway()
    for name in ("sato", "suzuki"):
        gateway.cli("users", "add", name)
    gateway.cli("users", "disable", "suzuki")
    found = lambda *words: {user["name"] for user in json.loads(run(gateway, "search", *words, "--json").stdout)}
    assert found("S") == {"sato", "suzuki"}
    assert found("uz") == {"suzuki"}
    assert found("s", "--status", "disabled") == {"suzuki"}
    assert "Nothing matches" in run(gateway, "search", "xyz", code=1).stdout
