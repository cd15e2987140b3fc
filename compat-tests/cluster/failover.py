#!/usr/bin/env python3
"""How long a partition cannot be written to when its leader dies, and when it is stopped cleanly: three brokers of ours, then
three Apache Kafkas (4.3.1, KRaft, each broker and controller, a heap of 512 MB), by turns; the same topic (three replicas,
min.insync.replicas 2, flush.messages 1) and the same librdkafka, an idempotent producer with acks=all and otherwise its defaults,
which sends a record every 5 ms, to one partition after the other. Each system has its own default timeouts. Each time begins
with each broker leading one partition, and each partition written to without a pause: with a client that is connected to all,
and not one that still backs off from the broker that was killed before.

A kill: from SIGKILL to the acknowledgement of a record that was sent after it. A stop: the longest time without an
acknowledgement from SIGTERM until two seconds after the process has ended.

usage: failover.py [TIMES [TIMES_OF_KAFKA]]   100 kills of ours, 20 of Kafka's, which take half a minute each; a fifth as many
                                              stops, at least one. Prints a table.
"""
import math
import os
import signal
import struct
import sys
import tempfile
import time

from cluster import HERE, Cluster, free_ports

sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from broker import ROOT
from systems import Kafka
from wire import Client, compact, frame, header

PYTHON = os.path.join(ROOT, "build", "compat", "confluent-kafka", "venv", "bin", "python")
try:
    from confluent_kafka import ElectionType, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError:
    os.execv(PYTHON, [PYTHON, *sys.argv])

TOPIC, PARTITIONS = "failover", 3
EVERY_S, PATIENCE_S, SLICES = 0.005, 120, 4
TOPIC_CONFIG = {"min.insync.replicas": "2", "flush.messages": "1"}
SETTLED_S = 2  # after the end of a clean stop
SETTLED_ACKS, SETTLED_PAUSE_S = 100, 0.3  # of each partition, one after the other


class Ottla:
    name = "ottla"

    def __init__(self, directory):
        self.cluster = Cluster(directory)
        self.bootstrap = self.cluster.bootstrap

    def start(self):
        self.cluster.start()

    def controller(self, admin):
        return admin.list_topics(timeout=30).controller_id

    def process(self, node):
        return self.cluster.members[node - 1].process

    def kill(self, node):
        self.cluster.members[node - 1].process.kill()

    def terminate(self, node):
        self.process(node).terminate()

    def again(self, node):
        """After its process has ended."""
        member = self.cluster.members[node - 1]
        member.process.stdout.close()
        member.launch()
        member.read_ready_line()

    def end(self):
        self.cluster.end()


class KafkaNode(Kafka):
    """One of three, with the settings of the benchmarks otherwise."""

    def __init__(self, directory, node, port, controller_port, voters):
        super().__init__(directory)
        self.port = port
        with open(self.properties, encoding="utf-8") as file:
            settings = dict(line.rstrip("\n").split("=", 1) for line in file)
        settings |= {"node.id": str(node), "controller.quorum.voters": voters, "default.replication.factor": "3",
                     "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
                     "offsets.topic.replication.factor": "3"}
        with open(self.properties, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())


class Kafkas:
    name = "kafka"

    def __init__(self, directory):
        ports = free_ports(6)
        voters = ",".join(f"{node}@127.0.0.1:{ports[2 + node]}" for node in (1, 2, 3))
        self.nodes = [KafkaNode(os.path.join(directory, str(node)), node, ports[node - 1], ports[2 + node], voters)
                      for node in (1, 2, 3)]
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port in ports[:3])

    def start(self):
        for node in self.nodes:
            node.launch(heap="512m")
        for node in self.nodes:
            node.await_answer()

    def controller(self, _):
        """The leader of the quorum: what Kafka tells clients is any broker. DescribeQuorum, of the one metadata partition."""
        body = b"\x02" + compact("__cluster_metadata") + b"\x02" + struct.pack(">i", 0) + b"\0" * 3
        reply = self.nodes[0].ask(frame(header(55, 0, tags=b"\0") + body))
        return struct.unpack_from(">i", reply, 1 + 2 + 1 + 1 + len("__cluster_metadata") + 1 + 4 + 2)[0]

    def process(self, node):
        return self.nodes[node - 1].server

    def kill(self, node):
        self.process(node).kill()

    def terminate(self, node):
        self.process(node).terminate()

    def again(self, node):
        self.nodes[node - 1].launch(heap="512m")
        self.nodes[node - 1].await_answer()

    def end(self):
        for node in self.nodes:
            if node.server and node.server.poll() is None:
                node.kill()


