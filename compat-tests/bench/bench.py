#!/usr/bin/env python3
"""The benchmark. usage: bench.py [--quick] [--pairs N] [--systems NAME,...] [--fresh] [CASE...]; cases and curves: see cases.py.
Figures go to build/bench/*.jsonl, one line a slice; a case that is there already is not run again (--fresh: it is). The report is
build/bench/report.html."""
import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
import traceback

import report
from cases import CASES, CURVES, QUICK
from load import ROOT
from slices import run_block, run_case
from starts import STARTS, run_starts

OUT = os.path.join(ROOT, "build", "bench")
PAIRS, QUICK_PAIRS = 5, 3


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def log(text):
    print(f"  {text}", file=sys.stderr, flush=True)


class Results:
    """A file for each case and mode, written when it is complete."""

    def __init__(self, fresh):
        os.makedirs(OUT, exist_ok=True)
        self.fresh, self.commit, self.failed = fresh, commit(), []

    def once(self, name, run):
        path = os.path.join(OUT, name + ".jsonl")
        if os.path.exists(path) and not self.fresh:
            return
        if self.fresh and os.path.exists(path):
            os.remove(path)
        log(f"{name}: begins at {time.strftime('%H:%M:%S')}")
        try:
            lines = run()
        except Exception:  # pylint: disable=broad-exception-caught
            traceback.print_exc()
            self.failed.append(name)
            return
        with open(path + ".new", "w", encoding="utf-8") as file:
            for line in lines:
                line = {"case": name, "commit": self.commit, "at": time.strftime("%Y-%m-%d %H:%M"), **line}
                file.write(json.dumps(line) + "\n")
                print(json.dumps(line), flush=True)
        os.rename(path + ".new", path)


def only(case, systems):
    return dataclasses.replace(case, systems=tuple(one for one in case.systems if one in systems))


def run_curve(points, systems):
    lines = []
    for at, case in points:
        for name in ["ottla", *only(case, systems).systems]:
            lines += [{**line, "at_point": at} for line in run_block(name, case, case.modes[0], 1, log)]
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)}; {QUICK_PAIRS} pairs, page cache alone")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--systems", default="floor,kafka,mock", help="those to compare with")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    results, systems = Results(options.fresh), options.systems.split(",")
    pairs = options.pairs or (QUICK_PAIRS if options.quick else PAIRS)
    wanted = options.cases or (QUICK if options.quick else [*CASES, *STARTS, *("curve-" + one for one in CURVES)])
    for name in wanted:
        if name in CASES:
            case = only(CASES[name], systems)
            for mode in case.modes[:1] if options.quick else case.modes:
                results.once(f"{name}-{mode}", lambda case=case, mode=mode: run_case(case, mode, pairs, log))
        elif name in STARTS:
            results.once(name, lambda name=name: run_starts(name, pairs, systems, log))
        elif name.removeprefix("curve-") in CURVES:
            results.once(name, lambda name=name: run_curve(CURVES[name.removeprefix("curve-")], systems))
        else:
            parser.error(f"no case {name}; there are {', '.join([*CASES, *STARTS, *('curve-' + one for one in CURVES)])}")
    report.write(OUT)
    if results.failed:
        sys.exit(f"without figures: {', '.join(results.failed)}")


if __name__ == "__main__":
    main()
