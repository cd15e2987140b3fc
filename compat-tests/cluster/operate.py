#!/usr/bin/env python3
"""A cluster is operated by Kafka's own tools: leaders are elected, a fourth broker comes and is given partitions, a
broker leaves for good, one comes back with another disk. What was written stays readable all the while.

usage: operate.py     Last line: N passed, N failed. Needs Java 17 and Maven.
"""
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile

from cluster import HERE, Cluster, eventually, in_sync, metadata, partitions_of

sys.path.insert(0, os.path.join(HERE, "..", "stocks"))
sys.path.insert(0, os.path.join(HERE, "..", "kafka-tools"))
import sides
import stocks_job
from broker import OTTLA
from one_command import one_command
from troubles import ELECT, a_disk_is_full, an_unclean_election, the_controller_hangs

RECORDS = 3000
REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"
QUORUM = "org.apache.kafka.tools.MetadataQuorumCommand"
CLUSTER_TOOL = "org.apache.kafka.tools.ClusterTool"
DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand"


class Operator:
    """Kafka's tools on this cluster."""

    def __init__(self, cluster, checks, directory):
        self.cluster, self.checks, self.directory = cluster, checks, directory
        self.tools = sides.Side("tools", os.path.join(directory, "tools"))
        self.tools.start_tools()

    def run(self, main_class, *arguments, bootstrap=None):
        """{bootstrap} stands for the brokers; without it, they come first."""
        where = bootstrap or self.cluster.bootstrap
        words = [where if word == "{bootstrap}" else word for word in arguments]
        words = words if where in words else ["--bootstrap-server", where, *words]
        _, out, err = self.tools.run(main_class, words, seconds=40)
        return out + err

    def file(self, name, value):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as text:
            json.dump(value, text)
        return path

    def move(self, what, replicas):
        """Moves the partitions of `numbers`, and waits until Kafka's tool says that it is over."""
        plan = self.file("plan.json", {"version": 1, "partitions": [
            {"topic": "numbers", "partition": index, "replicas": replicas} for index in range(3)]})
        said = self.run(REASSIGN, "--reassignment-json-file", plan, "--execute")
        self.checks.that(f"{what}: the tool begins", "Successfully started partition reassignments" in said, said[-500:])
        over = lambda: self.run(REASSIGN, "--reassignment-json-file", plan, "--verify").count("is completed") == 3
        self.checks.that(f"{what}: the tool says that it is over", eventually(over, 60), self.run(REASSIGN, "--list"))
        told = lambda: [one["replicas"] for one in partitions_of(self.cluster.bootstrap, "numbers")]
        ids = [[{"id": node} for node in replicas]] * 3
        self.checks.that(f"{what}: the replicas are there", eventually(lambda: told() == ids), told())
        self.checks.that(f"{what}: and in sync", eventually(lambda: in_sync(self.cluster.bootstrap, "numbers", len(replicas))),
                         partitions_of(self.cluster.bootstrap, "numbers"))


def read_all(cluster, checks, when):
    read = subprocess.run(["kcat", "-b", cluster.bootstrap, "-C", "-t", "numbers", "-o", "beginning", "-e", "-q"],
                          capture_output=True, text=True, timeout=60).stdout.split()
    checks.that(f"every record is there {when}", sorted(read, key=int) == [str(number) for number in range(RECORDS)], len(read))


def leaders(cluster):
    return [one["leader"] for one in partitions_of(cluster.bootstrap, "numbers")]


def preferred(cluster):
    return [one["replicas"][0]["id"] for one in partitions_of(cluster.bootstrap, "numbers")]


