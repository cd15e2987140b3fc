#!/usr/bin/env python3
"""What a client may not do to the groups of others: each answer to bytes that no honest client sends, and whether the broker
comes up again after them. usage: hostile_groups.py   (OTTLA names the binary)
"""
import os
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import wire
from broker import Broker
from wire import Client, compact, header, frame, string

OFFSETS = "__consumer_offsets"
NONE, UNKNOWN_TOPIC_OR_PARTITION, COORDINATOR_NOT_AVAILABLE, INVALID_TOPIC_EXCEPTION = 0, 3, 15, 17
INCONSISTENT_GROUP_PROTOCOL = 23


def error_at_the_end(reply):
    return struct.unpack(">h", reply[-2:])[0]


def commit(group, partition=0, offset=5, topic="t"):
    """OffsetCommit 2 of one partition, by nobody's member."""
    body = string(group) + struct.pack(">i", -1) + string("") + struct.pack(">qi", -1, 1) + string(topic)
    return frame(header(8, 2) + body + struct.pack(">iiq", 1, partition, offset) + string("note"))


def compact_commit(group):
    """OffsetCommit 8, whose strings may say any length."""
    body = compact(group) + struct.pack(">i", -1) + compact("") + b"\x00" + b"\x02" + compact("t")
    body += b"\x02" + struct.pack(">iqi", 0, 5, -1) + compact("") + b"\x00\x00\x00"
    return frame(header(8, 8, tags=b"\x00") + body)


def fetched(client, group, topic="t"):
    """OffsetFetch 5 of partition 0: (offset, error of the group)."""
    reply = client.ask(frame(header(9, 5) + string(group) + struct.pack(">i", 1) + string(topic) + struct.pack(">ii", 1, 0)))
    group_error = error_at_the_end(reply)
    if len(reply) < 30:
        return None, group_error
    at = 4 + 4 + 2 + len(topic) + 4 + 4
    return struct.unpack(">q", reply[at:at + 8])[0], group_error


def join(group, member="", client_id=b"c", metadata=b"m", names=(b"range",), version=3):
    body = string(group) + struct.pack(">ii", 30000, 60000) + string(member) + string("consumer")
    body += struct.pack(">i", len(names))
    for name in names:
        body += string(name) + struct.pack(">i", len(metadata)) + metadata
    return frame(header(11, version, client_id=client_id) + body)


def joined(reply):
    """(error, generation, member id) of JoinGroup 3."""
    error, generation = struct.unpack(">hi", reply[4:10])
    at = 10
    texts = []
    for _ in range(3):
        size = struct.unpack(">h", reply[at:at + 2])[0]
        texts.append(reply[at + 2:at + 2 + size])
        at += 2 + size
    return error, generation, texts[2]


def sync(group, generation, member, assignment=b"a"):
    body = string(group) + struct.pack(">i", generation) + string(member) + struct.pack(">i", 1) + string(member)
    return frame(header(14, 2) + body + struct.pack(">i", len(assignment)) + assignment)


class Report:
    passed = failed = 0

    def check(self, what, held, detail=""):
        print(f"{'ok' if held else 'FAILED':8} {what}{'' if held else f': {detail}'}", flush=True)
        self.passed += bool(held)
        self.failed += not held


def play(broker, report):
    client = Client(broker.bootstrap)
    client.ask(wire.metadata("t"))
    client.ask(commit("good"))

    reply = client.ask(wire.produce(OFFSETS, wire.batch([wire.record(key=b"x")])))
    report.check("Produce to __consumer_offsets is INVALID_TOPIC_EXCEPTION",
                 struct.pack(">ih", 0, INVALID_TOPIC_EXCEPTION) in reply, reply)

    for partition in (99, -5):
        error = error_at_the_end(client.ask(commit("good", partition)))
        report.check(f"OffsetCommit of partition {partition} of one is UNKNOWN_TOPIC_OR_PARTITION",
                     error == UNKNOWN_TOPIC_OR_PARTITION, error)

    long = Client(broker.bootstrap)
    report.check("a group id of 40,000 bytes is no string: the connection ends", long.ask(compact_commit("g" * 40_000)) is None)

    error, generation, member = joined(client.ask(join("long", client_id=b"c" * 32_750)))
    report.check("a client id of 32,750 bytes gives a member id that can be stored",
                 error == NONE and error_at_the_end(client.ask(sync("long", generation, member))[:6]) == NONE, error)

    error, generation, member = joined(client.ask(join("large", metadata=b"m" * 2_000_000)))
    reply = client.ask(sync("large", generation, member))
    report.check("a group larger than max.message.bytes is not stored, and says so", struct.unpack(">h", reply[4:6])[0] != NONE,
                 reply)

    names = [b"%d" % number for number in range(100_000)]
    others = [b"x%d" % number for number in range(100_000)]
    client.ask(join("many", names=names))
    began = time.monotonic()
    error = struct.unpack(">h", Client(broker.bootstrap).ask(join("many", names=others))[4:6])[0]
    took = time.monotonic() - began
    report.check("100,000 protocols against 100,000 others are told apart in less than 10 s", error == INCONSISTENT_GROUP_PROTOCOL and took < 10,
                 f"{error} after {took:.1f} s")

    broker.kill()
    broker.start()
    client = Client(broker.bootstrap)
    report.check("the broker comes up after all this, and has what was committed", fetched(client, "good") == (5, NONE),
                 fetched(client, "good"))