class Probe:
    """Writes to all partitions, and knows when each acknowledgement of one came."""

    def __init__(self, system):
        self.system = system
        self.admin = AdminClient({"bootstrap.servers": system.bootstrap, "log_level": 2})
        new = NewTopic(TOPIC, PARTITIONS, replication_factor=3, config=TOPIC_CONFIG)
        self.admin.create_topics([new], request_timeout=60)[TOPIC].result()
        self.producer = Producer({"bootstrap.servers": system.bootstrap, "acks": "all", "enable.idempotence": True,
                                  "log_level": 2})
        self.partition, self.failed, self.sent = 0, 0, 0
        self.all_acknowledged = [[] for _ in range(PARTITIONS)]  # (sent at, acknowledged at)

    @property
    def acknowledged(self):
        return self.all_acknowledged[self.partition]

    def send(self):
        sent = time.monotonic()

        def told(error, message):
            self.failed += bool(error)
            if not error:
                self.all_acknowledged[message.partition()].append((sent, time.monotonic()))
        self.producer.produce(TOPIC, b"x" * 100, partition=self.sent % PARTITIONS, on_delivery=told)
        self.sent += 1
        self.producer.poll(EVERY_S)

    def write_until(self, holds, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.system.name}: not within {seconds} s")
            pause = time.monotonic() + EVERY_S
            self.send()
            while time.monotonic() < pause:
                self.producer.poll(0.001)

    def leaders(self):
        """Of each partition, if all its replicas are in sync."""
        found = self.admin.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
        in_sync = len(found) == PARTITIONS and all(len(one.isrs) == 3 for one in found.values())
        return [found[index].leader for index in range(PARTITIONS)] if in_sync else []

    def settle(self):
        """Each broker leads one partition, and the producer writes to each."""
        partitions = [TopicPartition(TOPIC, index) for index in range(PARTITIONS)]
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if len(set(self.leaders())) == PARTITIONS:
                for acknowledged in self.all_acknowledged:
                    acknowledged.clear()
                self.write_until(lambda: all(len(acknowledged) >= SETTLED_ACKS for acknowledged in self.all_acknowledged))
                if all(later - earlier < SETTLED_PAUSE_S for acknowledged in self.all_acknowledged
                       for (_, earlier), (_, later) in zip(acknowledged[-SETTLED_ACKS:], acknowledged[-SETTLED_ACKS + 1:])):
                    return
            elif self.leaders():
                self.admin.elect_leaders(ElectionType.PREFERRED, partitions).result()
            until = time.monotonic() + 0.2
            self.write_until(lambda: time.monotonic() > until)
        raise RuntimeError(f"{self.system.name}: not in sync and balanced within {PATIENCE_S} s")

    def leader_under_load(self, turn):
        """The broker to disturb; the producer writes to it already."""
        self.partition = turn % PARTITIONS
        self.settle()
        return self.leaders()[self.partition]

    def kill(self, turn):
        """Seconds without the partition, and whether its leader was the active controller as well."""
        leader = self.leader_under_load(turn)
        both = self.system.controller(self.admin) == leader
        self.system.kill(leader)
        began = time.monotonic()
        self.write_until(lambda: self.acknowledged[-1][0] > began)
        took = next(acknowledged for sent, acknowledged in self.acknowledged if sent > began) - began
        self.system.process(leader).wait()
        self.system.again(leader)
        return took, both

    def stop(self, turn):
        """The longest time without an acknowledgement."""
        leader = self.leader_under_load(turn)
        self.system.terminate(leader)
        began = time.monotonic()
        self.write_until(lambda: self.system.process(leader).poll() is not None)
        ended = time.monotonic()
        self.write_until(lambda: time.monotonic() > ended + SETTLED_S and self.acknowledged[-1][0] > ended)
        times = [began] + [acknowledged for _, acknowledged in self.acknowledged if acknowledged > began]
        self.system.again(leader)
        return max(later - earlier for earlier, later in zip(times, times[1:]))


def quantile(values, share):
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def run_slice(kind, kills, stops, seen):
    with tempfile.TemporaryDirectory(prefix="failover-") as directory:
        system = kind(directory)
        try:
            system.start()
            probe = Probe(system)
            for turn in range(kills):
                seen["kill"].append(probe.kill(turn))
            for turn in range(stops):
                seen["stop"].append(probe.stop(turn))
            seen["failed"] += probe.failed
        finally:
            system.end()
    first_kill, first_stop = len(seen["kill"]) - kills, len(seen["stop"]) - stops
    print(f"{kind.name}: kills {[f'{took:.2f}' + ' (controller)' * both for took, both in seen['kill'][first_kill:]]}, "
          f"stops {[f'{took:.2f}' for took in seen['stop'][first_stop:]]}", flush=True)


def row(name, title, values):
    if values:
        figures = " | ".join(f"{one:.2f} s" for one in (quantile(values, 0.5), quantile(values, 0.99), max(values)))
        print(f"| {name} | {title} | {len(values)} | {figures} |")


def share(total, number):
    """Of so many slices."""
    return total // SLICES + (number < total % SLICES)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    wanted = {Ottla: times, Kafkas: int(sys.argv[2]) if len(sys.argv) > 2 else max(1, times // 5)}
    seen = {kind: {"kill": [], "stop": [], "failed": 0} for kind in wanted}
    try:
        for number in range(SLICES):
            for kind in (list(wanted) if number % 2 == 0 else list(wanted)[::-1]):
                kills, stops = share(wanted[kind], number), share(max(1, wanted[kind] // 5), number)
                if kills + stops:
                    run_slice(kind, kills, stops, seen[kind])
    except (KeyboardInterrupt, SystemExit):
        print("broken off; what was seen until then:")
    print("| | leader killed | times | p50 | p99 | longest |\n|---|---|---|---|---|---|")
    for kind, of in seen.items():
        row(kind.name, "all", [took for took, _ in of["kill"]])
        row(kind.name, "the active controller as well", [took for took, both in of["kill"] if both])
        row(kind.name, "not the controller", [took for took, both in of["kill"] if not both])
    print("\n| | leader stopped | times | p50 | p99 | longest |\n|---|---|---|---|---|---|")
    for kind, of in seen.items():
        row(kind.name, "longest pause", of["stop"])
    failed = sum(of["failed"] for of in seen.values())
    if failed:
        print(f"{failed} records were refused")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