def elects_leaders(cluster, checks, operator):
    cluster.restart(cluster.members[0])
    checks.that("a broker that was away leads nothing", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3))
                and 1 not in leaders(cluster), leaders(cluster))
    said = operator.run(ELECT, "--election-type", "preferred", "--all-topic-partitions")
    checks.that("the election tool gives it back what it should lead", "Successfully completed leader election" in said, said[-500:])
    checks.that("and clients are told so", eventually(lambda: leaders(cluster) == preferred(cluster)), leaders(cluster))
    again = operator.run(ELECT, "--election-type", "preferred", "--topic", "numbers", "--partition", "0")
    checks.that("a second one is not needed", "Valid replica already elected" in again, again[-500:])
    unclean = operator.run(ELECT, "--election-type", "unclean", "--topic", "numbers", "--partition", "0")
    checks.that("nor an unclean one", "Valid replica already elected" in unclean, unclean[-500:])


def quorum_is_told(cluster, checks, operator, voters, observers):
    for member in cluster.members:
        said = operator.run(QUORUM, "describe", "--replication", bootstrap=member.bootstrap)
        rows = [line.split() for line in said.splitlines() if line[:1].isdigit()]
        seen = {(int(row[0]), row[-1]) for row in rows}
        wanted = {(node, "Follower") for node in voters} | {(node, "Observer") for node in observers}
        is_right = len(seen - wanted) == 1 and {node for node, _ in seen} == {node for node, _ in wanted}
        checks.that(f"broker {member.node} tells who agrees on the metadata", is_right and "Leader" in said, said)
        directories = {int(row[0]): row[1] for row in rows}
        right = {one.node: one.directory_id for one in cluster.members if one.node in directories}
        checks.that("and their directories", directories == right, said)
        lag = lambda at=member.bootstrap: [line.split()[3] for line in operator.run(
            QUORUM, "describe", "--replication", bootstrap=at).splitlines() if line[:1].isdigit()]
        checks.that(f"and that nobody lags, by broker {member.node}", eventually(lambda: set(lag()) == {"0"}), lag())


def a_fourth_broker(cluster, checks, operator):
    fourth = cluster.add()
    fourth.start()
    checks.that("a fourth broker, which is no voter, joins",
                eventually(lambda: len(metadata(cluster.bootstrap)["brokers"]) == 4), metadata(cluster.bootstrap)["brokers"])
    quorum_is_told(cluster, checks, operator, [1, 2, 3], [4])
    operator.move("to the fourth broker", [4, 2, 3])
    read_all(cluster, checks, "when the fourth broker has a replica")
    cluster.restart(fourth)
    checks.that("the fourth broker comes back after its death",
                eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), partitions_of(cluster.bootstrap, "numbers"))
    victim = cluster.members[1]
    victim.kill()
    checks.that("it leads when another has died", eventually(lambda: set(leaders(cluster)) <= {3, 4}), leaders(cluster))
    read_all(cluster, checks, "when a broker has died beside the fourth")
    victim.start()
    checks.that("all are in sync again", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))


def drain(cluster, checks, node, status, said):
    done = subprocess.run([OTTLA, "cluster", "drain", "--broker", str(node), "--bootstrap-server", cluster.members[0].bootstrap],
                          capture_output=True, text=True, timeout=60)
    checks.that(f"broker {node} is drained, or not", done.returncode == status and said in done.stdout + done.stderr, done)


