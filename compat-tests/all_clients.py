#!/usr/bin/env python3
"""One table of every client: what became of the tests that it ships, and of ours (run.py). run.sh --all.
Last line: N passed, N failed."""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = ("client", "version", "own tests passed / run", "our table")


def run(program, told):
    """What it told of its clients, how often it passed and how often not."""
    lines = []
    with subprocess.Popen([os.path.join(HERE, program)], stdout=subprocess.PIPE, text=True, env={**os.environ, "TOLD": told}) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    counts = re.match(r"(\d+) passed, (\d+) failed$", lines[-1] if lines else "")
    passed, failed = map(int, counts.groups()) if counts else (0, 1)
    if process.returncode != 0 and failed == 0:
        failed = 1
    if not os.path.exists(told):
        return None, passed, failed
    with open(told, encoding="utf-8") as file:
        return json.load(file), passed, failed


def main():
    with tempfile.TemporaryDirectory() as directory:
        ours, passed, failed = run("run.sh", os.path.join(directory, "ours"))
        theirs, more_passed, more_failed = run("suites/run.py", os.path.join(directory, "theirs"))
    own = {row["client"]: row for row in theirs or []}
    rows = [COLUMNS]
    for name, counts in (ours or {}).items():
        suite = own.pop(name, None)
        rows.append((name, counts["version"].split(" ")[-1], f"{suite['passed']} / {suite['run']} ({suite['version']})" if suite else "-",
                     f"{counts['passed']} of {counts['passed'] + counts['failed']}"))
    rows += [(name, suite["version"], f"{suite['passed']} / {suite['run']}", "-") for name, suite in own.items()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(f"{passed + more_passed} passed, {failed + more_failed} failed")
    return failed + more_failed != 0


if __name__ == "__main__":
    sys.exit(main())
