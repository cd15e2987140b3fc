#!/usr/bin/env python3
"""Who agrees on the metadata is changed while the cluster runs, by Kafka's own tool: a quorum of one grows to three, survives
each of them, gets back one whose disk died, and lets the first go. Clients write and read all the while.

usage: voters.py     Last line: N passed, N failed. Needs Java 17 and Maven.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from cluster import HERE, Cluster, eventually, free_ports, in_sync, metadata, partitions_of
from operate import QUORUM, Operator, leaders, quorum_is_told

sys.path.insert(0, os.path.join(HERE, "..", "stocks"))
import stocks_job


def written(cluster, text):
    subprocess.run(["kcat", "-b", cluster.bootstrap, "-P", "-t", "numbers", "-X", "acks=all"], input=f"{text}\n", text=True, check=True,
                   timeout=60)


def read(cluster):
    told = subprocess.run(["kcat", "-b", cluster.bootstrap, "-C", "-t", "numbers", "-o", "beginning", "-e", "-q"], capture_output=True,
                          text=True, timeout=60)
    return sorted(told.stdout.split())


def add(operator, member):
    """As the tool wants it: by the settings of the one that is to vote."""
    path = os.path.join(member.directory, "controller.properties")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"process.roles=broker,controller\nnode.id={member.node}\nlog.dirs={member.directory}/data\n"
                   f"controller.listener.names=CLUSTER\nlisteners={member.listeners()}\n"
                   "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLUSTER:PLAINTEXT\n")
    return operator.run(QUORUM, "--command-config", path, "add-controller")


def remove(operator, member, identity=None):
    return operator.run(QUORUM, "remove-controller", "--controller-id", str(member.node), "--controller-directory-id",
                        identity or member.directory_id)


def one_grows_to_three(cluster, checks, operator):
    first = cluster.members[0]
    first.start()
    for _ in range(2):
        cluster.add().start()
    checks.that("one voter, two that follow it", eventually(lambda: len(metadata(cluster.bootstrap)["brokers"]) == 3),
                metadata(cluster.bootstrap)["brokers"])
    written(cluster, 1)
    quorum_is_told(cluster, checks, operator, [1], [2, 3])
    said = remove(operator, first)
    checks.that("the last voter stays one", "too few voters would be there" in said, said[-500:])
    for member in cluster.members[1:]:
        said = add(operator, member)
        checks.that(f"broker {member.node} becomes a voter", f"Added controller {member.node}" in said, said[-500:])
    again = add(operator, cluster.members[1])
    checks.that("but not twice", "broker 2 is a voter" in again, again[-500:])
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [])
    checks.that("all in sync", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3), 40), partitions_of(cluster.bootstrap, "numbers"))


def any_of_three_may_die(cluster, checks, operator):
    for victim in cluster.members:
        victim.kill()
        rest = set(range(1, 4)) - {victim.node}
        checks.that(f"the others go on without broker {victim.node}", eventually(lambda: set(leaders(cluster)) <= rest), leaders(cluster))
        written(cluster, 10 + victim.node)
        victim.start()
        checks.that(f"broker {victim.node} is back", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))
    for member in cluster.members:
        member.kill()
    cluster.start()
    checks.that("all come back after all have died", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [])


def a_voter_of_later_loses_its_disk(cluster, checks, operator):
    """It may not vote before it has caught up, though the settings do not name it as a voter."""
    victim, other = cluster.members[1:]
    victim.kill()
    other.kill()
    shutil.rmtree(os.path.join(victim.directory, "data"))
    victim.launch()
    written_by_one = subprocess.run(["kcat", "-b", cluster.members[0].bootstrap, "-P", "-t", "numbers", "-X", "acks=all", "-X",
                                     "message.timeout.ms=3000"], input="never\n", text=True, capture_output=True, timeout=60)
    checks.that("one that has it all and one that is empty agree on nothing", written_by_one.returncode != 0, written_by_one.stderr)
    other.start(60)
    victim.read_ready_line(60)
    checks.that("with the third the empty one has all again", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3), 60),
                partitions_of(cluster.bootstrap, "numbers"))
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [])


def the_first_loses_its_disk(cluster, checks, operator):
    """By its settings it is the only voter. The others speak to it before it takes itself for the first of a new quorum; if they
    are away meanwhile, it gives that up when they come."""
    first, others = cluster.members[0], cluster.members[1:]
    first.kill()
    shutil.rmtree(os.path.join(first.directory, "data"))
    first.start(60)
    checks.that("an empty one that thinks it votes alone has all again", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3), 60),
                partitions_of(cluster.bootstrap, "numbers"))
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [])
    for member in cluster.members:
        member.kill()
    shutil.rmtree(os.path.join(first.directory, "data"))
    first.start(60)
    for member in others:
        member.launch()
    checks.that("one that has begun anew beside a quorum ends", eventually(lambda: first.process.poll() == 1), first.process.poll())
    for member in others:
        member.read_ready_line(60)
    shutil.rmtree(os.path.join(first.directory, "data"))
    first.start(60)
    checks.that("and comes back with an empty directory", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3), 60),
                partitions_of(cluster.bootstrap, "numbers"))
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [])


def nobody_moves_unheard(cluster, checks, operator):
    """A voter is looked for where the log has it; a broker that does not vote comes from where it likes."""
    moved, own_address = cluster.members[2], cluster.members[2].own_address
    moved.kill()
    moved.own_address = f"127.0.0.1:{free_ports(1)[0]}"
    moved.launch()
    checks.that("a voter does not start at another address", moved.process.wait(20) == 1 and "remove-controller" in cluster.said(moved),
                cluster.said(moved)[-500:])
    moved.own_address = own_address
    moved.start(60)
    said = remove(operator, moved)
    checks.that("it votes no more", "KRaft controller 3" in said and "Removed" in said, said[-500:])
    moved.kill()
    moved.own_address = f"127.0.0.1:{free_ports(1)[0]}"
    moved.start(60)
    checks.that("and moves", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), partitions_of(cluster.bootstrap, "numbers"))
    quorum_is_told(cluster, checks, operator, [1, 2], [3])
    said = add(operator, moved)
    checks.that("and votes again, from there", "Added controller 3" in said, said[-500:])
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [])


def the_first_leaves(cluster, checks, operator):
    first = cluster.members[0]
    wrong = remove(operator, first, cluster.members[1].directory_id)
    checks.that("not by the directory of another", "the directory of broker 1 is not" in wrong, wrong[-500:])
    said = remove(operator, first)
    checks.that("the first voter leaves the quorum", "KRaft controller 1" in said and "Removed" in said, said[-500:])
    fourth = cluster.add()
    for member in (first, fourth):  # who starts from here on is told who votes
        member.settings["controller.quorum.voters"] = ",".join(f"{one.node}@{one.own_address}" for one in cluster.members[1:3])
    fourth.settings["cluster.id"] = operator.cluster_id
    fourth.start()
    said = add(operator, fourth)
    checks.that("a fourth comes in its place", "Added controller 4" in said, said[-500:])
    quorum_is_told(cluster, checks, operator, [2, 3, 4], [1])
    first.kill()
    written(cluster, 21)
    first.start()
    checks.that("the first is a broker like any other", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))
    fourth.kill()
    cluster.members[2].kill()
    said = remove(operator, cluster.members[1])
    checks.that("nobody leaves where nothing can be agreed on", "Removed" not in said, said[-500:])
    fourth.start(60)
    cluster.members[2].start(60)
    checks.that("all are back", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))


def main():
    subprocess.run([os.path.join(HERE, "..", "kafka-tools", "setup.sh")], check=True)
    checks = stocks_job.Checks()
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster(directory, count=1, broker_session_timeout_ms=3000, default_replication_factor=3)
        operator = Operator(cluster, checks, directory)
        try:
            one_grows_to_three(cluster, checks, operator)
            with open(os.path.join(cluster.members[0].directory, "data", "meta.properties"), encoding="utf-8") as file:
                operator.cluster_id = next(line.split("=", 1)[1].strip() for line in file if line.startswith("cluster.id="))
            any_of_three_may_die(cluster, checks, operator)
            a_voter_of_later_loses_its_disk(cluster, checks, operator)
            the_first_loses_its_disk(cluster, checks, operator)
            nobody_moves_unheard(cluster, checks, operator)
            the_first_leaves(cluster, checks, operator)
            numbers = ["1", "11", "12", "13", "21"]
            checks.that("what was acknowledged is there", eventually(lambda: set(numbers) <= set(read(cluster))), read(cluster))
            met = [line for line in cluster.errors() if "one of its own, does not know" not in line]
            checks.that("no broker met what cannot be", not met, met[:5])
        finally:
            operator.tools.stop_tools()
            cluster.end()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
