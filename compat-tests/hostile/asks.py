"""Requests that the rows make, and where their replies say what is of interest."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from wire import compact, frame, header, string, uvarint  # noqa: E402

MOST = 2**31 - 1


def flexible(key, version, body, client_id=b"hostile"):
    return frame(header(key, version, client_id=client_id, tags=b"\x00") + body)


def array(items):
    items = list(items)
    return struct.pack(">i", len(items)) + b"".join(items)


def compact_array(items):
    items = list(items)
    return uvarint(len(items) + 1) + b"".join(items)


def nullable(text):
    return b"\x00" if text is None else compact(text)


def read_uvarint(data, at):
    """(value, where it ends)"""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def metadata_of(names, create=False):
    return frame(header(3, 4) + array(map(string, names)) + bytes([create]))


def topics_at(reply):
    """Where the array of topics begins in a Metadata reply of version 4 by a single broker."""
    host, = struct.unpack_from(">h", reply, 4 + 4 + 4)
    at = 4 + 4 + 4 + 2 + host + 4 + 2  # throttle, brokers, node, host, port, null rack
    cluster, = struct.unpack_from(">h", reply, at)
    return at + 2 + cluster + 4


def metadata_errors(reply):
    """The error of each topic of a Metadata reply of version 4."""
    at = topics_at(reply)
    count, = struct.unpack_from(">i", reply, at)
    at += 4
    errors = []
    for _ in range(count):
        error, size = struct.unpack_from(">hh", reply, at)
        errors.append(error)
        at += 2 + 2 + size + 1
        partitions, = struct.unpack_from(">i", reply, at)
        at += 4
        for _ in range(partitions):
            at += 2 + 4 + 4
            for _ in ("replicas", "in sync"):
                at += 4 + 4 * struct.unpack_from(">i", reply, at)[0]
    return errors


def create_topic(name, partitions=1, replication=1, configs=(), validate_only=False):
    """CreateTopics 7, whose strings may say any length. `configs`: pairs."""
    told = compact_array(compact(key) + nullable(value) + b"\x00" for key, value in configs)
    topic = compact(name) + struct.pack(">ih", partitions, replication) + compact_array([]) + told + b"\x00"
    return flexible(19, 7, compact_array([topic]) + struct.pack(">i?", 5000, validate_only) + b"\x00")


def created(reply):
    """(error, topic id) of the first topic of a CreateTopics 7 reply."""
    _, at = read_uvarint(reply, 1 + 4)
    size, at = read_uvarint(reply, at)
    at += size - 1
    return struct.unpack_from(">h", reply, at + 16)[0], reply[at:at + 16]


def fetch(topic, offset=0, replica=-1, wait=0, least=0, most=1 << 20, session=None, partition=0):
    """Fetch 4, or 7 with a (session, epoch)."""
    head = struct.pack(">iiiib", replica, wait, least, most, 0)
    if session is None:
        asked = struct.pack(">iqi", partition, offset, most)
        return frame(header(1, 4) + head + array([string(topic) + array([asked])]))
    asked = struct.pack(">iqqi", partition, offset, -1, most)
    topics = array([string(topic) + array([asked])] if topic else [])
    return frame(header(1, 7) + head + struct.pack(">ii", *session) + topics + array([]))


def fetch_error_at(topic, version=4):
    """Of the first partition."""
    return (4 if version < 7 else 4 + 2 + 4) + 4 + 2 + len(topic) + 4 + 4


def fetch_by_replica_state(topic_id, replica):
    """Fetch 15, where a follower says who it is in a tagged field."""
    asked = struct.pack(">iiqiqi", 0, -1, 0, -1, -1, 1 << 20) + b"\x00"
    state = struct.pack(">iq", replica, 1) + b"\x00"
    body = struct.pack(">iiibii", 0, 0, 1 << 20, 0, 0, -1) + compact_array([topic_id + compact_array([asked]) + b"\x00"])
    return flexible(1, 15, body + compact_array([]) + compact("") + b"\x01\x01" + uvarint(len(state)) + state)


FETCH_15_ERROR_AT = 1 + 4 + 2 + 4 + 1 + 16 + 1 + 4


def list_offsets(topic, timestamp, partition=0):
    asked = struct.pack(">iiq", partition, -1, timestamp)
    return frame(header(2, 5) + struct.pack(">ib", -1, 0) + array([string(topic) + array([asked])]))


def list_offsets_error_at(topic):
    return 4 + 4 + 2 + len(topic) + 4 + 4


def join(group, session=30_000, rebalance=60_000, member="", metadata=b"m", version=3, client_id=b"c"):
    body = string(group) + struct.pack(">ii", session, rebalance) + string(member) + string("consumer")
    body += array([string("range") + struct.pack(">i", len(metadata)) + metadata])
    return frame(header(11, version, client_id=client_id) + body)


def commit(group, offset=5, topic="hostile", note="note", partition=0):
    """OffsetCommit 2 by nobody's member."""
    body = string(group) + struct.pack(">i", -1) + string("") + struct.pack(">q", -1)
    return frame(header(8, 2) + body + array([string(topic) + array([struct.pack(">iq", partition, offset) + string(note)])]))


def init_producer_id():
    return frame(header(22, 1) + struct.pack(">hi", -1, 60_000))


def consumer_heartbeat(group, member, regex=None, names=None, epoch=0):
    """ConsumerGroupHeartbeat 1."""
    told = b"\x00" if names is None else compact_array(map(compact, names))
    body = compact(group) + compact(member) + struct.pack(">i", epoch) + b"\x00\x00" + struct.pack(">i", 45_000)
    return flexible(68, 1, body + told + nullable(regex) + b"\x00" + compact_array([]) + b"\x00")


def describe_topic_partitions(names, limit, cursor=None):
    """`cursor`: (topic, partition)."""
    told = b"\xff" if cursor is None else b"\x01" + compact(cursor[0]) + struct.pack(">i", cursor[1]) + b"\x00"
    return flexible(75, 0, compact_array(compact(name) + b"\x00" for name in names) + struct.pack(">i", limit) + told + b"\x00")
