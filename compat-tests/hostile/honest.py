#!/usr/bin/env python3
"""A well-behaved client, in a process of its own so that nobody but the broker keeps it waiting.

usage: honest.py HOST:PORT     Asks every 20 ms until its input ends; then prints, as JSON, what it saw.
"""
import json
import os
import select
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from wire import Client, batch, frame, header, metadata, produce, record  # noqa: E402

TOPIC, SECONDS = "honest", 60
EVERY, NOTABLE = 0.020, 0.5
PRODUCED = produce(TOPIC, batch([record(0, b"k", b"v")]))
PRODUCE_ERROR_AT = 4 + 2 + len(TOPIC) + 4 + 4
VERSIONS, METADATA = frame(header(18, 0)), metadata(TOPIC)


def wrong(number, client):
    """Asks one thing; what is wrong with the answer, if anything."""
    if number % 5 == 0:
        reply = client.ask(PRODUCED)
        right = reply is not None and struct.unpack_from(">h", reply, PRODUCE_ERROR_AT)[0] == 0
    elif number % 2 == 0:
        reply = client.ask(METADATA)
        right = reply is not None and TOPIC.encode() in reply
    else:
        reply = client.ask(VERSIONS)
        right = reply is not None and reply[:2] == b"\0\0"
    return None if right else "closed" if reply is None else f"answered {reply[:60]!r}"


def main():
    took, notable, failures = [], [], []
    client, number = Client(sys.argv[1], SECONDS), 0
    client.ask(METADATA)
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        number += 1
        began, trouble = time.monotonic(), None
        try:
            trouble = wrong(number, client)
        except OSError as error:
            trouble = f"{error!r}"
        seconds = time.monotonic() - began
        took.append(seconds)
        if seconds > NOTABLE:
            notable.append((began, seconds))
        if trouble:
            failures.append((began, trouble))
            client.close()
            client = Client(sys.argv[1], SECONDS)
    print(json.dumps({"took": [round(seconds, 6) for seconds in took], "notable": notable, "failures": failures}))


if __name__ == "__main__":
    main()
