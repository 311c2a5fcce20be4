"""Goal: what the bench says can be believed.
Method: their readers over outputs made for the purpose, where the right answer is plain."""
import pathlib
import sys
import xml.dom.minidom

import gateway as gw

sys.path.insert(0, str(gw.ROOT / "benchmarks"))
from bench import loads, profile, proxies, report, scenarios  # noqa: E402

PERF = """sekisho 12 100.1: 1 cpu-clock:
\tffff1 do_send+0x10 ([kernel.kallsyms])
\t55aa1 sekisho::Worker::run(int)+0x20 (/x/sekisho)
\t55aa0 main+0x5 (/x/sekisho)

sekisho 12 100.2: 1 cpu-clock:
\t7f001 [unknown] (/usr/lib/libcrypto.so.3)
\t55aa1 sekisho::Worker::run(int)+0x28 (/x/sekisho)
\t55aa0 main+0x5 (/x/sekisho)

"""


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
