"""What is well-formed, and too much or without end: rows 39 and 40."""
import concurrent.futures
import struct
import time

from asks import (MOST, commit, compact_array, consumer_heartbeat, fetch, fetch_error_at, flexible, init_producer_id, join, list_offsets,
                  list_offsets_error_at)
from rows_records import PRODUCE_ERROR_AT
from table import ANSWERED, CLOSED, SILENT, TOPIC, ask, error_at, received, reply_to, row, says, told_error
from wire import batch, compact, frame, header, metadata, produce, record, string

LAST = 2**63 - 1


def pipelined(client, requests, window=100):
    """The replies, in order; at most so many are waited for at once."""
    replies, sent = [], 0
    while len(replies) < len(requests):
        part = requests[sent:sent + window]
        client.send(b"".join(part))
        sent += len(part)
        for _ in part:
            replies.append(received(client))
            if isinstance(replies[-1], str):
                return replies
    return replies


def without_answer(replies):
    return next((reply for reply in replies if isinstance(reply, str)), None)


@row(39, "2,000 producer ids for one connection, all different", "2,000 ids")
def _(side):
    client = side.connect()
    replies = pipelined(client, [init_producer_id()] * 2_000)
    client.close()
    ids = {struct.unpack_from(">q", reply, 6)[0] for reply in replies if not isinstance(reply, str)}
    return without_answer(replies) or f"{len(ids):,} ids"


@row(39, "2,000 producer ids that write once each", "2,000 written")
def _(side):
    client = side.connect()
    replies = pipelined(client, [produce(TOPIC, batch([record(0)], producer=(10**9 + number, 0, 0)), acks=1) for number in range(2_000)])
    client.close()
    written = sum(struct.unpack_from(">h", reply, PRODUCE_ERROR_AT)[0] == 0 for reply in replies if not isinstance(reply, str))
    return without_answer(replies) or f"{written:,} written"


def session_of(reply):
    """(error, session id) of a Fetch 7 reply."""
    return struct.unpack_from(">hi", reply, 4)


@row(39, "2,000 fetch sessions begun: another client keeps its own", "kept")
def _(side):
    victim = side.connect()
    first = ask(victim, fetch(TOPIC, offset=0, most=1, session=(0, 0)))
    if isinstance(first, str):
        return first
    _, session = session_of(first)
    for _ in range(2):
        client = side.connect()
        replies = pipelined(client, [fetch(TOPIC, offset=0, most=1, session=(0, 0))] * 500)
        client.close()
        if without_answer(replies):
            return without_answer(replies)
    clients = side.connect_many(100)
    for client in clients:
        client.send(fetch(TOPIC, offset=0, most=1, session=(0, 0)) * 10)
    for client in clients:
        for _ in range(10):
            received(client)
    again = ask(victim, fetch(None, session=(session, 1)))
    for client in clients + [victim]:
        client.close()
    if isinstance(again, str):
        return again
    error, same = session_of(again)
    return "kept" if (error, same) == (0, session) and session != 0 else f"error {error}"


def fetch_session(partitions):
    def act(side):
        asked = b"".join(struct.pack(">iqqi", number, 0, -1, 1) for number in range(partitions))
        head = struct.pack(">iiiibii", -1, 0, 0, 1, 0, 0, 0)
        topics = struct.pack(">i", 1) + string(TOPIC) + struct.pack(">i", partitions) + asked + struct.pack(">i", 0)
        reply = reply_to(side, frame(header(1, 7) + head + topics))
        if isinstance(reply, str):
            return reply
        return ANSWERED if session_of(reply)[1] == 0 else "a session"
    return act


row(39, "a fetch session of 49,000 partitions", "a session")(fetch_session(49_000))
row(39, "a fetch of 200,000 partitions", CLOSED)(fetch_session(200_000))


