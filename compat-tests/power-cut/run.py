#!/usr/bin/env python3
"""Cuts the power of a broker under load, over and over, and looks each time whether anything acknowledged is missing.

The broker is the real program on a disk that keeps only what was synced, and a part of the rest (power_cut_disk.cc).
Idempotent producers of librdkafka write with acks=all while topics are made and segments roll; SIGKILL takes the broker
at any moment, now and then while it starts, or right after a clean stop. After each cut all that was written until then
is acknowledged, read back and compared, record by record.

usage: run.py [CUTS] [--record]    20 by default. --record: goes on where a run that broke off had stopped, and adds a
                                   line to compat-tests/RECORD.md at the end. Last line: N passed, N failed.
BUILD names another build directory than build/release, SEED the first seed instead of a random one.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import broker as brokers
import long_run
from broker import ROOT

BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build", "release"))
brokers.OTTLA = os.path.join(BUILD, "ottla_power_cut")
LOAD = os.path.join(BUILD, "power_cut_load")
CUTS_PER_ROUND = 20  # a round begins with an empty disk
SETTINGS = {"log.dirs": "data", "auto.create.topics.enable": "false", "log.segment.bytes": 16_384,
            "log.flush.offset.checkpoint.interval.ms": 200, "log.retention.check.interval.ms": 300}
NEVER = ("failed", "lost", "doubled", "out_of_order", "unknown", "unread_partitions")


class Failure(Exception):
    pass


class Round:
    """One broker, its disk, and one load program through all cuts."""

    def __init__(self, directory, seed):
        self.directory, self.seed, self.random = directory, seed, random.Random(seed)
        os.environ["OTTLA_DISK"] = os.path.join(directory, "disk")
        self.broker = brokers.Broker(directory, **SETTINGS)
        self.start()
        self.load = subprocess.Popen([LOAD, self.broker.bootstrap], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True)
        self.seen = {"sent": 0, "acknowledged": 0, "partitions": 0}

    def start(self):
        os.environ["OTTLA_DISK_SEED"] = str(self.seed)
        try:
            return self.broker.start()
        except RuntimeError as error:
            raise Failure(f"seed {self.seed}: {error}") from error

    def tell(self, word):
        self.load.stdin.write(word + "\n")
        self.load.stdin.flush()

    def cut(self):
        """Load, a cut, a start, and the judgement. How the cut was made."""
        self.tell("go")
        time.sleep(self.random.uniform(0.05, 0.6))
        how = self.random.choices(["under load", "while it started", "after a clean stop"], [8, 3, 1])[0]
        if how == "after a clean stop":
            if self.broker.stop() != 0:
                raise Failure(f"seed {self.seed}: the broker did not stop cleanly")
        else:
            self.broker.kill()
        self.seed += 1
        if how == "while it started":
            os.environ["OTTLA_DISK_SEED"] = str(self.seed)
            self.broker.launch()
            time.sleep(self.random.uniform(0.01, 0.1))
            self.broker.kill()
            self.seed += 1
        self.start()
        self.tell("check")
        line = self.load.stdout.readline()
        if not line:
            raise Failure(f"seed {self.seed}: the load program has ended")
        self.seen = json.loads(line)
        wrong = {name: self.seen[name] for name in NEVER if self.seen[name] != 0}
        if wrong or self.seen["acknowledged"] != self.seen["sent"] or self.seen["read"] != self.seen["sent"]:
            raise Failure(f"seed {self.seed}, cut {how}: {line.strip()}")
        return how

    def end(self):
        for process in (self.load, self.broker.process):
            process.kill()
            process.wait()

    def broker_log(self):
        with open(os.path.join(self.directory, "broker.err"), encoding="utf-8") as log:
            return log.read()


def told(log, text):
    return sum(text in line for line in log.split("\n"))


def run_round(cuts, first_seed, totals):
    """Adds up what was seen; a Failure leaves the disk of before and after where it says."""
    with tempfile.TemporaryDirectory() as directory:
        one = Round(directory, first_seed)
        try:
            for _ in range(cuts):
                how = one.cut()
                totals["cuts"] += 1
                totals[how] = totals.get(how, 0) + 1
            log = one.broker_log()
            for name in ("acknowledged", "partitions"):
                totals[name] += one.seen[name]
            totals["torn_logs"] += told(log, "had never been acknowledged were cut")
            totals["cuts_with_loss"] += sum("power cut" in line and ": 0 files" not in line for line in log.split("\n"))
            wrong = [line for line in log.split("\n") if " error " in line or "damaged" in line]
            if wrong:
                raise Failure("the broker complains: " + wrong[0])
        except Failure:
            keep = os.path.join(ROOT, "build", "power-cut-failure")
            os.makedirs(keep, exist_ok=True)
            for name in ("disk", "disk.before", "broker.err"):
                if os.path.exists(os.path.join(directory, name)):
                    os.replace(os.path.join(directory, name), os.path.join(keep, name))
            print(f"the disk, the disk before the last cut and the broker's log are in {keep}", file=sys.stderr)
            raise
        finally:
            one.end()


def describe(totals):
    return (f"{totals['acknowledged']} records acknowledged in {totals['partitions']} partitions, "
            f"{totals['torn_logs']} torn logs; lost, doubled, reordered: 0")


def main():
    records = "--record" in sys.argv
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    wanted = int(words[0]) if words else 20
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    totals = {"cuts": 0, "acknowledged": 0, "partitions": 0, "torn_logs": 0, "cuts_with_loss": 0}
    totals = (records and long_run.load_progress("power-cut")) or totals
    if totals["cuts"]:
        print(f"going on after {totals['cuts']} cuts")
    try:
        # A tail torn in the middle of a batch is seldom: without one it goes on, up to three times as long.
        while totals["cuts"] < wanted or totals["torn_logs"] == 0 and totals["cuts"] < 3 * wanted:
            cuts = min(CUTS_PER_ROUND, wanted - totals["cuts"] if totals["cuts"] < wanted else CUTS_PER_ROUND)
            run_round(cuts, seed + 1000 * totals["cuts"], totals)
            print(f"{totals['cuts']} cuts: {describe(totals)}", flush=True)
            if records:
                long_run.save_progress("power-cut", totals)
        if totals["cuts_with_loss"] * 2 < totals["cuts"] or totals["torn_logs"] == 0:
            raise Failure(f"too little was lost for this to mean anything: {totals}")
    except Failure as failure:
        print(f"FAIL {failure}")
        print(f"{totals['cuts']} passed, 1 failed")
        return 1
    print(", ".join(f"{totals[how]} {how}" for how in totals if " " in how) + f"; {totals['cuts_with_loss']} starts missed something")
    if records:
        long_run.add_to_record("power-cut", f"{totals['cuts']} power cuts", describe(totals))
    print(f"{totals['cuts']} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
