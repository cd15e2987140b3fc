"""Load for the benchmarks: topics made and filled with prebuilt Produce frames, on a directory of the real disk."""
import contextlib
import os
import shutil
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import ROOT
from wire import Client, batch, frame, header, record, string

BATCH_BYTES = 64 * 1024
PARTITIONS_PER_REQUEST = 16


@contextlib.contextmanager
def here():
    """A directory on the disk that holds the build; what a temporary directory stands on may be memory."""
    directory = tempfile.mkdtemp(prefix="bench-", dir=os.path.join(ROOT, "build"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def forget_cached(directory):
    """The next read of what is in `directory` comes from the disk."""
    os.sync()
    for folder, _, names in os.walk(directory):
        for name in names:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def make_topic(broker, topic, partitions):
    body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihii", partitions, 1, 0, 0) + struct.pack(">i?", 600_000, False)
    client = Client(broker.bootstrap, timeout=600)
    reply = client.ask(frame(header(19, 2) + body))
    client.close()
    error = struct.unpack_from(">h", reply, 4 + 4 + 2 + len(topic))[0]
    if error != 0:
        raise RuntimeError(f"no topic {topic}: error {error}")


def request(topic, partitions, records):
    body = struct.pack(">hhii", -1, -1, 30_000, 1) + string(topic) + struct.pack(">i", len(partitions))
    for partition in partitions:
        body += struct.pack(">ii", partition, len(records)) + records
    return frame(header(0, 3) + body)


def check(reply, topic, count):
    """Every partition of the reply (Produce 3) must be without error."""
    at = 4 + 2 + len(topic) + 4
    for _ in range(count):
        error = struct.unpack_from(">h", reply, at + 4)[0]
        if error != 0:
            raise RuntimeError(f"Produce was answered with error {error}")
        at += 4 + 2 + 8 + 8


def stamped(records):
    """A batch of the present: one of 1970 is soon deleted."""
    now_ms = int(time.time() * 1000)
    return batch(records, base_timestamp=now_ms, max_timestamp=now_ms)


def touch(broker, topic, partitions):
    """One small record into every partition, a hundred partitions in a request."""
    records = stamped([record(value=b"x" * 100)])
    client = Client(broker.bootstrap, timeout=600)
    for first in range(0, partitions, 100):
        some = range(first, min(first + 100, partitions))
        check(client.ask(request(topic, some, records)), topic, len(some))
    client.close()


def fill(broker, topic, partitions, size):
    """Durable batches of 64 KiB, evenly over the partitions, until there are `size` bytes; gives their number. Two
    requests are under way at a time."""
    records = stamped([record(offset_delta=i, value=os.urandom(1024)) for i in range(BATCH_BYTES // 1040)])
    some = range(min(partitions, PARTITIONS_PER_REQUEST))
    message = request(topic, some, records)
    client = Client(broker.bootstrap, timeout=600)
    client.send(message)
    sent = len(some) * len(records)
    while sent < size:
        client.send(message)
        check(client.receive()[4:], topic, len(some))
        sent += len(some) * len(records)
    check(client.receive()[4:], topic, len(some))
    client.close()
    return sent
