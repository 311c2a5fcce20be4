"""The tables: medians with spread, ratios of rounds that ran side by side, and what was measured where."""
import datetime
import os
import pathlib
import re
import statistics
import subprocess

from . import place as at


def spread(values, form="{:.2f}"):
    if len(values) == 1:
        return form.format(values[0])
    return f"{form.format(statistics.median(values))} [{form.format(min(values))}-{form.format(max(values))}]"


def ratios(mine, base):
    """Of each round to the base's in the same round: a neighbour's noise hits both."""
    return [a / b for a, b in zip(mine, base)]


def table(scenario, found):
    """`found`: {proxy name: [(figure, Run or None)]}."""
    base = [f for f, _ in found.get(scenario.base, [])]
    nginx = [f for f, _ in found.get("nginx", [])] if scenario.base != "nginx" else []
    latency = any(run and run.p99_us is not None for values in found.values() for _, run in values)
    head = ["proxy", "n", scenario.unit, f"ratio to {scenario.base}"] + (["ratio to nginx"] if nginx else []) + ["per second", "core busy"] + (["p50 us", "p99 us"] if latency else [])
    lines = [f"### {scenario.key}: {scenario.title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for name, values in found.items():
        figures, runs = [f for f, _ in values], [r for _, r in values if r]
        row = [name, str(len(values)), spread(figures), spread(ratios(figures, base)) if base else "-"]
        row += [spread(ratios(figures, nginx))] if nginx else []
        row += [spread([r.count / r.wall for r in runs], "{:.0f}"), spread([r.cpu / r.wall for r in runs])] if runs else ["-", "-"]
        row += [spread([r.p50_us for r in runs], "{:.0f}"), spread([r.p99_us for r in runs], "{:.0f}")] if latency else []
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + f"\n\n{'More' if scenario.more_is_better else 'Less'} is better.\n"


def version_of(name, *arguments):
    done = subprocess.run([at.tool(name), *arguments], capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} x {cpu[1] if cpu else 'unknown CPU'}, Linux {os.uname().release.split('-')[0]}"


def write(results, options, file):
    release = re.search(r'PRETTY_NAME="([^"]+)"', pathlib.Path("/etc/os-release").read_text())[1]
    versions = [version_of("openssl", "version"), version_of("nginx", "-v"), version_of("haproxy", "-v")]
    busy = os.getloadavg()[2]
    head = f"""# Results

Written by `./dev bench`; what is measured and how stands in [SCENARIOS.md](SCENARIOS.md).

- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC
- machine: {machine()}; {release}; load average over 15 minutes {busy:.1f}
- commit: {options.commit}
- command: `./dev bench --rounds {options.rounds} --seconds {options.seconds} --only {options.only}`
- versions: {'; '.join(versions)}

Median [least-most] of interleaved rounds; a ratio is taken within each round. nginx and HAProxy check nothing except
where their name says so; sekisho checks session and policy (10,000 rules), signs an assertion, counts, writes an access
line for each request and audits.

"""
    file.write_text(head + "\n".join(table(scenario, found) for scenario, found in results))
