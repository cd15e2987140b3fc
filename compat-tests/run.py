#!/usr/bin/env python3
"""Stock clients against a broker: each writes the same records with each codec it has, and reads them back byte for byte,
by itself and by another client. Prints a table; the last line is "N passed, N failed".

usage: run.py BOOTSTRAP WORK_DIR CLIENT...
What a client's run.sh has to offer is told in README.md beside this file.
"""
import itertools
import os
import subprocess
import sys

from records import make, normal

HERE = os.path.dirname(os.path.abspath(__file__))
GROUPS_ONLY = 3
NO_TRANSACTIONS = 3


class Client:
    def __init__(self, name, work):
        self.name, self.work = name, work
        self.log = open(os.path.join(work, name + ".log"), "w")

    def run(self, *arguments, seconds=300):
        """Exit status and stdout of run.sh with these arguments; a hang counts as a failure."""
        script = os.path.join(HERE, self.name, "run.sh")
        self.log.write(f"+ {self.name} {' '.join(arguments)}\n")
        self.log.flush()
        try:
            done = subprocess.run([script, *arguments], stdout=subprocess.PIPE, stderr=self.log, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.log.write(f"no end within {seconds} s\n")
            return -1, ""
        text = done.stdout.decode(errors="replace").strip()
        self.log.write(f"{text[:2000]}\n= {done.returncode}\n")
        return done.returncode, text

    def words(self, *arguments):
        status, text = self.run(*arguments)
        return text.split() if status == 0 else []


def same(sent, read):
    with open(sent) as left, open(read) as right:
        for number, (a, b) in enumerate(itertools.zip_longest(left, right), 1):
            if a is None or b is None or normal(a) != normal(b):
                return f"record {number} differs: {(a or 'none')[:80].strip()} / {(b or 'none')[:80].strip()}"
    return ""


class Table:
    def __init__(self):
        self.rows, self.passed, self.failed = [], 0, 0

    def check(self, what, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAIL {what}: {why}", flush=True)
        return "ok" if good else "FAIL"


def read_back(reader, bootstrap, topic, sent, out):
    status, _ = reader.run("consume", bootstrap, topic, out)
    return f"{reader.name} ended with status {status}" if status != 0 else same(sent, out)


def try_codec(client, codec, other, bootstrap, sent, table):
    topic = f"compat-{client.name}-{codec}-{os.getpid()}"
    out = os.path.join(client.work, topic)
    status, partitions = client.run("metadata", bootstrap, topic)
    if table.check(f"{topic} metadata", status == 0 and partitions == "3", f"status {status}, {partitions!r} partitions") != "ok":
        return "FAIL"
    status, _ = client.run("produce", bootstrap, topic, codec, sent)
    if table.check(f"{topic} produce", status == 0, f"status {status}, see {client.log.name}") != "ok":
        return "FAIL"
    results = []
    if client.reads:
        why = read_back(client, bootstrap, topic, sent, out + ".self")
        results.append(table.check(f"{topic} read by itself", not why, why))
    why = read_back(other, bootstrap, topic, sent, out + ".other")
    results.append(table.check(f"{topic} read by {other.name}", not why, why))
    return "FAIL" if "FAIL" in results else "ok"


def try_client(client, other, bootstrap, table):
    sent = os.path.join(client.work, client.name + ".records")
    make(sent, client.limits)
    status, version = client.run("version")
    cells = [client.name, version if status == 0 else "?"]
    codecs = client.words("codecs")
    table.check(f"{client.name} has codecs", codecs)
    cells.append(" ".join(f"{codec}:{try_codec(client, codec, other, bootstrap, sent, table)}" for codec in codecs))
    cells.append("itself, " + other.name if client.reads else other.name + " (itself reads as a group only)")
    status, text = client.run("transaction", bootstrap, f"compat-{client.name}-transaction", seconds=40)
    if status == NO_TRANSACTIONS:
        cells.append("none")
    else:
        cells.append("refused:" + table.check(f"{client.name} transaction refused", status == 0, text[-300:]))
    status, text = client.run("own", bootstrap)
    if status != NO_TRANSACTIONS:
        cells.append("own tests:" + table.check(f"{client.name} own tests", status == 0, f"see {client.log.name}"))
    cells.append("without " + ", ".join(client.limits) if client.limits else "")
    table.rows.append(cells)


def main():
    bootstrap, work, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    os.makedirs(work, exist_ok=True)
    table = Table()
    clients = [Client(name, work) for name in names]
    ready = []
    for client in clients:
        status, text = client.run("setup", seconds=900)
        if table.check(f"{client.name} setup", status == 0, f"status {status}, see {client.log.name}: {text[-300:]}") == "ok":
            client.reads = client.run("consume", bootstrap, "", "")[0] != GROUPS_ONLY
            client.limits = client.words("limits")
            ready.append(client)
    readers = [client for client in ready if client.reads]
    for client in ready:
        if not readers:
            break
        ring = [reader for reader in readers if reader is not client and "header" not in reader.limits] or readers
        try_client(client, ring[ready.index(client) % len(ring)], bootstrap, table)
    widths = [max(len(row[i]) if i < len(row) else 0 for row in table.rows) for i in range(7)] if table.rows else []
    for row in table.rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(f"{table.passed} passed, {table.failed} failed")
    return table.failed != 0 or not table.rows


if __name__ == "__main__":
    sys.exit(main())
