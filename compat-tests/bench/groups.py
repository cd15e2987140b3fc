#!/usr/bin/env python3
"""What members of consumer groups cost, one connection each: memory and CPU at rest with 10,000 members in 1,000 groups, by the
classic protocol and by the new one; and how long a rebalance of 100 members takes after the last of them has joined.
usage: groups.py [MEMBERS [GROUPS]]"""
import asyncio
import os
import resource
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import Broker
from load import here
from wire import compact, frame, header, metadata, string

SESSION_MS = 45_000
HEARTBEAT_SECONDS = {"classic": 3, "consumer": 5}  # what Java, and the broker, say by default
REST_SECONDS = 20
AT_ONCE = 200  # members that join at the same time
NONE, REBALANCE_IN_PROGRESS = 0, 27
NULL = b"\x00"


class Connection:
    @classmethod
    async def open(cls, address):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection(*address)
        return self

    async def ask(self, request):
        """The reply's body after the correlation id."""
        self.writer.write(request)
        size = struct.unpack(">i", await self.reader.readexactly(4))[0]
        return (await self.reader.readexactly(size))[4:]


class ClassicMember:
    """JoinGroup 3, SyncGroup 2, Heartbeat 1."""

    def __init__(self, address, group, number):
        self.address, self.group, self.id, self.joined_at, self.settled_at = address, group, b"", 0.0, 0.0
        self.generation, self.heard_of_it = -1, asyncio.Event()

    async def start(self):
        self.connection = await Connection.open(self.address)
        await self.settle()

    async def settle(self):
        """Joins until it has an assignment."""
        while True:
            body = string(self.group) + struct.pack(">ii", SESSION_MS, 300_000) + string(self.id) + string("consumer")
            self.joined_at = time.monotonic()
            reply = await self.connection.ask(frame(header(11, 3) + body + struct.pack(">i", 1) + string("range") +
                                                    struct.pack(">i", 1) + b"m"))
            error, self.generation = struct.unpack_from(">hi", reply, 4)
            at, texts = 10, []
            for _ in range(3):  # protocol, leader, member
                size = struct.unpack_from(">h", reply, at)[0]
                texts.append(reply[at + 2:at + 2 + size])
                at += 2 + size
            self.id = texts[2]
            if error == NONE and await self.sync(texts[1], self.others(reply, at)) == NONE:
                self.settled_at = time.monotonic()
                return

    @staticmethod
    def others(reply, at):
        """Of the leader's answer: the ids of all members."""
        ids = []
        for _ in range(struct.unpack_from(">i", reply, at)[0]):
            size = struct.unpack_from(">h", reply, at + 4)[0]
            ids.append(reply[at + 6:at + 6 + size])
            at += 2 + size + 4 + struct.unpack_from(">i", reply, at + 6 + size)[0]
        return ids

    async def sync(self, leader, others):
        body = string(self.group) + struct.pack(">i", self.generation) + string(self.id)
        body += struct.pack(">i", len(others) if leader == self.id else 0)
        for other in others if leader == self.id else []:
            body += string(other) + struct.pack(">i", 1) + b"a"
        return struct.unpack_from(">h", await self.connection.ask(frame(header(14, 2) + body)), 4)[0]

    async def beat(self):
        body = string(self.group) + struct.pack(">i", self.generation) + string(self.id)
        error = struct.unpack_from(">h", await self.connection.ask(frame(header(12, 1) + body)), 4)[0]
        if error == REBALANCE_IN_PROGRESS:
            await self.settle()
        elif error != NONE:
            raise RuntimeError(f"Heartbeat: error {error}")


