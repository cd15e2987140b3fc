#!/usr/bin/env python3
"""Three brokers, seen through stock clients: they form a cluster, spread and replicate partitions, and any one of them may
die: prices of stocks go on, nothing acknowledged is lost, doubled or out of its symbol's order.

usage: run.py [SECONDS]     of the stocks job; 20 by default. Last line: N passed, N failed.
"""
import os
import subprocess
import sys
import tempfile
import time

from cluster import HERE, Cluster, eventually, metadata, partitions_of

sys.path.insert(0, os.path.join(HERE, "..", "stocks"))
import stocks_job

def in_sync(bootstrap, topic, count):
    partitions = partitions_of(bootstrap, topic)
    return bool(partitions) and all(len(one["isrs"]) == count and one["leader"] >= 0 for one in partitions)


def forms(cluster, checks):
    for member in cluster.members:
        seen = eventually(lambda address=member.bootstrap: len(metadata(address)["brokers"]) == 3)
        checks.that(f"broker {member.node} knows all three", seen, metadata(member.bootstrap)["brokers"])


def replicates(cluster, checks):
    """What is written to one broker is read from another after the first one's death."""
    lines = "".join(f"{number}\n" for number in range(1000))
    subprocess.run(["kcat", "-b", cluster.bootstrap, "-P", "-t", "numbers", "-p", "0", "-X", "acks=all"], input=lines, text=True,
                   check=True, timeout=60)
    partitions = partitions_of(cluster.bootstrap, "numbers")
    checks.that("a new topic has three replicas", partitions and all(len(one["replicas"]) == 3 for one in partitions), partitions)
    checks.that("all of them are in sync", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), "ISR")
    checks.that("its leaders are spread", len({one["leader"] for one in partitions}) == len(partitions), partitions)
    leader = partitions[0]["leader"]
    victim = next(member for member in cluster.members if member.node == leader)
    victim.kill()
    began = time.monotonic()
    others = ",".join(member.bootstrap for member in cluster.members if member is not victim)
    moved = eventually(lambda: partitions_of(others, "numbers")[0]["leader"] not in (leader, -1))
    checks.that("another broker leads when its leader has died", moved, f"after {time.monotonic() - began:.1f} s")
    read = subprocess.run(["kcat", "-b", others, "-C", "-t", "numbers", "-p", "0", "-o", "beginning", "-e", "-q"],
                          capture_output=True, text=True, timeout=60).stdout
    checks.that("all that was acknowledged is there", read == lines, f"{len(read.splitlines())} of 1000")
    victim.launch()
    victim.read_ready_line()
    checks.that("it comes back into the ISR", eventually(lambda: in_sync(others, "numbers", 3)), partitions_of(others, "numbers"))


def partition_of_group(group):
    """Kafka's rule: the hash of a Java string, among the 50 partitions of __consumer_offsets."""
    code = 0
    for letter in group:
        code = (31 * code + ord(letter)) & 0xFFFFFFFF
    return (code & 0x7FFFFFFF) % 50


def read_as_member(bootstrap, group):
    """What a member reads to the end, from where the group was; it commits as it leaves."""
    told = subprocess.run(["kcat", "-b", bootstrap, "-G", group, "-X", "auto.offset.reset=earliest", "-e", "-q", "numbers"],
                          capture_output=True, text=True, timeout=90)
    return told.stdout.split()


def groups_move(cluster, checks):
    """What a group has committed is known when its coordinator has died."""
    first = read_as_member(cluster.bootstrap, "readers")
    checks.that("a member reads all", len(first) == 1000, len(first))
    coordinator = partitions_of(cluster.bootstrap, "__consumer_offsets")[partition_of_group("readers")]["leader"]
    victim = next(member for member in cluster.members if member.node == coordinator)
    victim.kill()
    others = ",".join(member.bootstrap for member in cluster.members if member is not victim)
    subprocess.run(["kcat", "-b", others, "-P", "-t", "numbers", "-X", "acks=all"], input="new\n" * 100, text=True, check=True,
                   timeout=60)
    then = read_as_member(others, "readers")
    checks.that("another coordinator knows what was committed", then == ["new"] * 100, f"{len(then)} read, {then[:1]} first")
    victim.launch()
    victim.read_ready_line()
    checks.that("the coordinator that died comes back", eventually(lambda: in_sync(others, "numbers", 3)), victim.node)


def each_dies_in_turn(cluster, seconds):
    def disturb(_):
        for member in cluster.members:
            time.sleep(seconds / (len(cluster.members) + 1))
            member.kill()
            time.sleep(1)
            member.launch()
            member.read_ready_line()
    return disturb


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    stocks_job.fetch_prices()
    checks = stocks_job.Checks()
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster(directory)
        try:
            cluster.start()
            forms(cluster, checks)
            replicates(cluster, checks)
            groups_move(cluster, checks)
            told = stocks_job.play("each broker dies in turn", cluster, seconds, checks, each_dies_in_turn(cluster, seconds),
                                   "enable.idempotence=true")
            checks.that("nearly all were acknowledged", told and told["failed"] * 100 < told["sent"], told and told["failed"])
            for member in cluster.members:
                checks.that(f"broker {member.node} stops cleanly", member.stop() == 0, "status")
            checks.that("no broker met what cannot be", not cluster.errors(), cluster.errors()[:5])
        finally:
            cluster.end()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