def play_rebalance(broker, report):
    """A stop while a member waits for another one."""
    first, second = Client(broker.bootstrap), Client(broker.bootstrap)
    first.ask(wire.metadata("t"))
    _, generation, member = joined(first.ask(join("g")))
    first.ask(sync("g", generation, member))
    second.send(join("g"))
    time.sleep(0.3)
    began = time.monotonic()
    status = broker.stop()
    report.check("a stop does not wait for a rebalance", status == 0 and time.monotonic() - began < 2,
                 f"status {status} after {time.monotonic() - began:.1f} s")


def play_damage(broker, directory, report):
    """One flipped bit in what was committed: the groups of that partition are out of service, the others are not."""
    client = Client(broker.bootstrap)
    client.ask(wire.metadata("t"))
    names = [f"group-{number}" for number in range(60)]
    for name in names:
        client.ask(commit(name))
    broker.stop()
    data = os.path.join(directory, "data")
    logs = [os.path.join(data, name, "0" * 20 + ".log") for name in sorted(os.listdir(data)) if name.startswith(OFFSETS)]
    damaged = next(path for path in logs if os.path.getsize(path) > 0)
    with open(damaged, "r+b") as log:
        log.seek(70)
        byte = log.read(1)
        log.seek(70)
        log.write(bytes([byte[0] ^ 1]))
    broker.start()
    client = Client(broker.bootstrap)
    answers = [fetched(client, name) for name in names]
    bad = [answer for answer in answers if answer != (5, NONE)]
    report.check("groups in a damaged partition are told COORDINATOR_NOT_AVAILABLE, the others their offsets",
                 bad and len(bad) < len(names) / 2 and all(error == COORDINATOR_NOT_AVAILABLE for _, error in bad), answers)


def play_unflushed(broker, report):
    """Where a write is over at once, the group may go within the step that began it."""
    client = Client(broker.bootstrap)
    client.ask(wire.metadata("t"))
    for number in range(200):
        client.ask(commit(f"g{number}"))
        reply = client.ask(frame(header(42, 1) + struct.pack(">i", 1) + string(f"g{number}")))
        if error_at_the_end(reply) != NONE:
            report.check("DeleteGroups", False, reply)
            return
    report.check("200 groups come and go, each in one step", fetched(client, "g1") == (-1, NONE), fetched(client, "g1"))


def play_first_callers(broker, report):
    """Whoever asks while __consumer_offsets is being made waits for it: some clients do not ask again."""
    clients = [Client(broker.bootstrap) for _ in range(20)]
    for number, client in enumerate(clients):
        client.send(frame(header(10, 1) + string(f"g{number}") + b"\x00"))
    errors = [struct.unpack(">h", client.receive()[8:10])[0] for client in clients]
    report.check("20 clients that all ask first for a coordinator are told one", errors == [NONE] * 20, errors)


def main():
    report = Report()
    for scene, more in ((play, {}), (play_rebalance, {}), (play_damage, {"data": True}),
                        (play_first_callers, {}), (play_unflushed, {"log_flush_interval_messages": 1000})):
        with tempfile.TemporaryDirectory() as directory:
            wants_directory = more.pop("data", False)
            broker = Broker(directory, num_partitions=1, **more)
            broker.start()
            try:
                scene(*([broker, directory, report] if wants_directory else [broker, report]))
            except Exception as error:
                report.check(f"{scene.__name__} ends", False, repr(error))
            finally:
                if broker.process.poll() is None:
                    broker.kill()
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed != 0


if __name__ == "__main__":
    sys.exit(main())
