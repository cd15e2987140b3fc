#!/usr/bin/env python3
"""The stocks job: 560 real prices of five stocks, replayed by librdkafka at 15,000 updates a second with acks=all while a
reader follows. First undisturbed; then by an idempotent producer while the broker is killed and started again five
times. Nothing acknowledged may be lost, doubled or out of its symbol's order.

usage: run.py [SECONDS]     of each of the two runs; 60 by default. Last line: N passed, N failed.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from broker import ROOT, Broker

PER_SECOND = 15_000
KILLS = 5
JOB = os.path.join(ROOT, "build", "release", "stocks")
PRICES = os.path.join(ROOT, "build", "stocks", "node_modules", "vega-datasets", "data", "stocks.csv")
PACKAGE = "vega-datasets@3.2.1"


def fetch_prices():
    if not os.path.exists(PRICES):
        folder = os.path.join(ROOT, "build", "stocks")
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts",
                        "--prefix", folder, PACKAGE], check=True)


class Checks:
    passed = failed = 0

    def that(self, what, good, seen):
        self.passed += bool(good)
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {seen}")


def run(title, seconds, checks, disturb, *settings):
    """One run on a fresh broker; `disturb(broker)` happens meanwhile. What the job told, or None."""
    with tempfile.TemporaryDirectory() as directory:
        broker = Broker(directory)
        broker.start()
        with open(os.path.join(directory, "job.err"), "w+b") as errors:
            job = subprocess.Popen([JOB, broker.bootstrap, PRICES, str(seconds), str(PER_SECOND), *settings],
                                   stdout=subprocess.PIPE, stderr=errors)
            try:
                disturb(broker)
                text = job.communicate(timeout=seconds + 180)[0]
            except subprocess.TimeoutExpired:
                print(f"{title}: no end")
            finally:
                job.kill()
                job.wait()
                status = broker.stop()
            if job.returncode != 0:  # else it says only that the broker was away
                errors.seek(0)
                print(errors.read().decode()[-2000:])
    checks.that(f"{title}: the broker stopped cleanly", status == 0, f"status {status}")
    checks.that(f"{title}: the job ended", job.returncode == 0, f"status {job.returncode}")
    told = json.loads(text) if job.returncode == 0 else None
    if told:
        judge(title, told, broker, checks, seconds)
    return told


def judge(title, told, broker, checks, seconds):
    print(f"{title}: {told['sent']} sent, {told['acknowledged']} acknowledged, {told['failed']} given up, "
          f"{told['read']} read; latency p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms, p99.9 {told['p99.9_ms']} ms; "
          f"longest pause {told['longest_pause_ms']} ms; broker: {broker.cpu_seconds:.2f} CPU seconds, "
          f"peak RSS {broker.peak_rss_bytes / 1e6:.1f} MB")
    checks.that("all updates were sent", told["sent"] == int(seconds * PER_SECOND), told["sent"])
    checks.that("each was acknowledged or given up", told["acknowledged"] + told["failed"] == told["sent"],
                f"{told['acknowledged']} + {told['failed']}")
    for what in ("lost", "doubled", "out_of_order", "unknown", "split_symbols"):
        checks.that(what, told[what] == 0, told[what])
    checks.that("all three partitions got data", told["partitions"] == 3, told["partitions"])


def kill_now_and_then(seconds):
    def disturb(broker):
        for _ in range(KILLS):
            time.sleep(seconds / (KILLS + 1))
            broker.kill()
            broker.start()
    return disturb


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    fetch_prices()
    checks = Checks()
    told = run("undisturbed", seconds, checks, lambda broker: None)
    checks.that("nothing was given up", told and told["failed"] == 0, told and told["failed"])
    told = run(f"killed {KILLS} times", seconds, checks, kill_now_and_then(seconds), "enable.idempotence=true")
    checks.that("nearly all were acknowledged", told and told["failed"] * 100 < told["sent"], told and told["failed"])
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
