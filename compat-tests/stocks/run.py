#!/usr/bin/env python3
"""The stocks job: 560 real prices of five stocks, replayed by librdkafka at 15,000 updates a second with acks=all while a
reader follows. First undisturbed; then by an idempotent producer while the broker is killed and started again five
times. Nothing acknowledged may be lost, doubled or out of its symbol's order.

usage: run.py [SECONDS]     of each of the two runs; 60 by default. Last line: N passed, N failed.
"""
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from broker import Broker
from stocks_job import Checks, fetch_prices, play

KILLS = 5


def run(title, seconds, checks, disturb, *settings):
    """On a fresh broker."""
    with tempfile.TemporaryDirectory() as directory:
        broker = Broker(directory)
        broker.start()
        try:
            told = play(title, broker, seconds, checks, disturb, *settings)
        finally:
            status = broker.stop()
        print(f"broker: {broker.cpu_seconds:.2f} CPU seconds, peak RSS {broker.peak_rss_bytes / 1e6:.1f} MB")
    checks.that(f"{title}: the broker stopped cleanly", status == 0, f"status {status}")
    return told


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