def a_broker_leaves_for_good(cluster, checks, operator):
    drain(cluster, checks, 4, 0, "broker 4 has no replica")
    told = [topic["topic"] for topic in metadata(cluster.bootstrap)["topics"] for one in topic["partitions"]
            if 4 in [replica["id"] for replica in one["replicas"]]]
    checks.that("a drained broker has no replica of any topic", not told, told)
    checks.that("and all are in sync without it", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)),
                partitions_of(cluster.bootstrap, "numbers"))
    fourth = cluster.members.pop()
    runs = operator.run(CLUSTER_TOOL, "unregister", "--bootstrap-server", "{bootstrap}", "--id", "4")
    checks.that("a broker that runs is not unregistered", "Broker 4 runs: stop it first." in runs, runs[-500:])
    checks.that("it stops cleanly", fourth.stop() == 0, "status")
    said = operator.run(CLUSTER_TOOL, "unregister", "--bootstrap-server", "{bootstrap}", "--id", "4")
    checks.that("the tool unregisters it", "Broker 4 is no longer registered" in said, said[-500:])
    again = operator.run(CLUSTER_TOOL, "unregister", "--bootstrap-server", "{bootstrap}", "--id", "4")
    checks.that("it is not known any more", "4" in again and "no longer" not in again, again[-500:])
    status = lambda member: subprocess.run([OTTLA, "cluster", "status", "--http", member.http.removeprefix("http://")],
                                           capture_output=True, text=True, timeout=60).stdout
    told = [status(member) for member in cluster.members]
    checks.that("nor told of", all("broker 1" in one and "broker 4" not in one for one in told), told)
    read_all(cluster, checks, "when the fourth broker is gone")
    drain(cluster, checks, 1, 1, "every other broker that runs has a replica")
    drain(cluster, checks, 9, 0, "broker 9 has no replica")


def a_log_is_damaged(cluster, checks):
    """On one broker, found when it starts: the others do without it, until its disk is replaced (which comes next)."""
    victim = cluster.members[1]
    write = ["kcat", "-b", cluster.bootstrap, "-P", "-t", "rotten", "-p", "0", "-X", "acks=all", "-X", "message.timeout.ms=20000"]
    subprocess.run(write, input="".join(f"{number}\n" for number in range(100)), text=True, check=True, timeout=60)
    checks.that("a topic to rot", eventually(lambda: in_sync(cluster.bootstrap, "rotten", 3)), partitions_of(cluster.bootstrap, "rotten"))
    victim.kill()
    with open(os.path.join(victim.directory, "data", "rotten-0", "0" * 20 + ".log"), "r+b") as log:
        log.seek(100)
        byte = log.read(1)
        log.seek(100)
        log.write(bytes([byte[0] ^ 1]))
    victim.start(60)
    partition = lambda: next(one for one in partitions_of(cluster.bootstrap, "rotten") if one["partition"] == 0)
    in_isr = lambda: victim.node in [one["id"] for one in partition()["isrs"]]
    is_without = lambda: not in_isr() and partition()["leader"] not in (-1, victim.node)
    checks.that("a damaged replica is not in sync, and does not lead", eventually(is_without), partition())
    checks.that("its broker keeps the others", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))
    written = subprocess.run(write, input="more\n", text=True, capture_output=True, timeout=60)
    checks.that("the others take records", written.returncode == 0, written.stderr)
    checks.that("which does not bring it back", not eventually(in_isr, 3), partition())


def a_disk_is_replaced(cluster, checks, operator):
    """Also of a log that starts in the middle of a batch."""
    subprocess.run(["kcat", "-b", cluster.bootstrap, "-P", "-t", "trimmed", "-p", "0", "-X", "acks=all", "-X", "linger.ms=500"], text=True,
                   check=True, input="".join(f"{number}\n" for number in range(10)), timeout=60)
    said = operator.run(DELETE_RECORDS, "--offset-json-file", operator.file(
        "offsets.json", {"version": 1, "partitions": [{"topic": "trimmed", "partition": 0, "offset": 5}]}))
    checks.that("records are deleted up to the middle of a batch", "low_watermark: 5" in said, said[-500:])
    victim = cluster.members[1]
    victim.kill()
    shutil.rmtree(os.path.join(victim.directory, "data"))
    victim.start(60)  # a session timeout after its death
    checks.that("a broker with an empty disk gets all of it again",
                eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3), 60), partitions_of(cluster.bootstrap, "numbers"))
    checks.that("and of what begins in the middle of a batch",
                eventually(lambda: in_sync(cluster.bootstrap, "trimmed", 3)), partitions_of(cluster.bootstrap, "trimmed"))
    for member in cluster.members:
        if member is not victim:
            member.kill()
    for member in cluster.members:
        if member is not victim:
            member.launch()
    for member in cluster.members:
        if member is not victim:
            member.read_ready_line()
    checks.that("and serves it", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))
    read_all(cluster, checks, "after another disk")
    read = subprocess.run(["kcat", "-b", cluster.bootstrap, "-C", "-t", "trimmed", "-p", "0", "-o", "beginning", "-e", "-q"],
                          capture_output=True, text=True, timeout=60).stdout.split()
    checks.that("and what was not deleted", read == ["5", "6", "7", "8", "9"], read)


