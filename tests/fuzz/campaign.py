#!/usr/bin/env python3
"""Runs the fuzz targets in turns, counts the processor time each had, and keeps the account in docs/fuzz.md.

A target's account begins anew when one of its sources changes: the target itself, every header of the product it
includes, and all that those use of their own folders. Time is the kernel's account of the target's process, so a busy
machine makes the campaign longer, not the account.

  tests/fuzz/campaign.py --build build/fuzz --minutes 10 [--nice 5] [--only TARGET...] [--write]
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/fuzz.md"
SLICE = 60  # seconds of one turn


def sources(target):
    """The target, what it includes of the product, and all that those parts use of their own folders."""
    start = f"tests/fuzz/{target}.cpp"
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        path = ROOT / name
        if name in found or not path.exists():
            continue
        found.add(name)
        for include in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            if name == start or pathlib.PurePath(include).parent == pathlib.PurePath(name).parent:
                waiting += [include, include.removesuffix(".hpp") + ".cpp"]
    return sorted(found)


def key_of(target):
    digest = hashlib.sha256()
    for name in sources(target):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def read_account():
    """{target: row} of the page's table."""
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[0].endswith("_fuzz"):
            rows[cells[0]] = {"minutes": float(cells[1]), "inputs": int(cells[2]), "findings": int(cells[3]),
                              "key": cells[4].strip("`"), "commit": cells[5].strip("`"), "date": cells[6]}
    return rows


def write_account(rows):
    text = PAGE.read_text()
    head = text[:text.index("| target |")]
    lines = ["| target | CPU-minutes since its sources changed | inputs | findings | sources | commit | date |",
             "|---|---|---|---|---|---|---|"]
    for name, row in sorted(rows.items()):
        lines.append(f"| {name} | {row['minutes']:.1f} | {row['inputs']} | {row['findings']} | `{row['key']}` | "
                     f"`{row['commit']}` | {row['date']} |")
    PAGE.write_text(head + "\n".join(lines) + "\n")


def one_turn(build, target, seconds, niceness):
    """(CPU seconds, inputs, found something)"""
    corpus = ROOT / "build/fuzz-corpus" / target
    findings = ROOT / "build/fuzz-findings" / target
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    with open(findings / "log", "w") as log:
        process = subprocess.Popen(
            [str(build / target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
             "-print_final_stats=1", f"-artifact_prefix={findings}/", str(corpus), str(ROOT / "tests/fuzz/corpus" / target)],
            stdout=log, stderr=subprocess.STDOUT, preexec_fn=lambda: os.nice(niceness))
        _, status, usage = os.wait4(process.pid, 0)
    inputs = re.search(r"number_of_executed_units:\s*(\d+)", (findings / "log").read_text(errors="replace"))
    return usage.ru_utime + usage.ru_stime, int(inputs[1]) if inputs else 0, os.waitstatus_to_exitcode(status) != 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz")
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--nice", type=int, default=0)
    options.add_argument("--only", nargs="*", help="these targets")
    options.add_argument("--write", action="store_true", help="bring docs/fuzz.md up to date from the kept state, and run nothing")
    options = options.parse_args()
    state_file = ROOT / "build/fuzz-campaign.json"
    state = json.loads(state_file.read_text()) if state_file.exists() else read_account()
    targets = sorted(path.stem for path in (ROOT / "tests/fuzz").glob("*_fuzz.cpp"))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    fresh = {name: key_of(name) for name in targets}
    for name in targets:
        row = state.get(name)
        if not row or row["key"] != fresh[name]:
            state[name] = {"minutes": 0.0, "inputs": 0, "findings": 0, "key": fresh[name], "commit": commit, "date": ""}
    state = {name: state[name] for name in targets}
    if options.write:
        write_account(state)
        return 0
    failed = False
    while True:
        left = [name for name in options.only or targets if state[name]["minutes"] < options.minutes and not state[name]["findings"]]
        if not left:
            break
        name = min(left, key=lambda one: state[one]["minutes"])
        spent, inputs, found = one_turn(options.build, name, SLICE, options.nice)
        row = state[name]
        row["minutes"] += spent / 60
        row["inputs"] += inputs
        row["findings"] += found
        row["date"] = datetime.date.today().isoformat()
        state_file.write_text(json.dumps(state, indent=1))
        print(f"{name}: {row['minutes']:.1f} CPU-minutes, {row['inputs']} inputs, {row['findings']} findings", flush=True)
        failed |= found
    write_account(state)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