@row(39, "a group of 3,000 members that never come back, by one connection", ANSWERED)
def _(side):
    """Version 4: each is given an id and told to join with it, error 79."""
    client = side.connect()
    replies = pipelined(client, [join("crowded", session=6_000, version=4)] * 3_000)
    client.close()
    return without_answer(replies) or ANSWERED


@row(39, "3,000 members that never come back, with client ids of 32,000 bytes", ANSWERED)
def _(side):
    client = side.connect()
    replies = pipelined(client, [join("long-winded", session=MOST // 2000, version=4, client_id=b"c" * 32_000)] * 3_000, 20)
    client.close()
    return without_answer(replies) or ANSWERED


@row(39, "2,000 groups of one member each, by one connection", ANSWERED)
def _(side):
    client = side.connect()
    replies = pipelined(client, [join(f"group-{number}", session=6_000) for number in range(2_000)])
    client.close()
    return without_answer(replies) or ANSWERED


@row(39, "200 groups whose member tells 1 MB of itself", ANSWERED)
def _(side):
    client = side.connect()
    replies = pipelined(client, [join(f"big-{number}", session=6_000, metadata=bytes(1_000_000)) for number in range(200)], 4)
    client.close()
    return without_answer(replies) or ANSWERED


@row(39, "2,000 groups of the new protocol, by one connection", ANSWERED)
def _(side):
    client = side.connect()
    replies = pipelined(client, [consumer_heartbeat(f"new-{number}", f"member-{number}", names=[TOPIC]) for number in range(2_000)])
    client.close()
    return without_answer(replies) or ANSWERED


@row(39, "5,000 offsets of as many groups, each with a note of 4,096 bytes", ANSWERED)
def _(side):
    client = side.connect()
    replies = pipelined(client, [commit(f"noted-{number}", note="n" * 4096) for number in range(5_000)])
    client.close()
    return without_answer(replies) or ANSWERED


@row(39, "2,000 times, who coordinates a transaction: the log grows by a few lines a minute", "at most 20 lines more")
def _(side):
    def lines():
        return side.log().count(b"refused a transactional producer") if side.is_ours else 0
    before, client = lines(), side.connect()
    replies = pipelined(client, [frame(header(10, 1) + string("writer") + b"\x01")] * 2_000)
    client.close()
    time.sleep(0.05)  # the log is written by another thread
    more = lines() - before
    return without_answer(replies) or ("at most 20 lines more" if more <= 20 else f"{more} lines more")


@row(40, "Fetch that wants 2^31-1 bytes in 2^31-1 ms: what max_bytes allows is enough", "error 0")
def _(side):
    ask(side.connect(), produce(TOPIC, batch([record(0)])))
    return error_at(fetch(TOPIC, wait=MOST, least=MOST, most=1), fetch_error_at(TOPIC))(side)


@row(40, "100 that wait 2^31-1 ms for 2^31-1 bytes of nothing: they wait, and are gone with their connections", "100 wait, others served")
def _(side):
    """At most five minutes, which nobody waits for here."""
    reply_to(side, metadata("empty"))
    clients = side.connect_many(100)
    for client in clients:
        client.send(fetch("empty", wait=MOST, least=MOST, most=MOST))
    served = sum(says(metadata(TOPIC))(side) == ANSWERED for _ in range(20))
    waiting = 0
    for client in clients:
        client.socket.settimeout(0.001)
        waiting += received(client) == SILENT
        client.close()
    return f"{waiting} wait, {'others served' if served == 20 else 'others not'}"


row(40, "Fetch with every number negative", "error 1")(
    error_at(fetch(TOPIC, offset=-(2**63), wait=-(2**31), least=-(2**31), most=-(2**31)), fetch_error_at(TOPIC)))
row(40, "Fetch at offset 2^63-1", "error 1")(error_at(fetch(TOPIC, offset=LAST), fetch_error_at(TOPIC)))
row(40, "Fetch at offset -1", "error 1")(error_at(fetch(TOPIC, offset=-1), fetch_error_at(TOPIC)))
for partition in (MOST, -1, -(2**31)):
    row(40, f"Fetch of partition {partition}", "error 3")(error_at(fetch(TOPIC, partition=partition), fetch_error_at(TOPIC)))
    row(40, f"Produce to partition {partition}", "error 3")(
        error_at(produce(TOPIC, batch([record(0)]), partition=partition), PRODUCE_ERROR_AT))
for timestamp, error in ((-2, 0), (-1, 0), (LAST, 0), (-7, 35), (-(2**63), 35)):
    row(40, f"ListOffsets at {timestamp}", f"error {error}")(error_at(list_offsets(TOPIC, timestamp), list_offsets_error_at(TOPIC)))
for acks, error in ((2, 21), (-2, 21), (32767, 21)):
    row(40, f"Produce with acks {acks}", f"error {error}")(
        error_at(produce(TOPIC, batch([record(0)]), acks=acks), PRODUCE_ERROR_AT))


def joined_error(**asked):
    """JoinGroup 3, whose error comes after the throttle time."""
    return error_at(join("timed", **asked), 4)


for session, error in ((MOST, 26), (-1, 26), (0, 26), (-(2**31), 26)):
    row(40, f"JoinGroup with a session of {session} ms", f"error {error}")(joined_error(session=session))
row(40, "JoinGroup with a rebalance of 2^31-1 ms", "error 0")(joined_error(session=6_000, rebalance=MOST))
COMMIT_ERROR_AT = 4 + 2 + len(TOPIC) + 4 + 4
row(40, "OffsetCommit of 2^63-1", "error 0")(error_at(commit("far", LAST), COMMIT_ERROR_AT))
row(40, "OffsetCommit with a note of 32,000 bytes", "error 12")(error_at(commit("noted", note="n" * 32_000), COMMIT_ERROR_AT))
row(40, "OffsetCommit of partition 2^31-1", "error 3")(error_at(commit("far", partition=MOST), COMMIT_ERROR_AT))


def delete_records(offset):
    return frame(header(21, 1) + struct.pack(">i", 1) + string(TOPIC) + struct.pack(">iiqi", 1, 0, offset, 5000))


for offset in (LAST, -2, -(2**63)):
    row(40, f"DeleteRecords before {offset}", "error 1")(error_at(delete_records(offset), 4 + 4 + 2 + len(TOPIC) + 4 + 4 + 8))


def regex(text):
    return error_at(consumer_heartbeat("by-pattern", "member", regex=text), 1 + 4)


row(40, "a pattern that costs others a thousand years", "error 0")(regex("(a+)+$" + "(.*)*" * 50))
row(40, "a pattern that is none", "error 128")(regex("(((("))
row(40, "a pattern that repeats repeats", "error 128")(regex("((((a{1000}){1000}){1000}){1000})"))
row(40, "a pattern of 30,000 bytes", "error 128")(regex("(a|b)" * 6_000))
row(40, "a pattern of 1 MB, which no string may have", CLOSED)(regex("(a|b)" * 200_000))
row(40, "a coordinator for 100,000 groups at once", ANSWERED)(
    says(flexible(10, 4, b"\x00" + compact_array(compact(f"group-{number}") for number in range(100_000)) + b"\x00")))
row(40, "PushTelemetry of 1 MB", CLOSED)(
    says(flexible(72, 0, bytes(16) + struct.pack(">i?b", 1, False, 4) + compact(bytes(1_000_000)) + b"\x00")))


@row(36, "32 producers with four requests of 900 KB each, queued.max.request.bytes 16 MiB", "128 answered",
     queued_max_request_bytes=16 << 20, socket_request_max_bytes=16 << 20)
def _(side):
    """More than there is room for at once: they take turns."""
    requests = produce(TOPIC, batch([record(value=bytes(900_000))])) * 4

    def answered(client):
        client.send(requests)
        return sum(client.receive() is not None for _ in range(4))
    clients = side.connect_many(32)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        total = sum(pool.map(answered, clients))
    for client in clients:
        client.close()
    return f"{total} answered"
