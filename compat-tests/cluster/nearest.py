#!/usr/bin/env python3
"""Three brokers in three racks: a consumer that tells its rack reads from the replica there (KIP-392), goes on elsewhere when
that broker dies, and one that tells none reads from the leader. librdkafka and the Java client.

usage: nearest.py     Last line: N passed, N failed.
"""
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import urllib.request

from cluster import HERE, Cluster, eventually, in_sync

sys.path.insert(0, os.path.join(HERE, "..", "kafka-tools"))
sys.path.insert(0, os.path.join(HERE, "..", "stocks"))
import sides
import stocks_job
from wire import Client, batch, compact, frame, header, record

RACKS, TOPIC = ("north", "south", "west"), "news"
SELECTOR = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
RECORDS, RECORD_BYTES = 2000, 1000


def sent_bytes(member):
    """What this broker has sent, to clients and to the others."""
    with urllib.request.urlopen(f"{member.http}/metrics", timeout=10) as answer:
        return sum(float(value) for value in re.findall(r"^ottla_sent_bytes_total\S* (\S+)$", answer.read().decode(), re.M))


def read_by_kcat(bootstrap, *more):
    command = ["kcat", "-b", bootstrap, "-C", "-t", TOPIC, "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%s\n", *more]
    return len(subprocess.run(command, capture_output=True, timeout=60).stdout.splitlines())


def address(member):
    """As NodeEndpoints has it."""
    host, port = member.address()
    return compact(host) + struct.pack(">i", port)


def refused_produce(member):
    """The answer of a broker that does not lead the partition, to Produce 10."""
    body = b"\0" + struct.pack(">hi", -1, 10_000) + b"\x02" + compact(TOPIC) + b"\x02" + struct.pack(">i", 0)
    body += compact(batch([record()])) + b"\0" * 3
    client = Client(member.bootstrap)
    try:
        return client.ask(frame(header(0, 10, tags=b"\0") + body)) or b""
    finally:
        client.close()


class Readers:
    def __init__(self, cluster, checks):
        self.cluster, self.checks = cluster, checks

    def where(self, read):
        """The rack whose broker has sent most meanwhile, and what `read` gave."""
        alive = [member for member in self.cluster.members if member.process.poll() is None]
        before = {member.node: sent_bytes(member) for member in alive}
        count = read()
        sent = {RACKS[member.node - 1]: sent_bytes(member) - before[member.node] for member in alive}
        return max(sent, key=sent.get), count, sent

    def read(self, what, read, racks):
        rack, count, sent = self.where(read)
        self.checks.that(f"{what}: all of it", count == RECORDS, count)
        self.checks.that(f"{what}: from {' or '.join(racks)}", rack in racks, sent)


def run(checks, directory):
    cluster = Cluster(directory, replica_selector_class=SELECTOR, http_listener="127.0.0.1:0")
    for member, rack in zip(cluster.members, RACKS):
        member.settings["broker.rack"] = rack
    tools = sides.Side("tools", os.path.join(directory, "tools"))
    try:
        cluster.start()
        tools.start_tools()
        tools.run("org.apache.kafka.tools.TopicCommand", ["--bootstrap-server", cluster.bootstrap, "--create", "--topic", TOPIC,
                                                          "--replica-assignment", "1:2:3"])
        lines = b"".join(b"%06d %s\n" % (number, b"x" * RECORD_BYTES) for number in range(RECORDS))
        subprocess.run(["kcat", "-b", cluster.bootstrap, "-P", "-t", TOPIC, "-p", "0"], input=lines, check=True, timeout=60)
        checks.that("all replicas have it", eventually(lambda: in_sync(cluster.bootstrap, TOPIC, 3)), TOPIC)
        readers = Readers(cluster, checks)
        readers.read("no rack", lambda: read_by_kcat(cluster.bootstrap), ["north"])
        readers.read("the leader's rack", lambda: read_by_kcat(cluster.bootstrap, "-X", "client.rack=north"), ["north"])
        readers.read("the rack of a follower", lambda: read_by_kcat(cluster.bootstrap, "-X", "client.rack=west"), ["west"])
        readers.read("a rack where nobody is", lambda: read_by_kcat(cluster.bootstrap, "-X", "client.rack=moon"), ["north"])

        def by_java():
            words = ["--bootstrap-server", cluster.bootstrap, "--topic", TOPIC, "--partition", "0", "--offset", "earliest",
                     "--max-messages", str(RECORDS), "--timeout-ms", "20000", "--command-property", "client.rack=south"]
            _, out, _ = tools.run("org.apache.kafka.tools.consumer.ConsoleConsumer", words, seconds=40)
            return len(out.splitlines())
        readers.read("by the Java client", by_java, ["south"])
        refused = refused_produce(cluster.members[1])
        checks.that("a follower that is written to tells where the leader is (KIP-951)", address(cluster.members[0]) in refused, refused)
        cluster.members[2].kill()
        readers.read("a follower's rack, and the follower is dead",
                     lambda: read_by_kcat(cluster.bootstrap, "-X", "client.rack=west"), ["north", "south"])
    finally:
        tools.stop_tools()
        cluster.end()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    subprocess.run([os.path.join(HERE, "..", "kafka-tools", "setup.sh")], check=True)
    checks = stocks_job.Checks()
    with tempfile.TemporaryDirectory(prefix="nearest-") as directory:
        run(checks, directory)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return checks.failed != 0


if __name__ == "__main__":
    sys.exit(main())
