#!/usr/bin/env python3
"""Many seeds of the quorum's simulator (replication/quorum/sim): of three servers, each fifth hundred of five.

usage: run.py [SEEDS] [--record]   500 by default, from seed 1 on. --record: from a random seed on; goes on where a run
                                   that broke off had stopped, and adds a line to compat-tests/RECORD.md at the end.
                                   Last line: N passed, N failed.
BUILD names another build directory than build/release, SEED the first seed.
"""
import concurrent.futures
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import long_run

SIMULATOR = os.path.join(os.environ.get("BUILD", os.path.join(long_run.ROOT, "build", "release")), "quorum_sim")
BATCH = 100
# What has to happen in the mean of all seeds, else the run means nothing.
LEAST = {"elections": 2, "crashes": 5, "truncations": 0.2, "snapshots taken": 10, "installed": 1, "changes": 0.3,
         "promotions": 0.1, "transfers": 0.3}


def run_batch(first, number):
    """The lines that tell failures, and what was counted."""
    servers = 5 if number % 5 == 4 else 3
    command = ["nice", SIMULATOR, "--first", str(first + number * BATCH), "--seeds", str(BATCH), "--servers", str(servers)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.strip().split("\n")
    if not re.match(r"\d+ passed", lines[-1]):
        return [f"FAIL {' '.join(command)} ended before its time: {lines[-1]}"], {}
    counts = {name: int(count) for count, name in re.findall(r"(\d+) ([a-z ]+?)(?:,|$)", lines[-3])}
    counts["virtual hours"] = float(lines[-2].split()[0])
    return [line for line in lines if line.startswith("FAIL")], counts


def describe(totals):
    counts = totals["counts"]
    told = ", ".join(f"{counts[name]} {name}" for name in ("inputs", "elections", "crashes", "truncations"))
    return f"{counts['virtual hours']:.0f} virtual hours, {told}; violations: {len(totals['failures'])}"


def too_little(totals):
    return [name for name, least in LEAST.items() if totals["counts"].get(name, 0) < least * totals["seeds"]]


def main():
    records = "--record" in sys.argv
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    wanted = (int(words[0]) if words else 500) // BATCH * BATCH
    first = int(os.environ.get("SEED", random.randrange(1 << 40) if records else 1))
    totals = {"first": first, "seeds": 0, "failures": [], "counts": {}}
    totals = (records and long_run.load_progress("quorum")) or totals
    if totals["seeds"]:
        print(f"going on after {totals['seeds']} seeds")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        numbers = range(totals["seeds"] // BATCH, wanted // BATCH)
        for failures, counts in pool.map(lambda number: run_batch(totals["first"], number), numbers):
            totals["seeds"] += BATCH
            totals["failures"] += failures
            for name, count in counts.items():
                totals["counts"][name] = totals["counts"].get(name, 0) + count
            print("\n".join(failures + [f"{totals['seeds']} seeds: {describe(totals)}"]), flush=True)
            if records:
                long_run.save_progress("quorum", totals)
    failed = len(totals["failures"])
    if too_little(totals):
        print(f"FAIL too little happened: {too_little(totals)}")
        failed += 1
    elif records:
        long_run.add_to_record("quorum", f"{totals['seeds']} seeds of the quorum from {totals['first']}", describe(totals))
    print(f"{totals['seeds'] - len(totals['failures'])} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
