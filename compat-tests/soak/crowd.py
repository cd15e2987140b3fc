#!/usr/bin/env python3
"""Clients that nobody wants: they connect, ask a little, and go, hang, vanish in the midst of a frame or send garbage.

usage: crowd.py HOST:PORT CLIENTS     until SIGTERM; then prints a JSON object: how often each of them did what
SIGUSR1 sends them away, SIGUSR2 calls them back.
"""
import asyncio
import collections
import json
import logging
import os
import random
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from wire import frame, header, metadata, string

HANGS_S = 5
LONG_POLL_MS = 30_000
done = collections.Counter()


async def answer(reader):
    size, = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


async def ask_and_go(reader, writer, _):
    for request in (frame(header(18, 0)), metadata("stocks", create=False)):
        writer.write(request)
        await answer(reader)


async def hang(reader, writer, draw):
    await ask_and_go(reader, writer, draw)
    await asyncio.sleep(draw.uniform(0, HANGS_S))


async def garbage(reader, writer, draw):
    writer.write(draw.randbytes(draw.randrange(1, 2000)))
    await asyncio.wait_for(reader.read(100), HANGS_S)


async def half_a_frame(_, writer, draw):
    writer.write(struct.pack(">i", draw.choice([100, 100_000, 50_000_000])) + draw.randbytes(50))
    await asyncio.sleep(draw.uniform(0, HANGS_S))


def fetch(least_bytes, most_bytes):
    """Of partition 0, from its beginning (Fetch 4)."""
    body = struct.pack(">iiiib", -1, LONG_POLL_MS, least_bytes, 1 << 30, 0) + struct.pack(">i", 1) + string("stocks")
    return frame(header(1, 4) + body + struct.pack(">iiqi", 1, 0, 0, most_bytes))


async def ask_and_not_read(_, writer, draw):
    """More than the buffers of a connection hold."""
    for _ in range(draw.randrange(1, 200)):
        if writer.is_closing():
            return
        writer.write(fetch(1, 1 << 16))
        await asyncio.sleep(0)
    await asyncio.sleep(draw.uniform(0, 1))


async def wait_for_records(reader, writer, draw):
    """A long poll that nobody waits for the end of: it asks for more than there is."""
    writer.write(fetch(1 << 30, 1 << 20))
    await ask_and_go(reader, writer, draw) if draw.random() < 0.1 else await asyncio.sleep(draw.uniform(0, 1))


async def join_and_vanish(reader, writer, draw):
    """JoinGroup 2 with the shortest session there may be."""
    body = string(f"soak-{draw.randrange(20)}") + struct.pack(">ii", 6000, 6000) + string("") + string("consumer")
    writer.write(frame(header(11, 2) + body + struct.pack(">i", 1) + string("range") + struct.pack(">i", 0)))
    await asyncio.wait_for(reader.read(100), draw.uniform(0, HANGS_S))


async def vanish(writer):
    """A crash and no farewell."""
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:  # the broker has closed it
        pass
    writer.transport.abort()


async def go(writer):
    """What the broker does not take, because its answers were not read, would keep the connection open for ever."""
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), HANGS_S)
    except (OSError, asyncio.TimeoutError):
        writer.transport.abort()


async def client(address, draw, wanted):
    while True:
        await wanted.wait()
        what = draw.choice([ask_and_go, hang, garbage, half_a_frame, ask_and_not_read, wait_for_records, join_and_vanish])
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:  # the broker is being started again
            done["found no broker"] += 1
            await asyncio.sleep(0.2)
            continue
        try:
            await asyncio.wait_for(what(reader, writer, draw), 2 * HANGS_S)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass
        done[what.__name__] += 1
        await (vanish(writer) if draw.random() < 0.5 else go(writer))
        await asyncio.sleep(draw.uniform(0, 2))


async def main():
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # that the broker has closed is no news here
    host, port = sys.argv[1].rsplit(":", 1)
    wanted, ended = asyncio.Event(), asyncio.Event()
    wanted.set()
    for number, act in ((signal.SIGUSR1, wanted.clear), (signal.SIGUSR2, wanted.set), (signal.SIGTERM, ended.set)):
        asyncio.get_running_loop().add_signal_handler(number, act)
    clients = [asyncio.create_task(client((host, int(port)), random.Random(number), wanted)) for number in range(int(sys.argv[2]))]
    await ended.wait()
    broken = sum(task.done() for task in clients)
    for task in clients:
        task.cancel()
    await asyncio.wait(clients, timeout=HANGS_S)
    print(json.dumps({**done, "broken": broken}))


if __name__ == "__main__":
    asyncio.run(main())
