#!/usr/bin/env python3
"""What partitions cost: memory, descriptors, CPU at rest, and the time of a start after a clean stop and after kill -9.
Each partition holds one record. usage: partitions.py [COUNT...]"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import Broker
from load import forget_cached, here, make_topic, touch

IDLE_SECONDS = 10


def descriptors(broker):
    return len(os.listdir(f"/proc/{broker.process.pid}/fd"))


def cpu_seconds(broker):
    with open(f"/proc/{broker.process.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(count):
    """The cells of one row."""
    with here() as directory:
        broker = Broker(directory, num_partitions=1)
        broker.start()
        began = time.monotonic()
        make_topic(broker, "many", count)
        made = time.monotonic() - began
        touch(broker, "many", count)
        written_rss = broker.rss_bytes()
        broker.kill()
        forget_cached(directory)
        after_kill = broker.start(seconds=600)
        status = broker.stop(seconds=600)
        if status != 0:
            raise RuntimeError(f"the clean stop ended with {status}")
        forget_cached(directory)
        after_stop = broker.start(seconds=600)
        time.sleep(2)
        before = cpu_seconds(broker)
        time.sleep(IDLE_SECONDS)
        idle = (cpu_seconds(broker) - before) / IDLE_SECONDS
        idle_rss, opened = broker.rss_bytes(), descriptors(broker)
        broker.stop(seconds=600)
    return [f"{count:,}", f"{made:.2f}", f"{written_rss / 1e6:.1f}", f"{idle_rss / 1e6:.1f}", str(opened), f"{idle * 100:.2f}",
            f"{after_stop * 1000:.0f}", f"{after_kill * 1000:.0f}"], idle_rss


def main():
    counts = [int(word) for word in sys.argv[1:]] or [1, 100, 1_000, 10_000]
    print("| partitions | made in, s | RSS after a record in each, MB | RSS at rest, MB | descriptors | CPU at rest, % "
          "| start after a clean stop, ms | after kill -9, ms |\n|---|---|---|---|---|---|---|---|")
    rss = {}
    for count in counts:
        row, rss[count] = measure(count)
        print("| " + " | ".join(row) + " |", flush=True)
    if len(rss) > 1:
        few, many = min(rss), max(rss)
        print(f"each further partition at rest: {(rss[many] - rss[few]) / (many - few):.0f} bytes")


if __name__ == "__main__":
    main()
