#!/usr/bin/env python3
"""Which lines of protocol/, and of recovery in storage/, the fuzz targets' inputs and the unit tests reach.

usage: coverage.py    The last lines are "N % of ..., covered of all". Ends with status 1 below 95 %.
"""
import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run
from long_run import ROOT

BUILD = os.path.join(ROOT, "build", "coverage")
PROFILES = os.path.join(BUILD, "profiles")
LEAST_PERCENT = 95
TARGETS = ("batches", "codecs", "headers", "recovery", "requests", "responses", "state_files")
# What Log::open goes through.
RECOVERY = ("index", "leader_epochs", "log_files", "log_producers", "log_recovery", "producer_state", "segment", "segment_indexes",
            "verified_range")
OURS = {"protocol/": re.compile(r"protocol/(?!.*test)"),
        "recovery in storage/": re.compile(rf"storage/({'|'.join(RECOVERY)})\.(cc|h)$")}


def run_with_profile(name, command):
    path = os.path.join(BUILD, command[0])
    subprocess.run([path, *command[1:]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=os.environ | {"LLVM_PROFILE_FILE": os.path.join(PROFILES, f"{name}.profraw"), "OTTLA_CRASH_SCRIPTS": "1"})
    return path


def lines_reached(programs):
    """{file: {line: times}}"""
    profile = os.path.join(PROFILES, "all.profdata")
    raw = [os.path.join(PROFILES, name) for name in os.listdir(PROFILES) if name.endswith(".profraw")]
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", profile, *raw], check=True)
    objects = [word for program in programs[1:] for word in ("-object", program)]
    told = subprocess.run(["llvm-cov-19", "export", "-format=lcov", f"-instr-profile={profile}", programs[0], *objects],
                          check=True, capture_output=True, text=True).stdout
    reached, file = collections.defaultdict(dict), None
    for line in told.split("\n"):
        if line.startswith("SF:"):
            file = os.path.relpath(line[3:], ROOT)
        elif line.startswith("DA:"):
            number, times = line[3:].split(",")[:2]
            reached[file][int(number)] = int(times)
    return reached


def main():
    run.make_seeds()
    subprocess.run(["rm", "-rf", PROFILES], check=True)
    programs = [run_with_profile(name, [name]) for name in ("protocol_test", "storage_test")]
    programs.append(run_with_profile("oracle", ["ottla_oracle", "describe"]))
    for target in TARGETS:
        corpus = os.path.join(run.FUZZ, "corpus", target)
        os.makedirs(corpus, exist_ok=True)
        programs.append(run_with_profile(target, run.command_of(target, f"fuzz_{target}", corpus, "-runs=0")))
    reached = lines_reached(programs)
    enough = True
    for what, pattern in OURS.items():
        files = {name: lines for name, lines in sorted(reached.items()) if pattern.match(name)}
        for name, lines in files.items():
            missed = [number for number, times in sorted(lines.items()) if times == 0]
            if missed:
                print(f"{name}: {len(lines) - len(missed)} of {len(lines)}; not {', '.join(map(str, missed))}")
        every = sum(map(len, files.values()))
        hit = sum(times > 0 for lines in files.values() for times in lines.values())
        percent = 100 * hit / max(every, 1)
        enough = enough and percent >= LEAST_PERCENT
        print(f"{percent:.1f} % of {what}, {hit} lines of {every} in {len(files)} files")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
