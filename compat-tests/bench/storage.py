#!/usr/bin/env python3
"""What the log costs beside the bare disk, in one run: appends beside fio (pairs in the order A B B A, medians), the cost
of a commit against the number of partitions that share it, and recovery after kill -9. usage: storage.py [GIB]"""
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import ROOT, Broker
from load import fill, forget_cached, here, make_topic

BENCH = os.path.join(ROOT, "build", "release", "storage_bench")
SECONDS = 3
PAIRS = 3
KIB = 1024


def log_append(directory, size, how):
    line = subprocess.run([BENCH, "append", directory, str(size), str(SECONDS), how], check=True, capture_output=True).stdout
    return json.loads(line)["mb_per_second"]


def bare_append(directory, size, how):
    os.makedirs(directory)
    words = ["fio", "--name=bare", f"--directory={directory}", "--rw=write", f"--bs={size}", "--ioengine=psync", "--size=64g",
             "--time_based", f"--runtime={SECONDS}", "--fallocate=none", "--output-format=json"]
    words += ["--fdatasync=1"] if how == "sync" else []
    out = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    return out["jobs"][0]["write"]["bw_bytes"] / 1e6


def timed(run, *words):
    with here() as directory:
        result = run(os.path.join(directory, "data"), *words)
    os.sync()
    return result


def appends():
    print("append, one partition, MB/s (10^6), medians of", 2 * PAIRS, "slices each")
    print("| batch | durability | log | bare disk (fio) | ratio |\n|---|---|---|---|---|")
    for how in ("sync", "cache"):
        for size in (16 * KIB, 64 * KIB, 1024 * KIB):
            ours, theirs = [], []
            for _ in range(PAIRS):
                ours.append(timed(log_append, size, how))
                theirs.append(timed(bare_append, size, how))
                theirs.append(timed(bare_append, size, how))
                ours.append(timed(log_append, size, how))
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(f"| {size // KIB} KiB | {'fdatasync each' if how == 'sync' else 'page cache'} | {statistics.median(ours):.1f} "
                  f"| {statistics.median(theirs):.1f} | {ratio:.2f} |", flush=True)


def commits():
    print("\none commit, ms, against the partitions that share it (1 KiB each)")
    print("| partitions | as the broker does | one fdatasync each | eight at a time |\n|---|---|---|---|")
    for partitions in (1, 10, 100, 1000):
        row = []
        for how in ("group", "files", "threads"):
            with here() as directory:
                line = subprocess.run([BENCH, "commit", directory, str(partitions), str(SECONDS), how], check=True,
                                      capture_output=True).stdout
            row.append(json.loads(line)["ms_per_commit"])
        print(f"| {partitions} | " + " | ".join(f"{ms:.2f}" for ms in row) + " |", flush=True)


def recovery(gib):
    print(f"\nstart after kill -9 with {gib} GiB in 16 partitions, page cache dropped")
    print("| recovery point | GB | ready after, s | MB/s of the whole |\n|---|---|---|---|")
    for title, interval_ms in (("never written: all is scanned", 10 ** 9), ("written every second", 1000)):
        with here() as directory:
            broker = Broker(directory, log_flush_offset_checkpoint_interval_ms=interval_ms)
            broker.start()
            make_topic(broker, "big", 16)
            size = fill(broker, "big", 16, gib * KIB ** 3)
            time.sleep(2)  # the recovery point of the second row
            broker.kill()
            forget_cached(directory)
            took = broker.start(seconds=600)
            broker.kill()
        print(f"| {title} | {size / 1e9:.1f} | {took:.2f} | {size / 1e6 / took:.0f} |", flush=True)


def main():
    appends()
    commits()
    recovery(int(sys.argv[1]) if len(sys.argv) > 1 else 10)


if __name__ == "__main__":
    main()
