#!/usr/bin/env python3
"""Writing to three brokers: a topic of three partitions with three replicas each (min.insync.replicas 2), one librdkafka with its
defaults and acks=all, on three brokers of ours and on three Apache Kafkas (4.3.1, KRaft, a heap of 512 MB each), by turns: ours,
Kafka, Kafka, ours. Once each replica syncs before it counts (flush.messages 1 on both), and once neither does. Messages a
second, and the CPU time of all three brokers for each GB of records.

A virtual machine may give free memory to its host and pay up to a CPU second for each GB that it needs again; three GB of page
cache for each GB of records would make that the greater part of what is measured. So the slices are short, and each begins with
memory that has just been used; and as what is left of it only ever adds, the best slice of each is told beside the medians.

usage: replicated.py [PAIRS]   8 by default; a quarter of an hour. Prints each slice, and a table of medians and one of the best.
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import failover
from failover import AdminClient, Kafkas, NewTopic, Ottla
from cluster import HERE

sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from broker import ROOT
from load import here

LOAD = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build", "release")), "librdkafka_load")
WARM_UPS = 3  # slices of each case that do not count
PARTITIONS, REPLICAS, NEVER, TICKS = 3, 3, 2 ** 63 - 1, os.sysconf("SC_CLK_TCK")
# (record bytes, sync): messages of ours, of Kafka's; a slice takes two seconds.
CASES = {(100, False): (3_000_000, 1_000_000), (1024, False): (400_000, 250_000),
         (100, True): (2_000_000, 1_000_000), (1024, True): (400_000, 200_000)}


def warm_memory(size_bytes):
    """Writes so much to a file, and removes it: what is free then has just been used."""
    with tempfile.TemporaryFile(dir=os.path.join(ROOT, "build")) as file:
        for _ in range(size_bytes >> 20):
            file.write(bytes(1 << 20))


def cpu_seconds(processes):
    seconds = 0.0
    for process in processes:
        with open(f"/proc/{process}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def write(system, admin, case, messages, number):
    """One slice, to a topic of its own."""
    record_bytes, syncs = case
    gigabytes = messages * 1.1 * record_bytes / 1e9
    topic = f"replicated-{record_bytes}-{syncs}-{number}"
    config = {"min.insync.replicas": "2", "flush.messages": "1" if syncs else str(NEVER),
              "file.delete.delay.ms": "0"}  # the next slice has the memory
    admin.create_topics([NewTopic(topic, PARTITIONS, replication_factor=REPLICAS, config=config)], request_timeout=60)[topic].result()
    processes = [system.process(node).pid for node in (1, 2, 3)]
    words = [LOAD, "produce", "--bootstrap", system.bootstrap, "--topic", topic, "--record-bytes", str(record_bytes),
             "--messages", str(messages), "--warm-up-messages", str(messages // 10)]
    warm_memory(int(REPLICAS * gigabytes * 1e9))
    before = cpu_seconds(processes)
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=600).stdout.splitlines()[-1])
    spent = cpu_seconds(processes) - before
    admin.delete_topics([topic])[topic].result()
    return {"messages_per_s": told["messages_per_s"], "cpu_s_per_gb": spent / gigabytes}


def run_system(kind, slices, seen):
    with here() as directory:
        system = kind(directory)
        try:
            system.start()
            admin = AdminClient({"bootstrap.servers": system.bootstrap, "log_level": 2})
            for number in range(-WARM_UPS, slices):  # of all cases: a JVM compiles what it has run often, for a minute
                for case, counts in CASES.items():
                    one = write(system, admin, case, counts[kind is Kafkas], number)
                    if number < 0:
                        continue
                    seen[kind.name, case].append(one)
                    print(f"{kind.name}: {case[0]} B, {'synced' if case[1] else 'page cache'}: "
                          f"{one['messages_per_s']:.0f} messages/s, {one['cpu_s_per_gb']:.2f} CPU s/GB", flush=True)
        finally:
            system.end()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    seen = {(kind.name, case): [] for kind in (Ottla, Kafkas) for case in CASES}
    halves = (pairs + 1) // 2, pairs // 2
    for kind, half in ((Ottla, 0), (Kafkas, 0), (Kafkas, 1), (Ottla, 1)):
        if halves[half]:
            run_system(kind, halves[half], seen)
    for what, messages_of, cpu_of in (("medians", statistics.median, statistics.median), ("the best", max, min)):
        print(f"\n| record | an acknowledgement means | messages/s, {what}: ours | Kafka's | ratio | "
              "CPU s/GB of all brokers, ours | Kafka's | ratio |\n|---|---|---|---|---|---|---|---|")
        for case in CASES:
            cells = []
            for figure, pick, digits in (("messages_per_s", messages_of, 0), ("cpu_s_per_gb", cpu_of, 2)):
                ours, theirs = (pick(one[figure] for one in seen[name, case]) for name in ("ottla", "kafka"))
                cells += [f"{ours:,.{digits}f}", f"{theirs:,.{digits}f}", f"{ours / theirs:.2f}"]
            place = "synced on all in-sync replicas" if case[1] else "in their page caches"
            print(f"| {case[0]} B | {place} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
