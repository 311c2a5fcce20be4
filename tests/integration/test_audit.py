"""Goal: whoever edits the record is found out, by name of the damage.
Method: a real gateway writes it, stops, and copies of its folder are damaged one way each."""
import json
import shutil
import time

import pytest

import gateway as gw


@pytest.fixture(scope="module")
def record(ports, certs, tmp_path_factory):
    """The folder of a gateway that has stopped after some decisions."""
    gateway = gw.Gateway(ports, certs).start()
    browser = gateway.signed_in(gateway.add("sato"))
    for number in range(5):
        browser.request("GET", gateway.url("wiki", f"/secret/{number}"))
    browser.request("GET", gateway.url("ledger", "/book/"))
    time.sleep(1.5)
    kept = tmp_path_factory.mktemp("record") / "gateway"
    gateway.process.terminate()
    gateway.process.wait(40)
    shutil.copytree(gateway.folder, kept)
    program = gateway.program
    shutil.rmtree(gateway.folder)
    return program, kept


class Copy:
    def __init__(self, record, tmp_path):
        import subprocess
        self.run, self.program = subprocess.run, record[0]
        self.folder = tmp_path / "gateway"
        shutil.copytree(record[1], self.folder)
        self.segment = sorted((self.folder / "data/audit").glob("audit-*.jsonl"))[-1]
        self.lines = self.segment.read_text().splitlines(keepends=True)

    def write(self, lines):
        self.segment.write_text("".join(lines))

    def verify(self):
        done = self.run([str(self.program), "audit", "verify", "--config", str(self.folder / "sekisho.yaml")], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def test_untouched_record_verifies(record, tmp_path):
    code, words = Copy(record, tmp_path).verify()
    assert code == 0, words


DAMAGES = {
    "altered": lambda lines, n: lines[:n] + [lines[n].replace('"', "'", 1) if '"event"' not in lines[n] else lines[n].replace('"event":"', '"event":"x', 1)] + lines[n + 1:],
    "dropped": lambda lines, n: lines[:n] + lines[n + 1:],
    "reordered": lambda lines, n: lines[:n] + [lines[n + 1], lines[n]] + lines[n + 2:],
    "inserted": lambda lines, n: lines[:n + 1] + [lines[n]] + lines[n + 1:],
    "cut": lambda lines, n: lines[:n],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named(record, tmp_path, damage):
    copy = Copy(record, tmp_path)
    assert len(copy.lines) > 6
    copy.write(DAMAGES[damage](copy.lines, len(copy.lines) // 2))
    code, words = copy.verify()
    assert code == 1, words
    assert damage in words.lower(), words


def test_every_byte_counts(record, tmp_path):
    """One flipped bit anywhere in one line is found."""
    copy = Copy(record, tmp_path)
    target = len(copy.lines) // 2
    line = copy.lines[target].rstrip("\n")
    for position in range(0, len(line), max(1, len(line) // 12)):
        changed = line[:position] + chr(ord(line[position]) ^ 1) + line[position + 1:]
        copy.write(copy.lines[:target] + [changed + "\n"] + copy.lines[target + 1:])
        code, words = copy.verify()
        assert code == 1, (position, words)


def test_forged_checkpoint_is_refused(record, tmp_path):
    copy = Copy(record, tmp_path)
    checkpoints = copy.folder / "checkpoints.log"
    data = bytearray(checkpoints.read_bytes())
    data[-10] ^= 1
    checkpoints.write_bytes(bytes(data))
    code, words = copy.verify()
    assert code == 1, words


def test_record_names_nobody_in_plain(record):
    """R21: personal values are encrypted with a person's key; only a search with the key shows them."""
    for path in (record[1] / "data/audit").glob("*.jsonl"):
        text = path.read_text()
        assert "sato" not in text and "127.0.0.1" not in text


def test_search_finds_by_person_app_and_event(shared, people, sato):
    sato.request("GET", shared.url("wiki", "/secret/searched"))
    time.sleep(1.2)
    out = shared.cli("audit", "search", "--user", "sato", "--app", "wiki", "--json")
    rows = json.loads(out) if out.lstrip().startswith("[") else [json.loads(line) for line in out.splitlines() if line.strip()]
    assert rows and any("/secret/searched" in json.dumps(r) for r in rows)
    nobody = shared.run_cli("audit", "search", "--user", "no-such-person", "--json", "--config", shared.config)
    assert "secret" not in nobody.stdout


def test_refusal_can_be_explained_by_its_request_id(shared, sato):
    import re
    page = sato.request("GET", shared.url("wiki", "/secret/why"))
    assert page.status == 403
    number = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page.text)[0]
    assert "no-secret" not in page.text, "a stranger to the policy is not told the rule's name"
    time.sleep(1.2)
    out = shared.cli("explain", "--request", number)
    assert "no-secret" in out
