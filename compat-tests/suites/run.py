#!/usr/bin/env python3
"""The clients' own test suites against a broker of ours, and a table of how many of their tests pass.
usage: run.py [--short | NAME...]    --short: those that take little. TOLD: a file for the table, as JSON.
Last line: N passed, N failed."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHORT = ["kafka-python", "franz-go"]  # two minutes, little of the processors, and steady where other work keeps these busy
ALL = ["librdkafka", "sarama", "node-rdkafka", *SHORT]
AT_ONCE = 2
COLUMNS = ("client", "version", "own tests", "run", "passed", "time", "")


def run(name):
    """What it said, its counts, and its score or None."""
    done = subprocess.run([os.path.join(HERE, name, "run.py")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    lines, status = done.stdout.splitlines(), done.returncode
    counts = re.match(r"(\d+) passed, (\d+) failed$", lines[-1] if lines else "")
    score = next((line for line in lines if line.startswith("score: ")), "")
    told = re.match(r"score: (\S+) (\S+): (\d+) listed, (\d+) ran, (\d+) passed, (\d+ s), (.*)", score)
    passed, failed = map(int, counts.groups()) if counts else (0, 1)
    if status != 0 and failed == 0:
        failed = 1
    return done.stdout, passed, failed, told and told.groups()


def main():
    words = sys.argv[1:]
    names = SHORT if words == ["--short"] else words or ALL
    passed, failed, rows = 0, 0, [COLUMNS]
    judged = subprocess.run([os.path.join(HERE, "verdict_test.py")], check=False).returncode
    passed, failed = passed + (judged == 0), failed + (judged != 0)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for name, (said, good, bad, row) in zip(names, pool.map(run, names)):
            print(f"== {name}\n{said}", end="", flush=True)
            passed, failed = passed + good, failed + bad
            rows.append(row or (name, "?", "?", "?", "?", "?", "no score"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    if os.environ.get("TOLD"):
        with open(os.environ["TOLD"], "w", encoding="utf-8") as file:
            json.dump([dict(zip(COLUMNS, row)) for row in rows[1:]], file)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
