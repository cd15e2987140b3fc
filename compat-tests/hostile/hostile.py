#!/usr/bin/env python3
"""Bytes that no honest client sends, and the right answer to each. A well-behaved client beside them keeps its answers.

usage: hostile.py HOST:PORT PID     (a running broker; PID is its process, for the memory check)
Rows are numbered as in the project's table of hostile inputs.
"""
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from wire import (Client, batch, compact, frame, header, metadata, produce, record, string, uvarint, varint)

TOPIC = "hostile"
CLOSED = "closed"
ROWS = []


def row(number, what, expected):
    def keep(act):
        ROWS.append((number, what, expected, act))
        return act
    return keep


def outcome(reply):
    return CLOSED if reply is None else "answered"


def produce_error(client, records, version=3, topic=TOPIC):
    reply = client.ask(produce(topic, records, version=version))
    if reply is None:
        return CLOSED
    at = 4 + 2 + len(topic) + 4 + 4  # one topic, its name, one partition, its index
    return struct.unpack_from(">h", reply, at)[0]


def says(data):
    return lambda client: outcome(client.ask(data))


row(1, "frame length negative", CLOSED)(says(struct.pack(">i", -5)))
row(2, "frame length 0", CLOSED)(says(struct.pack(">i", 0)))
row(3, "frame length 0x7fffffff", CLOSED)(says(struct.pack(">i", 0x7FFFFFFF)))
row(6, "TLS ClientHello", CLOSED)(says(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"))
row(6, "HTTP GET", CLOSED)(says(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
row(8, "unknown API key", CLOSED)(says(frame(header(999, 0))))
row(8, "API key -1", CLOSED)(says(frame(header(-1, 0))))
row(9, "Metadata v99", CLOSED)(says(frame(header(3, 99))))
row(9, "Produce v2", CLOSED)(says(frame(header(0, 2))))
row(11, "array length 2^31-1", CLOSED)(says(frame(header(3, 4) + struct.pack(">i", 0x7FFFFFFF) + b"\x01")))
row(11, "array length -2", CLOSED)(says(frame(header(3, 4) + struct.pack(">i", -2) + b"\x01")))
row(11, "array longer than the frame", CLOSED)(says(frame(header(3, 4) + struct.pack(">i", 1000) + string("a") + b"\x01")))
row(13, "varint of six bytes", CLOSED)(says(frame(header(3, 9, tags=b"\x00") + b"\xff\xff\xff\xff\xff\x7f" + b"\0" * 20)))
row(14, "compact string null where it may not be", CLOSED)(
    says(frame(header(18, 3, tags=b"\x00") + b"\x00" + compact("1.0") + b"\x00")))
row(14, "string length -2", CLOSED)(says(frame(header(3, 4) + struct.pack(">ih", 1, -2) + b"\x01")))
row(15, "bytes left over are ignored", "answered")(says(frame(header(3, 4) + struct.pack(">i", 0) + b"\x01" + b"more")))
row(16, "tags out of order in the header", CLOSED)(
    says(frame(header(18, 3, tags=b"\x02\x05\x01a\x03\x01b") + compact("a") + compact("1") + b"\x00")))
row(16, "a tag that claims more than there is", CLOSED)(
    says(frame(header(18, 3, tags=b"\x01\x05\x7fa") + compact("a") + compact("1") + b"\x00")))
row(16, "unknown tags are skipped", "answered")(
    says(frame(header(18, 3, tags=b"\x02\x05\x01a\x07\x01b") + compact("a") + compact("1") + b"\x01\x09\x02zz")))
row(17, "client id of 32 KiB that is no UTF-8", "answered")(says(frame(header(18, 0, client_id=b"\xff\x00" * 16000))))
row(10, "a header of half a million tags", CLOSED)(
    says(frame(header(18, 3, tags=uvarint(500_000) + b"".join(uvarint(tag) + b"\x00" for tag in range(500_000))) + compact("a") + compact("1") + b"\x00")))
row(12, "400,000 topics of no name", CLOSED)(
    says(frame(header(3, 4) + struct.pack(">i", 400_000) + b"\x00\x00" * 400_000 + b"\x00")))


@row(9, "ApiVersions v99", "version 0 with error 35 and the range of ApiVersions")
def _(client):
    reply = client.ask(frame(header(18, 99)))
    if reply is None:
        return CLOSED
    error, count = struct.unpack_from(">hi", reply)
    ranges = {struct.unpack_from(">hhh", reply, 6 + 6 * i) for i in range(count)}
    whole = len(reply) == 6 + 6 * count and any(key == 18 for key, _, _ in ranges)
    return "version 0 with error 35 and the range of ApiVersions" if error == 35 and whole else f"error {error}"


@row(5, "a frame cut at every byte, then FIN or RST", "harmless")
def _(client):
    whole = metadata(TOPIC)
    address = "%s:%d" % client.socket.getpeername()[:2]
    for size in range(len(whole)):
        cut = Client(address)
        cut.send(whole[:size])
        if size % 2:
            cut.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        cut.close()
    return "harmless"


def topics_at(reply):
    """Where the array of topics begins in a Metadata reply of version 4."""
    host, = struct.unpack_from(">h", reply, 4 + 4 + 4)
    at = 4 + 4 + 4 + 2 + host + 4 + 2  # throttle, brokers, node, host, port, null rack
    cluster, = struct.unpack_from(">h", reply, at)
    return at + 2 + cluster + 4


@row(12, "several topics, one of them asked for twice", "3 topics told")
def _(client):
    names = ["some-a", "some-b", "some-c", "some-b"]
    reply = client.ask(frame(header(3, 4) + struct.pack(">i", 4) + b"".join(string(name) for name in names) + b"\x00"))
    return CLOSED if reply is None else f"{struct.unpack_from('>i', reply, topics_at(reply))[0]} topics told"


for name in ("../../etc", ".", "..", "x" * 250, "a b", "a/b", "ä", ""):
    @row(18, f"topic name {name[:12]!r}", 17)
    def _(client, name=name):
        reply = client.ask(metadata(name))
        if reply is None:
            return CLOSED
        return struct.unpack_from(">h", reply, topics_at(reply) + 4)[0]


GOOD = [record(0, b"k", b"v"), record(1, None, b"w")]
HEADERS_NEGATIVE = varint(-1)
HEADER_TOO_LONG = varint(1) + varint(100) + b"h"
for number, what, error, bad in (
    (0, "an honest batch", 0, batch(GOOD)),
    (19, "wrong CRC", 2, batch(GOOD, crc=1)),
    (22, "fewer records than counted", 87, batch(GOOD, count=3, last_delta=2)),
    (22, "more records than counted", 87, batch(GOOD, count=1, last_delta=0)),
    (22, "last offset delta is not count-1", 87, batch(GOOD, last_delta=5)),
    (22, "no record at all", 87, batch([], count=0, last_delta=-1)),
    (22, "a negative count", 87, batch(GOOD, count=-1, last_delta=1)),
    (23, "offset deltas 0, 2", 87, batch([record(0), record(2)])),
    (23, "offset deltas 1, 0", 87, batch([record(1), record(0)])),
    (23, "a record length past the end", 87, batch([record(0, length=1000)])),
    (23, "a negative record length", 87, batch([record(0, length=-3)])),
    (23, "timestamp delta overflows", 87, batch([record(0, timestamp_delta=2**62)], base_timestamp=2**62 + 2**61)),
    (24, "two batches for one partition", 87, batch(GOOD) + batch(GOOD)),
    (24, "magic 1", 87, batch(GOOD, magic=1)),
    (24, "codec 7", 76, batch(GOOD, attributes=7)),
    (24, "unknown attribute bits", 87, batch(GOOD, attributes=1 << 9)),
    (25, "a control batch", 87, batch(GOOD, attributes=0x20)),
    (25, "a timestamp type of LogAppendTime", 32, batch(GOOD, attributes=0x08)),
    (25, "a delete horizon", 87, batch(GOOD, attributes=0x40)),
    (25, "a transactional batch", 53, batch(GOOD, attributes=0x10, producer=(1, 0, 0))),
    (26, "header count negative", 87, batch([record(0, headers=HEADERS_NEGATIVE)])),
    (26, "header key longer than the record", 87, batch([record(0, headers=HEADER_TOO_LONG)])),
    (26, "bytes after the last header", 87, batch([record(0, tail=b"zz")])),
    (19, "a batch cut short", 87, batch(GOOD)[:-3]),
):
    row(number, what, error)(lambda client, bad=bad: produce_error(client, bad))


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@row(4, "a frame of 100 MB announced, 1 byte a time: memory follows the bytes received", "under 4 MiB")
def _(client):
    before = rss_kib(PID)
    client.send(struct.pack(">i", 100_000_000))
    for _ in range(50):
        client.send(b"\x00")
        time.sleep(0.002)
    grown = rss_kib(PID) - before
    return "under 4 MiB" if grown < 4096 else f"{grown} KiB"


def main():
    global PID
    address, PID = sys.argv[1], int(sys.argv[2])
    honest = Client(address)
    failed = 0
    slowest = 0.0
    assert honest.ask(metadata(TOPIC)) is not None
    for number, what, expected, act in ROWS:
        client = Client(address)
        got = act(client)
        client.close()
        began = time.monotonic()
        fine = honest.ask(metadata(TOPIC)) is not None
        slowest = max(slowest, time.monotonic() - began)
        right = got == expected and fine
        failed += not right
        print(f"{'ok  ' if right else 'FAIL'} row {number:2} {what}: {got}" + ("" if right else f", expected {expected}"))
    print(f"the honest client beside them waited {slowest * 1000:.1f} ms at the most")
    print(f"{len(ROWS) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
