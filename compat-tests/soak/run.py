#!/usr/bin/env python3
"""Hours of one broker: the stocks job writes and reads while 200 clients connect, crash, hang and send garbage (crowd.py). In rounds
of at most twenty minutes, each with a broker of its own, which is killed and started again after half a minute. The 200 rest now and
then: what the broker holds for them must go with them. So memory, descriptors and threads are looked at in their rests and must stay
flat: a line is laid through the least of each rest of a life, with one slope for all, and what is certain of it (two standard errors
less) is no more than noise. While they are there memory has a bound. And nothing that was acknowledged may be lost.

usage: run.py [--minutes N] [--record]    10 minutes by default. --record: goes on where a run that broke off had stopped, and
                                          adds a line to compat-tests/RECORD.md at the end. Last line: N passed, N failed.
"""
import argparse
import collections
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "stocks")]
import long_run
from broker import Broker
from stocks_job import Checks, fetch_prices, play

CLIENTS = 200
KINDS, NO_BROKER = 7, "found no broker"  # what crowd.py tells
PER_SECOND = 2000  # updates
ROUND_S = 1200
KILLED_AFTER_S = 30
BUSY_S, REST_S = 60, 60
SETTLED_S = 35  # after them: some hang for ten seconds, and the broker gives memory back every thirty
SAMPLE_S = 2
# Segments small enough to roll, so that what is kept of each is bounded as the segments are.
SETTINGS = {"log.segment.bytes": 8 << 20, "log.retention.bytes": 64 << 20, "log.retention.check.interval.ms": 5000,
            "queued.max.request.bytes": 32 << 20, "socket.request.max.bytes": 8 << 20}
# What is counted there, as much again that it takes and the allocator scatters, 256 KiB for each client, and the broker itself.
MOST_RSS_KIB = 160 << 10
# What a slope may be, an hour: what the allocator scatters; a descriptor or a thread in ten minutes is one that leaks.
FLAT_PER_HOUR = {"rss_kib": 4096, "descriptors": 6, "threads": 1}


def sample(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.split(":", 1) for line in file)
    return {"rss_kib": int(status["VmRSS"].split()[0]), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": int(status["Threads"])}


def least_of_rests(life, what):
    """(hours, value)"""
    rests = collections.defaultdict(list)
    for moment in life:
        if moment["rests"]:
            rests[int(moment["s"] // (BUSY_S + REST_S))].append(moment[what])
    return [(rest * (BUSY_S + REST_S) / 3600, min(values)) for rest, values in sorted(rests.items())]


def slope_per_hour(lives, what):
    """Of one line for all lives, each with a height of its own (least squares), and its standard error."""
    offsets = []
    for points in (least_of_rests(life, what) for life in lives):
        middle, mean = (statistics.mean(values) for values in zip(*points))
        offsets += [(at - middle, value - mean) for at, value in points]
    spread = sum(at ** 2 for at, _ in offsets)
    slope = sum(at * value for at, value in offsets) / spread
    left = sum((value - slope * at) ** 2 for at, value in offsets)
    return slope, math.sqrt(left / (len(offsets) - len(lives) - 1) / spread)


def watch(broker, crowd, seconds, life):
    began, rests_since = time.monotonic(), None
    while (at := time.monotonic() - began) < seconds:
        if (at % (BUSY_S + REST_S) >= BUSY_S) != (rests_since is not None):
            rests_since = at if rests_since is None else None
            crowd.send_signal(signal.SIGUSR1 if rests_since is not None else signal.SIGUSR2)
        settled = rests_since is not None and at - rests_since >= SETTLED_S
        life.append({"s": at, "rests": settled, **sample(broker.process.pid)})
        time.sleep(SAMPLE_S)


def disturb(seconds, life, crowd_did):
    def act(broker):
        crowd = subprocess.Popen([sys.executable, os.path.join(HERE, "crowd.py"), broker.bootstrap, str(CLIENTS)],
                                 stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(KILLED_AFTER_S)
            broker.kill()
            broker.start()
            watch(broker, crowd, seconds - KILLED_AFTER_S, life)
            crowd.terminate()
            crowd_did.update(json.loads(crowd.communicate(timeout=30)[0]))
        finally:
            crowd.kill()
            crowd.wait()
    return act


def one_round(number, seconds, totals):
    checks, life, crowd_did = Checks(), [], {}
    with tempfile.TemporaryDirectory() as directory:
        broker = Broker(directory, **{name.replace(".", "_"): value for name, value in SETTINGS.items()})
        broker.start()
        try:
            told = play(f"round {number}", broker, seconds, checks, disturb(seconds, life, crowd_did), "enable.idempotence=true",
                        per_second=PER_SECOND)
        finally:
            status = broker.stop()
    checks.that("the broker stopped cleanly", status == 0, f"status {status}")
    checks.that("the crowd did all it can", crowd_did.pop("broken", 1) == 0 and len(set(crowd_did) - {NO_BROKER}) == KINDS, crowd_did)
    totals["lives"].append(life)
    totals["acknowledged"] += told["acknowledged"] if told else 0
    totals["visits"] += sum(crowd_did.values())
    totals["passed"] += checks.passed
    totals["failed"] += checks.failed
    totals["seconds"] += seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    fetch_prices()
    totals = {"seconds": 0, "lives": [], "acknowledged": 0, "visits": 0, "passed": 0, "failed": 0}
    totals = (options.record and long_run.load_progress("soak")) or totals
    while totals["seconds"] < options.minutes * 60:
        left = options.minutes * 60 - totals["seconds"]
        one_round(len(totals["lives"]) + 1, max(4 * (BUSY_S + REST_S), min(ROUND_S, left)), totals)
        if options.record:
            long_run.save_progress("soak", totals)
    checks, told = Checks(), []
    for what, most in FLAT_PER_HOUR.items():
        slope, error = slope_per_hour(totals["lives"], what)
        values = [moment[what] for life in totals["lives"] for moment in life if moment["rests"]]
        told.append(f"{what} {min(values)} to {max(values)} in their rests, slope {slope:.1f} +- {error:.1f} an hour")
        checks.that(f"{what}: flat", slope - 2 * error <= most, told[-1])
        if options.record:
            checks.that(f"{what}: seen long enough to tell", 2 * error <= most, told[-1])
    most = max(moment["rss_kib"] for life in totals["lives"] for moment in life)
    checks.that("memory: bounded while they are there", most <= MOST_RSS_KIB, f"{most} KiB")
    told.append(f"{most} KiB while they are there")
    passed, failed = totals["passed"] + checks.passed, totals["failed"] + checks.failed
    if options.record:
        long_run.add_to_record("soak", f"soak, {totals['seconds'] / 60:.0f} minutes, {CLIENTS} clients that misbehave",
                               f"{totals['acknowledged']} records acknowledged, {totals['visits']} visits; {'; '.join(told)}; "
                               f"failed checks: {failed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
