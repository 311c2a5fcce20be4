"""Goal: what the bench and the instruction budgets say can be believed.
Method: their readers over outputs made for the purpose, where the right answer is plain."""
import json
import pathlib
import subprocess
import sys
import xml.dom.minidom

import gateway as gw

sys.path.insert(0, str(gw.ROOT / "benchmarks"))
sys.path.insert(0, str(gw.ROOT / "benchmarks" / "counts"))
import budget  # noqa: E402
from bench import loads, profile, proxies, report, scenarios  # noqa: E402

DUMP = """desc: Trigger: Client Request: parse_head
positions: line
events: Ir
ob=(1) /somewhere/counts
fl=(1) a.cpp
fn=(1) parse
0 700
cob=(2) /usr/lib/libc.so.6
cfn=(2) memcpy
calls=10 0
0 5000
+3 300
ob=(2)
fn=(2)
0 5000
ob=(1)
fn=(3) other
* 11
"""
PERF = """sekisho 12 100.1: 1 cpu-clock:
\tffff1 do_send+0x10 ([kernel.kallsyms])
\t55aa1 sekisho::Worker::run(int)+0x20 (/x/sekisho)
\t55aa0 main+0x5 (/x/sekisho)

sekisho 12 100.2: 1 cpu-clock:
\t7f001 [unknown] (/usr/lib/libcrypto.so.3)
\t55aa1 sekisho::Worker::run(int)+0x28 (/x/sekisho)
\t55aa0 main+0x5 (/x/sekisho)

"""


def test_only_our_own_instructions_count():
    assert budget.own_instructions(DUMP, "counts") == 700 + 300 + 11


def test_a_budget_is_a_ceiling_with_two_percent():
    assert budget.compare({"a": 102.0, "b": 50.0}, {"a": 100, "b": 100}) == []
    assert len(budget.compare({"a": 102.1}, {"a": 100})) == 1
    assert len(budget.compare({"new": 1.0}, {})) == 1
    assert len(budget.compare({}, {"gone": 1})) == 1


def test_a_machine_without_numbers_is_told_how_to_measure(tmp_path):
    script = (gw.ROOT / "benchmarks/counts/budget.py").read_text().replace('ROOT = pathlib.Path(__file__).resolve().parents[2]', f'ROOT = pathlib.Path("{tmp_path}")')
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/budget.json").write_text('{"plan9-4 g++-1": {}}')
    (tmp_path / "budget.py").write_text(script)
    done = subprocess.run([sys.executable, tmp_path / "budget.py", "--driver", "nothing"], capture_output=True, text=True)
    assert done.returncode == 1
    assert ("has no numbers for" in done.stderr and "--write" in done.stderr) or "apt-get install valgrind" in done.stderr


def test_the_committed_budget_names_every_path():
    committed = json.loads((gw.ROOT / "benchmarks/budget.json").read_text())
    paths = {"parse_head", "canonical_path", "decide", "session_lookup", "warm_check", "metric_observe", "audit_append", "keep_alive_exchange"}
    assert committed and all(set(numbers) == paths for numbers in committed.values())


def test_a_missing_tool_is_one_sentence_and_nothing_is_started(tmp_path):
    results = tmp_path / "RESULTS.md"
    done = subprocess.run([sys.executable, gw.ROOT / "benchmarks/run.py", "--load", sys.executable, "--results", results, "--only", "S1"],
                          capture_output=True, text=True, env={"PATH": str(tmp_path)}, timeout=60)
    assert done.returncode == 1 and done.stdout == "" and not results.exists()
    assert done.stderr.count("\n") == 1 and "wrk" in done.stderr and "apt-get install" in done.stderr and "nghttp2-client" in done.stderr


def test_stacks_are_folded_from_the_outside_in():
    stacks = profile.fold(PERF)
    assert stacks == {("main", "sekisho::Worker::run", "do_send"): 1, ("main", "sekisho::Worker::run", "[libcrypto.so.3]"): 1}
    drawn = profile.draw(stacks, "S1 <test>")
    assert drawn.count("<rect") == 4
    xml.dom.minidom.parseString(drawn)


def test_ratios_are_taken_within_a_round():
    assert report.ratios([10, 30], [20, 20]) == [0.5, 1.5]
    run = loads.Run(100, 0.5, 1.0)
    text = report.table(scenarios.SCENARIOS["S1"], {"nginx": [(20.0, run), (20.0, run)], "sekisho": [(10.0, run), (30.0, run)]})
    assert "| sekisho | 2 | 20.00 [10.00-30.00] | 1.00 [0.50-1.50] |" in text


def test_scenarios_are_chosen_by_name():
    assert [s.key for s in scenarios.chosen("S8,S3r")] == ["S8a", "S8b", "S3r"]
    assert {key.rstrip("ab") for key in scenarios.SCENARIOS} == {"S1", "S2", "S3", "S3r", "S4", "S5", "S6", "S7", "S8", "S10", "S11"}


def test_tokens_for_haproxy_are_signed_as_it_reads_them(tmp_path):
    head, payload, signature = proxies.signed_token(tmp_path).split(".")
    assert len(signature) == 86  # 64 bytes
    assert pathlib.Path(tmp_path / "jwt.pub.pem").read_text().startswith("-----BEGIN PUBLIC KEY")
    assert head and payload
