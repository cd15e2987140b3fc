"""The table's rows, and what can come of bytes that are sent to a broker."""
import os
import struct
import sys
import time
from dataclasses import dataclass, field

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from wire import Client  # noqa: E402

# That an answer may take. A broker that is built with a sanitizer takes ten times as long, and is asked alone.
WITHOUT_KAFKA = os.environ.get("HOSTILE_WITHOUT_KAFKA") == "1"
SECONDS = 60 if WITHOUT_KAFKA else 3
CLOSED, ANSWERED, SILENT = "closed", "answered", f"no answer in {SECONDS} s"
TOPIC = "hostile"  # each broker has it, with one partition
ROWS = []


@dataclass
class Row:
    number: int
    what: str
    expected: str
    act: object  # of a side (targets.py): what came of it, as a text
    settings: dict = field(default_factory=dict)  # of a broker of its own; empty: the one that most rows share


def row(number, what, expected, **settings):
    def keep(act):
        ROWS.append(Row(number, what, expected, act, {name.replace("_", "."): str(value) for name, value in settings.items()}))
        return act
    return keep


def reply_to(side, data):
    """The reply's body after the correlation id, CLOSED or SILENT; over a connection of its own."""
    client = side.connect()
    try:
        return ask(client, data)
    finally:
        client.close()


def ask(client, data):
    client.send(data)
    return received(client)


def received(client):
    try:
        reply = client.receive()
    except TimeoutError:
        return SILENT
    return CLOSED if reply is None else reply[4:]


def what_comes(clients, seconds):
    """The answer of each, or that there was none in that time."""
    deadline, came = time.monotonic() + seconds, []
    for client in clients:
        client.socket.settimeout(max(0.01, deadline - time.monotonic()))
        came.append(received(client))
    return came


def says(data):
    def act(side):
        reply = reply_to(side, data)
        return reply if isinstance(reply, str) else ANSWERED
    return act


def error_at(data, at):
    """For replies whose error code is at a known place."""
    return lambda side: told_error(reply_to(side, data), at)


def told_error(reply, at):
    return reply if isinstance(reply, str) else f"error {struct.unpack_from('>h', reply, at)[0]}"


def exchange(address, data):
    """For what is asked beside the row: the reply, which must come."""
    client = Client(address, 10)
    reply = client.ask(data)
    client.close()
    if reply is None:
        raise RuntimeError("an honest request was not answered")
    return reply
