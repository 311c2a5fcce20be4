#!/usr/bin/python3
"""CPU per request beside nginx and HAProxy, each set up as an expert would. See SCENARIOS.md.

    ./dev bench [--rounds N] [--seconds S] [--only S1,S4,...] [--profile]

Every proxy gets one worker on one core; load and app share another. Rounds are interleaved, so that a noisy neighbour
hits all alike; what counts is CPU time from the kernel's scheduler clock, and ratios within a round.
"""
import argparse
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ["SEKISHO_TEST_DOMAIN"] = "localhost"
sys.path.insert(0, str(ROOT / "tests" / "integration"))
sys.path.insert(0, str(ROOT / "benchmarks"))
import gateway as gw  # noqa: E402
import sekisho_client as client  # noqa: E402
from bench import place, profile, proxies, report, scenarios  # noqa: E402

RESULTS = ROOT / "benchmarks" / "RESULTS.md"


class Bench:
    """What a scenario is given: the place, and makers of proxies."""

    def __init__(self, options, folder):
        self.place = place.Place(folder, options, gw.HOSTS)
        self.peers = proxies.Peers(self.place)
        self.gateways = proxies.Gateways(self.place, gw, client)

    def end(self, proxy):
        if proxy.gateway:
            self.gateways.end(proxy)
            return
        for process in proxy.processes:
            self.place.end(process)

    def close(self):
        self.gateways.close()
        self.place.close()


def measure(bench, scenario, options):
    """{proxy name: [(figure, Run or None)]} over interleaved rounds."""
    group = scenario.proxies(bench.peers, bench.gateways)
    found = {proxy.name: [] for proxy in group}
    if not scenario.once:
        for proxy in group:
            scenario.run(bench, proxy, 1)
    for number in range(1 if scenario.once else options.rounds):
        # Each round begins with another proxy.
        start = number % len(group) if group else 0
        for proxy in group[start:] + group[:start]:
            run = scenario.run(bench, proxy, options.seconds)
            figure = scenario.figure(run)
            found[proxy.name].append((figure, None if scenario.once else run))
            print(f"      {scenario.key} round {number + 1}: {proxy.name:26} {figure:9.2f} {scenario.unit}", flush=True)
    if options.profile:
        flame(bench, scenario, group, options)
    for proxy in group:
        bench.end(proxy)
    return found


def flame(bench, scenario, group, options):
    mine = next((proxy for proxy in group if proxy.gateway), None)
    if not mine or scenario.once:
        return
    stacks = profile.record(mine.pids[0], lambda: scenario.run(bench, mine, options.seconds + 1), options.seconds, bench.place.folder)
    if isinstance(stacks, str):
        print(f"      {scenario.key}: {stacks}", flush=True)
        return
    file = pathlib.Path(options.flames) / f"{scenario.key}.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(profile.draw(stacks, f"{scenario.key}, {scenario.title}"))
    print(f"      {scenario.key}: {file}; most of it in " + ", ".join(f"{name} {share:.1f} %" for name, share in profile.own_share(stacks)), flush=True)


def read_options():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--binary", default=str(ROOT / "build/release/sekisho"), help=argparse.SUPPRESS)
    parser.add_argument("--load", default=str(ROOT / "build/bench/load"), help=argparse.SUPPRESS)
    parser.add_argument("--flames", default=str(ROOT / "build/flames"), help=argparse.SUPPRESS)
    parser.add_argument("--commit", default="unknown", help=argparse.SUPPRESS)
    parser.add_argument("--results", default=str(RESULTS), help="where the table goes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", default=",".join(scenarios.SCENARIOS), help="scenarios, as in S1,S3")
    parser.add_argument("--profile", action="store_true", help="leave a flame graph of the gateway for each scenario")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds begin at 1")
    return options


def main():
    options = read_options()
    picked = scenarios.chosen(options.only)
    if not pathlib.Path(options.load).exists():
        sys.exit(f"{options.load} is missing: ./dev bench builds it, or: ./dev build bench")
    place.need_tools()
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as folder:
        # nginx started as root serves as another user, who must be able to read the files.
        os.chmod(folder, 0o755)
        bench, results, failed = None, [], []
        try:
            bench = Bench(options, pathlib.Path(folder))
            for scenario in picked:
                try:
                    results.append((scenario, measure(bench, scenario, options)))
                except RuntimeError as fault:
                    failed.append(scenario.key)
                    print(f"      {scenario.key} could not be measured: {fault}", flush=True)
        finally:
            if bench:
                bench.close()
    if results:
        report.write(results, options, pathlib.Path(options.results))
    for scenario, found in results:
        print("\n" + report.table(scenario, found))
    return f"./dev bench: not measured: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main())