class NewMember:
    """ConsumerGroupHeartbeat 1."""

    def __init__(self, address, group, number):
        self.address, self.group, self.id, self.epoch = address, group, f"member-{number}", 0

    async def start(self):
        self.connection = await Connection.open(self.address)
        await self.beat()

    async def beat(self):
        body = compact(self.group) + compact(self.id) + struct.pack(">i", self.epoch) + NULL + NULL
        if self.epoch == 0:
            body += struct.pack(">i", 300_000) + b"\x02" + compact("t") + NULL + NULL + b"\x01" + NULL
        else:
            body += struct.pack(">i", -1) + NULL + NULL + NULL + NULL + NULL
        reply = await self.connection.ask(frame(header(68, 1, tags=NULL) + body))
        error = struct.unpack_from(">h", reply, 5)[0]
        if error != NONE:
            raise RuntimeError(f"ConsumerGroupHeartbeat: error {error}")
        at = 8 + len(self.id) + 1 if reply[7] == 0 else None
        self.epoch = struct.unpack_from(">i", reply, at)[0]


async def keep_alive(member, seconds, interval, delay):
    end = time.monotonic() + seconds
    await asyncio.sleep(delay)
    while time.monotonic() < end:
        began = time.monotonic()
        await member.beat()
        await asyncio.sleep(max(0.0, interval - (time.monotonic() - began)))


def cpu_seconds(broker):
    with open(f"/proc/{broker.process.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def at_rest(broker, kind, count, groups):
    make = ClassicMember if kind == "classic" else NewMember
    first = await Connection.open(broker.address())
    await first.ask(metadata("t"))
    empty = broker.rss_bytes()
    members = [make(broker.address(), f"group-{number % groups}", number) for number in range(count)]
    began, interval = time.monotonic(), HEARTBEAT_SECONDS[kind]
    beats = []
    for at in range(0, count, AT_ONCE):
        some = members[at:at + AT_ONCE]
        starting = [asyncio.ensure_future(member.start()) for member in some]
        while not all(one.done() for one in starting):  # those who are there hear of it by a heartbeat
            await asyncio.wait(starting, timeout=0.05)
            await asyncio.gather(*(member.beat() for member in members[:at]
                                   if kind == "classic" and member.group in {one.group for one in some}))
        await asyncio.gather(*starting)
    joined = time.monotonic() - began
    for turn in range(2):  # to settle, then to be measured
        before, since = cpu_seconds(broker), time.monotonic()
        beats = [keep_alive(member, REST_SECONDS, interval, interval * number / count) for number, member in enumerate(members)]
        await asyncio.gather(*beats)
        cpu = (cpu_seconds(broker) - before) / (time.monotonic() - since)
    rss = broker.rss_bytes()
    print(f"| {kind} | {count:,} | {groups:,} | {joined:.1f} | {empty / 1e6:.1f} | {rss / 1e6:.1f} | {(rss - empty) / count / 1e3:.1f} "
          f"| {cpu * 100:.1f} |", flush=True)


async def rebalance(broker, group, count):
    """Seconds from the last JoinGroup of a generation of `count` members to the last assignment."""
    members = [ClassicMember(broker.address(), group, number) for number in range(count)]
    beating = []

    async def live(member):
        await member.start()
        await keep_alive(member, 10, 0.2, 0)

    beating = [asyncio.ensure_future(live(member)) for member in members]
    await asyncio.gather(*beating)
    if len({member.generation for member in members}) != 1:
        raise RuntimeError("the group has not settled")
    return max(member.settled_at for member in members) - max(member.joined_at for member in members)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    groups = int(sys.argv[2]) if len(sys.argv) > 2 else count // 10
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("| protocol | members | groups | all there after, s | RSS before, MB | RSS, MB | kB each | CPU, % of a core |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in ("classic", "consumer"):
        with here() as directory:
            broker = Broker(directory, num_partitions=12)
            broker.start()
            asyncio.run(at_rest(broker, kind, count, groups))
            broker.kill()
    with here() as directory:
        broker = Broker(directory, num_partitions=12)
        broker.start()
        took = [asyncio.run(rebalance(broker, f"large-{turn}", 100)) for turn in range(3)]
        broker.kill()
    print(f"a rebalance of 100 members, from the last JoinGroup to the last assignment: {', '.join(f'{one * 1000:.0f}' for one in took)} ms")


if __name__ == "__main__":
    main()
