"""The stocks job (stocks.cc): fetches its prices, runs it, and judges what it tells."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from broker import ROOT

PER_SECOND = 15_000
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


def play(title, broker, seconds, checks, disturb, *settings, per_second=PER_SECOND):
    """One run against `broker`, which may be a cluster; `disturb(broker)` happens meanwhile. What the job told, or None."""
    text = None
    with tempfile.TemporaryFile() as errors:
        job = subprocess.Popen([JOB, broker.bootstrap, PRICES, str(seconds), str(per_second), *settings],
                               stdout=subprocess.PIPE, stderr=errors)
        try:
            disturb(broker)
            text = job.communicate(timeout=seconds + 180)[0]
        except subprocess.TimeoutExpired:
            print(f"{title}: no end")
        finally:
            job.kill()
            job.wait()
        if job.returncode != 0:  # else it says only that the broker was away
            errors.seek(0)
            print(errors.read().decode()[-2000:])
    checks.that(f"{title}: the job ended", job.returncode == 0, f"status {job.returncode}")
    told = json.loads(text) if job.returncode == 0 else None
    if told:
        judge(title, told, checks, int(seconds * per_second))
    return told


def judge(title, told, checks, updates):
    print(f"{title}: {told['sent']} sent, {told['acknowledged']} acknowledged, {told['failed']} given up, "
          f"{told['read']} read; latency p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms, p99.9 {told['p99.9_ms']} ms; "
          f"longest pause {told['longest_pause_ms']} ms")
    checks.that("all updates were sent", told["sent"] == updates, told["sent"])
    checks.that("each was acknowledged or given up", told["acknowledged"] + told["failed"] == told["sent"],
                f"{told['acknowledged']} + {told['failed']}")
    for what in ("lost", "doubled", "out_of_order", "unknown", "split_symbols"):
        checks.that(what, told[what] == 0, told[what])
    checks.that("all three partitions got data", told["partitions"] == 3, told["partitions"])
