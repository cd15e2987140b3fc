#!/usr/bin/env python3
"""Time from the start of the process to its ready line, with an empty data directory and with one that has data, and the
memory of an idle broker. usage: start.py [STARTS]"""
import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import Broker

IDLE_SECONDS = 3


def starts(count, fresh):
    seconds, rss = [], 0
    with tempfile.TemporaryDirectory() as kept:
        for _ in range(count):
            with tempfile.TemporaryDirectory() as directory:
                broker = Broker(directory if fresh else kept)
                seconds.append(broker.start())
                if len(seconds) == count:
                    time.sleep(IDLE_SECONDS)
                    rss = broker.rss_bytes()
                broker.stop()
    return seconds, rss


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for title, fresh in (("first start, empty directory", True), ("start again", False)):
        seconds, rss = starts(count, fresh)
        print(f"{title}: median {statistics.median(seconds) * 1000:.1f} ms, largest {max(seconds) * 1000:.1f} ms of {count} "
              f"starts; idle RSS {rss / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(main())