def an_empty_voter_elects_nobody_who_lags(directory, checks):
    """Two have agreed on a topic; one of them loses its disk, the other is away. The third lacks the topic, and must not
    be made the controller by the vote of the empty one."""
    cluster = Cluster(directory, broker_session_timeout_ms=3000)
    try:
        cluster.start()
        holder, emptied, lagging = cluster.members
        lagging.kill()
        others = f"{holder.bootstrap},{emptied.bootstrap}"
        subprocess.run(["kcat", "-b", others, "-P", "-t", "agreed", "-X", "acks=all"], input="one\n", text=True, check=True, timeout=60)
        holder.kill()
        emptied.kill()
        shutil.rmtree(os.path.join(emptied.directory, "data"))
        emptied.launch()
        lagging.launch()
        started = select.select([emptied.process.stdout, lagging.process.stdout], [], [], 8)[0]
        checks.that("an empty voter and one that lags are no cluster", not started, started)
        holder.start(60)
        for member in (emptied, lagging):
            member.read_ready_line(60)
        checks.that("what was agreed on is there when its holder is", eventually(lambda: in_sync(cluster.bootstrap, "agreed", 3)),
                    metadata(cluster.bootstrap)["topics"])
        read = subprocess.run(["kcat", "-b", cluster.bootstrap, "-C", "-t", "agreed", "-e", "-q"], capture_output=True, text=True,
                              timeout=60).stdout
        checks.that("and its record", read == "one\n", read)
    finally:
        cluster.end()


def main():
    subprocess.run([os.path.join(HERE, "..", "kafka-tools", "setup.sh")], check=True)
    checks = stocks_job.Checks()
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster(directory, broker_session_timeout_ms=3000, http_listener="127.0.0.1:0")
        operator = Operator(cluster, checks, directory)
        try:
            cluster.start()
            checks.that("three brokers", eventually(lambda: len(metadata(cluster.bootstrap)["brokers"]) == 3), metadata(cluster.bootstrap))
            subprocess.run(["kcat", "-b", cluster.bootstrap, "-P", "-t", "numbers", "-X", "acks=all"], text=True, check=True,
                           input="".join(f"{number}\n" for number in range(RECORDS)), timeout=60)
            checks.that("three replicas each", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), leaders(cluster))
            quorum_is_told(cluster, checks, operator, [1, 2, 3], [])
            elects_leaders(cluster, checks, operator)
            a_fourth_broker(cluster, checks, operator)
            an_unclean_election(cluster, checks, operator)
            a_broker_leaves_for_good(cluster, checks, operator)
            the_controller_hangs(cluster, checks)
            a_disk_is_full(cluster, checks, lambda: operator.run(ELECT, "--election-type", "preferred", "--all-topic-partitions"))
            a_log_is_damaged(cluster, checks)
            a_disk_is_replaced(cluster, checks, operator)
            checks.that("and of what was damaged", eventually(lambda: in_sync(cluster.bootstrap, "rotten", 3)),
                        partitions_of(cluster.bootstrap, "rotten"))
            checks.that("no broker met what cannot be", not cluster.errors(), cluster.errors()[:5])
        finally:
            operator.tools.stop_tools()
            cluster.end()
        an_empty_voter_elects_nobody_who_lags(os.path.join(directory, "second"), checks)
        one_command(directory, checks)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
