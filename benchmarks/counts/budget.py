#!/usr/bin/python3
"""Instruction budgets: what each hot path costs in instructions of our own code, held against budget.json.

    budget.py --driver build/release/counts            fails when a path costs over 2 % more than its budget
    budget.py --driver build/release/counts --write    measures, and writes the numbers under this machine's key

Instructions, not time: the same on a busy machine. Only what runs in our own program counts: libc, libcrypto and the
rest choose other code on other processors. Keyed by distribution and compiler, since both change the code.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUDGET = ROOT / "benchmarks" / "budget.json"
ROUNDS = 1000  # as in counts.cpp
TOLERANCE = 0.02
AGAIN = "build/release must be current; then: /usr/bin/python3 benchmarks/counts/budget.py --driver build/release/counts --write"


def key():
    """debian-12 g++-12: what the numbers depend on."""
    release = pathlib.Path("/etc/os-release").read_text()
    name, version = (re.search(rf'^{field}="?([^"\n]+)"?$', release, re.M)[1] for field in ("ID", "VERSION_ID"))
    compiler = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip().split(".")[0]
    return f"{name}-{version} g++-{compiler}"


def own_instructions(text, program):
    """The self cost of every function of `program` in one callgrind dump."""
    names, here, total, skip = {}, "", 0, False
    for line in text.splitlines():
        if found := re.match(r"(c?)ob=\((\d+)\)(?: (.*))?", line):
            if found[3]:
                names[found[2]] = found[3]
            if not found[1]:
                here = names[found[2]]
        elif line.startswith("calls="):
            skip = True  # the next line is the callee's cost
        elif re.match(r"[+\-*\d]", line):
            if not skip and here.endswith("/" + program):
                total += int(line.split()[-1])
            skip = False
    return total


def measure(driver):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        done = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--dump-line=no", f"--callgrind-out-file={out}", str(driver)],
                              capture_output=True, text=True, timeout=300)
        if done.returncode:
            sys.exit(f"the driver failed under valgrind:\n{done.stderr[-2000:]}")
        found = {}
        for dump in out.parent.glob("out.*"):
            text = dump.read_text()
            named = re.search(r"^desc: Trigger: Client Request: (\w+)$", text, re.M)
            if named:
                found[named[1]] = own_instructions(text, driver.name) / ROUNDS
    return found


def compare(found, budget):
    """Sentences about every path that is out of its budget."""
    faults = [f"{name}: no budget" for name in found if name not in budget]
    faults += [f"{name}: in the budget, but not measured" for name in budget if name not in found]
    for name, cost in found.items():
        if name in budget and cost > (1 + TOLERANCE) * budget[name]:
            faults.append(f"{name}: {cost:.0f} instructions, {(cost / budget[name] - 1) * 100:.1f} % over the budget of {budget[name]:.0f}")
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", type=pathlib.Path, required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed: apt-get install valgrind")
    budgets, here = json.loads(BUDGET.read_text()) if BUDGET.exists() else {}, key()
    if not options.write and here not in budgets:
        sys.exit(f"benchmarks/budget.json has no numbers for '{here}'. Measure them: {AGAIN}")
    found = measure(options.driver)
    if options.write:
        budgets[here] = {name: round(cost, 1) for name, cost in sorted(found.items())}
        BUDGET.write_text(json.dumps(budgets, indent=2, sort_keys=True) + "\n")
    faults = compare(found, budgets[here])
    for name in sorted(found):
        print(f"{name:22} {found[name]:10.1f} instructions, budget {budgets[here].get(name, 0):10.1f}")
    if faults:
        print(f"\n{here}:\n" + "\n".join(faults))
        print(f"If that is what the change is worth, measure anew and say why in the commit: {AGAIN}")
        print("1 failed")
        return 1
    print(f"{len(found)} passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
