#!/usr/bin/env python3
"""Stock clients against a broker: each writes the same records with each codec it has, and reads them back byte for byte,
by itself and by another client. Prints a table; the last line is "N passed, N failed".

usage: run.py BOOTSTRAP WORK_DIR CLIENT...     RUN: the end of the topics' names, instead of the process's number
NO_OWN: leaves out the clients' own tests, which expect one broker, and an answer within seconds.
TOLD: a file for the counts of each client, as JSON.
DATA names the broker's data directory, if it is at hand: then the stored batches must have the codec that was asked for.
What a client's run.sh has to offer is told in README.md beside this file.
"""
import concurrent.futures
import glob
import itertools
import json
import os
import signal
import struct
import subprocess
import sys
import threading

from records import COUNT, make, normal

HERE = os.path.dirname(os.path.abspath(__file__))
AT_ONCE = 2
RUN = os.environ.get("RUN", str(os.getpid()))
HAS_NONE = 3  # exit status of `transaction` and `own`
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


class Client:
    def __init__(self, name, work):
        self.name, self.work = name, work
        self.log = open(os.path.join(work, name + ".log"), "w")
        self.limits, self.reads = [], False

    def run(self, *arguments, seconds=120):
        """Exit status and stdout of run.sh with these arguments. One that hangs is ended, with all it started: -1."""
        script = os.path.join(HERE, self.name, "run.sh")
        with subprocess.Popen([script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                out, errors = process.communicate(timeout=seconds)
                status = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, errors = process.communicate()
                status, errors = -1, errors + b"no end within %d s" % seconds
        text = out.decode(errors="replace").strip()
        # In one piece: another client's turn may have this one read at the same time.
        self.log.write(f"+ {self.name} {' '.join(arguments)}\n{errors.decode(errors='replace')}{text[:2000]}\n= {status}\n")
        self.log.flush()
        return status, text

    def words(self, *arguments):
        status, text = self.run(*arguments)
        return text.split() if status == 0 else []


class Table:
    def __init__(self):
        self.passed, self.failed, self.lock = 0, 0, threading.Lock()
        self.clients = {}  # name: version, and how often it passed and failed

    def check(self, client, what, why_not):
        """Counts, and says why not unless that is empty."""
        with self.lock:
            counts = self.clients.setdefault(client.name, {"version": "?", "passed": 0, "failed": 0})
            counts["failed" if why_not else "passed"] += 1
            self.passed += not why_not
            self.failed += bool(why_not)
            if why_not:
                print(f"FAIL {what}: {why_not}", flush=True)
        return "FAIL" if why_not else "ok"

    def show(self, rows):
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print(f"{self.passed} passed, {self.failed} failed")


def not_ended(client, status):
    return "" if status == 0 else f"status {status}, see {client.log.name}"


def difference(sent, read, without_headers):
    try:
        with open(sent) as left, open(read) as right:
            for number, (a, b) in enumerate(itertools.zip_longest(left, right), 1):
                if a is None or b is None or normal(a, without_headers) != normal(b):
                    return f"record {number} differs: {(a or 'none')[:80].strip()} / {(b or 'none')[:80].strip()}"
        return "" if number == COUNT else f"{number} records"
    except (OSError, ValueError, KeyError) as failed:
        return f"no records: {failed}"


def read_back(reader, bootstrap, topic, sent, out):
    status, _ = reader.run("consume", bootstrap, topic, out)
    return not_ended(reader, status) or difference(sent, out, "header" in reader.limits)


def codecs_stored(data, topic):
    """The codec of each batch on disk (a v2 batch: its length at byte 8, its attributes at byte 21)."""
    found = []
    for path in glob.glob(f"{data}/{topic}-[0-9]*/*.log"):
        with open(path, "rb") as file:
            log = file.read()
        at = 0
        while at + 61 <= len(log):
            found.append(CODECS[struct.unpack_from(">h", log, at + 21)[0] & 7])
            at += 12 + struct.unpack_from(">i", log, at + 8)[0]
    return found


def wrong_codec(topic, codec):
    found = codecs_stored(os.environ["DATA"], topic)
    others = set(found) - {codec, "none"}  # a client sends plain what does not shrink
    return "" if codec in found and not others else f"stored are {({one: found.count(one) for one in set(found)})}"


def try_codec(client, codec, other, bootstrap, sent, table):
    topic = f"compat-{client.name}-{codec}-{RUN}"
    out = os.path.join(client.work, topic)
    status, partitions = client.run("metadata", bootstrap, topic)
    why = not_ended(client, status) or ("" if partitions == "3" else f"{partitions!r} partitions")
    if table.check(client, f"{topic} metadata", why) != "ok":
        return "FAIL"
    status, _ = client.run("produce", bootstrap, topic, codec, sent)
    if table.check(client, f"{topic} produce", not_ended(client, status)) != "ok":
        return "FAIL"
    results = []
    if os.environ.get("DATA"):
        results.append(table.check(client, f"{topic} codec", wrong_codec(topic, codec)))
    if not client.reads and not other:
        results.append(table.check(client, f"{topic} read", "there is nobody to read it"))
    if client.reads:
        results.append(table.check(client, f"{topic} read by itself", read_back(client, bootstrap, topic, sent, out + ".self")))
    if other:
        why = read_back(other, bootstrap, topic, sent, out + ".other")
        results.append(table.check(client, f"{topic} read by {other.name}", why))
    return "FAIL" if "FAIL" in results else "ok"


def readers_of(client, other):
    names = ["itself"] if client.reads else []
    if other:
        names.append(other.name + (" (no headers)" if "header" in other.limits and "header" not in client.limits else ""))
    return ", ".join(names)


def try_client(client, other, bootstrap, table):
    sent = os.path.join(client.work, client.name + ".records")
    make(sent, client.limits)
    status, version = client.run("version")
    cells = [client.name, version if status == 0 else "?"]
    codecs = client.words("codecs")
    table.check(client, f"{client.name} has codecs", "" if codecs else "none printed")
    table.clients[client.name]["version"] = cells[1]
    cells.append(" ".join(f"{codec}:{try_codec(client, codec, other, bootstrap, sent, table)}" for codec in codecs))
    cells.append("read by " + readers_of(client, other))
    # Less than the 20 seconds after which a client gives up by itself: refused is not timed out.
    status, text = client.run("transaction", bootstrap, f"compat-{client.name}-transaction", seconds=15)
    if status == HAS_NONE:
        cells.append("no transactions")
    else:
        why = not_ended(client, status)
        cells.append("transaction refused:" + table.check(client, f"{client.name} transaction refused", why and f"{why}: {text[-300:]}"))
    status, _ = client.run("own", bootstrap) if "NO_OWN" not in os.environ else (HAS_NONE, "")
    cells.append("" if status == HAS_NONE else "own tests:" + table.check(client, f"{client.name} own tests",
                                                                            not_ended(client, status)))
    cells.append("without " + ", ".join(client.limits) if client.limits else "")
    return cells


def other_for(client, turn, readers):
    """Another client to read: by turns, one that can say all if there is one."""
    able = [reader for reader in readers if reader is not client]
    able = [reader for reader in able if "header" not in reader.limits] or able
    return able[turn % len(able)] if able else None


def main():
    bootstrap, work, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    os.makedirs(work, exist_ok=True)
    table = Table()
    ready = []
    for client in [Client(name, work) for name in names]:
        status, _ = client.run("setup", seconds=900)
        if table.check(client, f"{client.name} setup", not_ended(client, status)) == "ok":
            client.limits = client.words("limits")
            client.reads = "reading" not in client.limits
            ready.append(client)
    readers = [client for client in ready if client.reads]

    def take_turn(turn):
        return try_client(ready[turn], other_for(ready[turn], turn, readers), bootstrap, table)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        table.show(list(pool.map(take_turn, range(len(ready)))))
    if os.environ.get("TOLD"):
        with open(os.environ["TOLD"], "w") as file:
            json.dump(table.clients, file)
    return table.failed != 0 or table.passed == 0


if __name__ == "__main__":
    sys.exit(main())
