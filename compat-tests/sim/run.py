#!/usr/bin/env python3
"""Many hours of the simulated cluster (replication/sim), from a random seed on.

usage: run.py [HOURS]   1,000 by default. Goes on where a run that broke off had stopped, and adds a line to
                        compat-tests/RECORD.md at the end. Last line: N passed, N failed, in seeds.
BUILD names another build directory than build/release.
"""
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import long_run

SIMULATOR = os.path.join(os.environ.get("BUILD", os.path.join(long_run.ROOT, "build", "release")), "ottla_sim")
BATCH = 1000
TOLD = ("kills", "elections", "ISR changes", "truncations", "sync failures", "lost disks", "deletions",
        "acknowledged records")
# What has to happen in a simulated hour, in the mean, else the run means nothing.
LEAST = {"kills": 20, "elections": 5, "truncations": 5, "deletions": 5, "acknowledged records": 1000}


def run_batch(first):
    """What tells violations, and what was counted."""
    command = ["nice", SIMULATOR, "--from", str(first), "--seeds", str(BATCH)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.strip().split("\n")
    numbers = re.findall(r"([\d.]+) ([A-Za-z ]+?)(?:,| \(|$)", "\n".join(lines[-2:]), re.MULTILINE)
    counts = {name: float(number) for number, name in numbers}
    if counts.get("seeds", 0) == 0:
        return [f"FAIL {' '.join(command)} ended before its time: {lines[-1]}"], {}
    return lines[:-2], counts


def describe(totals):
    counts = totals["counts"]
    told = ", ".join(f"{counts.get(name, 0):.0f} {name}" for name in TOLD)
    per_cpu_hour = counts["simulated hours"] / counts["CPU hours"]
    violations = sum("seed" in line and "dev sim" not in line for line in totals["failures"])
    return f"{counts['simulated hours']:.1f} simulated hours ({per_cpu_hour:.0f} to a CPU hour), {told}; violations: {violations}"


def main():
    wanted = float(sys.argv[1]) if len(sys.argv) > 1 else 1000
    totals = long_run.load_progress("sim") or {"first": random.randrange(1 << 40), "failures": [], "counts": {}}
    counts = totals["counts"]
    if counts:
        print(f"going on after {counts['seeds']:.0f} seeds")
    while counts.get("simulated hours", 0) < wanted and len(totals["failures"]) < 20:
        failures, more = run_batch(totals["first"] + int(counts.get("seeds", 0)))
        totals["failures"] += failures
        for name, count in more.items():
            counts[name] = counts.get(name, 0) + count
        if not more:
            break
        print("\n".join(failures + [describe(totals)]), flush=True)
        long_run.save_progress("sim", totals)
    failed = len(totals["failures"])
    too_little = [name for name, least in LEAST.items() if counts.get(name, 0) < least * counts.get("simulated hours", 0)]
    if too_little:
        print(f"FAIL too little happened: {too_little}")
        failed += 1
    elif counts:
        long_run.add_to_record("sim", f"{counts['seeds']:.0f} seeds of the cluster from {totals['first']}", describe(totals))
    print(f"{counts.get('seeds', 0):.0f} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
