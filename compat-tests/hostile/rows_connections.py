"""Many connections, connections that come and go, answers that nobody reads, and what limits them: rows 35 and 36."""
import resource
import select
import socket
import struct
import time

from asks import create_topic
from table import ANSWERED, CLOSED, SILENT, TOPIC, ask, received, reply_to, row, says, what_comes
from wire import frame, header, metadata

VERSIONS = frame(header(18, 0))
MIB = 1 << 20


def close_all(clients):
    for client in clients:
        client.close()


def is_served(client):
    return not isinstance(ask(client, VERSIONS), str)


def is_closed(client, seconds=0.0):
    """Whether the broker has ended the connection, or does so in that time. What it still says is thrown away."""
    deadline = time.monotonic() + seconds
    while True:
        readable, _, _ = select.select([client.socket], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return False
        try:
            if client.socket.recv(65536) == b"":
                return True
        except OSError:
            return True


def descriptors_settle(side, before):
    deadline = time.monotonic() + 3
    while side.is_ours and side.descriptors() > before + 2:
        if time.monotonic() > deadline:
            return f", {side.descriptors() - before} descriptors more"
        time.sleep(0.01)
    return ""


@row(35, "300 connections, each of which is served", "300 served")
def _(side):
    before = side.descriptors() if side.is_ours else 0
    clients = side.connect_many(300)
    for client in clients:
        client.send(VERSIONS)
    served = sum(not isinstance(received(client), str) for client in clients)
    close_all(clients)
    return f"{served} served{descriptors_settle(side, before)}"


@row(35, "1,000 connections that end at once, half of them by RST", ANSWERED)
def _(side):
    before = side.descriptors() if side.is_ours else 0
    for number in range(1_000):
        client = side.connect()
        if number % 2:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    return says(VERSIONS)(side) + descriptors_settle(side, before)


@row(35, "300 requests whose clients do not wait for the answer", ANSWERED)
def _(side):
    before = side.descriptors() if side.is_ours else 0
    for _ in range(300):
        client = side.connect()
        client.send(VERSIONS * 10 + metadata(TOPIC) * 10)
        client.close()
    return says(VERSIONS)(side) + descriptors_settle(side, before)


IMPATIENT = {"connection_handshake_timeout_ms": 500, "connections_max_idle_ms": 1500}


@row(35, "10 peers that never speak", "10 closed, none before its time", **IMPATIENT)
def _(side):
    clients = side.connect_many(10)
    early = sum(is_closed(client) for client in clients)
    deadline = time.monotonic() + 3
    closed = sum(is_closed(client, max(0.0, deadline - time.monotonic())) for client in clients)
    close_all(clients)
    return f"{closed} closed, {early or 'none'} before its time"


@row(35, "10 peers that ask once and are silent from then on", "10 closed", **IMPATIENT)
def _(side):
    clients = side.connect_many(10)
    served = sum(is_served(client) for client in clients)
    deadline = time.monotonic() + 4
    closed = sum(is_closed(client, max(0.0, deadline - time.monotonic())) for client in clients)
    close_all(clients)
    return f"{closed} closed" if served == 10 else f"only {served} served"


def send_until_stopped(clients, data, most):
    """How much of so many bytes of `data`, over and over, the broker takes from each while nobody reads its answers; of
    those that it closed nothing is told."""
    view, sent, taking = memoryview(data), dict.fromkeys(clients, 0), {client.socket: client for client in clients}
    for client in clients:
        client.socket.setblocking(False)
    while taking:
        _, writable, _ = select.select([], list(taking), [], 0.5)
        if not writable:
            break
        for one in writable:
            client = taking[one]
            try:
                sent[client] += one.send(view[sent[client] % len(data):])
            except BlockingIOError:
                continue
            except OSError:
                del taking[one], sent[client]
                continue
            if sent[client] >= most:
                del taking[one]
    return sent


def read_answers(client, count, deadline):
    """How many of so many answers come."""
    whole = 0
    pending = b""
    client.socket.settimeout(1)
    while whole < count and time.monotonic() < deadline:
        try:
            part = client.socket.recv(1 << 20)
        except OSError:
            break
        if not part:
            break
        pending += part
        at = 0
        while len(pending) - at >= 4 and len(pending) - at >= 4 + struct.unpack_from(">i", pending, at)[0]:
            at += 4 + struct.unpack_from(">i", pending, at)[0]
            whole += 1
        pending = pending[at:]
    return whole


@row(36, "a million requests at once, no answer read: no more is read, and all that was is answered later", "stopped, all answered")
def _(side):
    client = side.connect()
    wanted = 1_000_000 * len(VERSIONS)
    sent = send_until_stopped([client], VERSIONS * 10_000, wanted).get(client)
    if sent is None:
        client.close()
        return CLOSED
    whole = sent // len(VERSIONS)
    answered = read_answers(client, whole, time.monotonic() + 3)
    client.close()
    told = "stopped" if sent < wanted else "all read"
    return f"{told}, {'all' if answered == whole else f'{answered:,} of {whole:,}'} answered"


@row(36, "20 connections that ask for all topics, no answer read, queued.max.request.bytes 16 MiB", "all stopped or closed",
     queued_max_request_bytes=16 * MIB, socket_request_max_bytes=16 * MIB)
def _(side):
    reply_to(side, create_topic("wide", 1_000))
    clients = side.connect_many(20)
    ask_for_all = frame(header(3, 4) + struct.pack(">i", -1) + b"\x00") * 1000
    sent = send_until_stopped(clients, ask_for_all, 50 * MIB)
    close_all(clients)
    endless = sum(size >= 50 * MIB for size in sent.values())
    return f"{endless} not stopped" if endless else "all stopped or closed"


@row(36, "no answer read for longer than connections.max.idle.ms", CLOSED, **IMPATIENT)
def _(side):
    client = side.connect()
    send_until_stopped([client], VERSIONS * 10_000, 50 * MIB)
    poll = select.poll()
    poll.register(client.socket, 0)  # errors and the end alone: what there is to read stays where it is
    ended = poll.poll(5000)
    client.close()
    return CLOSED if ended else "still open after 5 s"


# Settings that one broker has for several rows, so that it starts but once; and Kafka, too, by the same names.
LIMITED = {"max_connections": 50, "max_connections_per_ip_overrides": "127.0.0.2:3"}


@row(35, "max.connections 50, 80 come: the others wait until one ends", "no more than 50 served, then the others", **LIMITED)
def _(side):
    clients = side.connect_many(80)
    for client in clients:
        client.send(VERSIONS)
    served = count_served(clients, 0.5)
    first, others = [one for one in clients if one in served], [one for one in clients if one not in served]
    close_all(first)
    later = count_served(others, 2)
    close_all(others)
    if not 40 <= len(first) <= 50:
        return f"{len(first)} served at once"
    all_others = len(later) == len(others)
    return "no more than 50 served, then the others" if all_others else f"of {len(others)} others {len(later)} served"


def count_served(clients, seconds):
    """Those whose answer comes in that time."""
    return [client for client, came in zip(clients, what_comes(clients, seconds)) if not isinstance(came, str)]


@row(35, "max.connections.per.ip.overrides 3, 10 come from there: 3 are served, 7 closed", "3 served, 7 closed", **LIMITED)
def _(side):
    clients = side.connect_many(10, source="127.0.0.2")
    came = [ask(client, VERSIONS) for client in clients]
    close_all(clients)
    others = side.connect_many(5)
    elsewhere = sum(is_served(client) for client in others)
    close_all(others)
    told = f"{sum(not isinstance(one, str) for one in came)} served, {came.count(CLOSED)} closed"
    return told if elsewhere == 5 else f"{told}; from elsewhere {elsewhere} of 5 served"


@row(35, "... and once those have ended, 3 more", "3 served", **LIMITED)
def _(side):
    time.sleep(0.05)  # until the broker has seen that the others ended
    clients = side.connect_many(3, source="127.0.0.2")
    served = sum(is_served(client) for client in clients)
    close_all(clients)
    return f"{served} served"


@row(4, "queued.max.request.bytes 16 MiB: 40 connections send 4 MiB each of frames of 16 MiB", "less than 48 MiB",
     queued_max_request_bytes=16 * MIB, socket_request_max_bytes=16 * MIB)
def _(side):
    side.memory.begin()
    clients = side.connect_many(40)
    part = struct.pack(">i", 16 * MIB) + bytes(4 * MIB)
    views = {client: 0 for client in clients}
    deadline = time.monotonic() + 2
    while views and time.monotonic() < deadline:  # a little of each at a time, as if all came at once
        for client in list(views):
            client.socket.settimeout(0.005)
            try:
                views[client] += client.socket.send(part[views[client]:views[client] + 65536])
            except TimeoutError:
                continue
            except OSError:
                del views[client]
                continue
            if views[client] == len(part):
                del views[client]
    grown = side.memory.grown_kib() // 1024
    close_all(clients)
    return 'less than 48 MiB' if grown < 48 else f'{grown} MiB'


@row(35, "max.connection.creation.rate 20: of 100 at once, 1 s later", "10 to 60 served", max_connection_creation_rate=20)
def _(side):
    clients = side.connect_many(100)
    for client in clients:
        client.send(VERSIONS)
    served = len(count_served(clients, 1))
    close_all(clients)
    return "10 to 60 served" if 10 <= served <= 60 else f"{served} served"


@row(35, "descriptors run out: who comes then is closed, the others are served", "some served, the rest closed in less than 2 s")
def _(side):
    """Kafka's are not taken away: what it would do then is no answer to these bytes."""
    if not side.is_ours:
        return "not asked"
    before = resource.prlimit(side.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(side.pid, resource.RLIMIT_NOFILE, (side.descriptors() + 30, before[1]))
    try:
        clients = side.connect_many(100)
        for client in clients:
            client.send(VERSIONS)
        came = what_comes(clients, 2)
        close_all(clients)
    finally:
        resource.prlimit(side.pid, resource.RLIMIT_NOFILE, before)
    if came.count(SILENT) or not 10 <= came.count(CLOSED) <= 90:
        return f"{came.count(CLOSED)} closed, {came.count(SILENT)} left waiting for 2 s"
    if says(VERSIONS)(side) != ANSWERED:
        return "not served any more"
    return "some served, the rest closed in less than 2 s"
