#!/usr/bin/env python3
"""The table of stock clients (../run.py: what each writes is read back byte for byte) against three brokers that are restarted
all the while, one after the other, as an update does it: a clean stop, a start, and the next one when all are in sync again. The
producers are idempotent: what a client writes again because it has not heard, it would write twice otherwise, on Apache Kafka too.

usage: clients.py [--kill | --calm] [--topics-first] [CLIENT...]   all clients by default; --kill: SIGKILL instead of clean stops;
--calm: no restarts at all; --topics-first: the topics are there before the restarts begin, else the clients make them.
Last line: N passed, N failed.
"""
import collections
import glob
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from cluster import HERE, Cluster, eventually, metadata

from records import normal

CLIENTS = ("kcat", "librdkafka", "java", "franz-go", "sarama", "kafka-python", "aiokafka", "confluent-kafka", "kafkajs",
           "platformatic-kafka")
DOWN_S, BETWEEN_S, IN_SYNC_S, ALL_S = 2, 2, 60, 3600
RUN = str(os.getpid())
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
WORK = os.path.join(HERE, "..", "..", "build", "compat", "cluster-log")


def all_in_sync(cluster):
    known = metadata(cluster.bootstrap)
    return len(known["brokers"]) == 3 and all(len(one["isrs"]) == 3 for topic in known["topics"] for one in topic["partitions"])


def restart(cluster, member, kills):
    """What went wrong, if anything did."""
    status = 0
    if kills:
        member.kill()
    else:
        status = member.stop()
    time.sleep(random.uniform(0, DOWN_S))
    member.launch()
    member.read_ready_line()
    if status != 0:
        return f"broker {member.node} stopped with status {status}"
    if not eventually(lambda: all_in_sync(cluster), IN_SYNC_S):
        return f"not all replicas are in sync {IN_SYNC_S} s after the restart of broker {member.node}"
    return ""


def disturbed(cluster, clients, kills, is_calm):
    """Restarts while the table is made: lines of the table, restarts, what went wrong with them."""
    table = subprocess.Popen([sys.executable, os.path.join(HERE, "..", "run.py"), cluster.bootstrap, WORK, *clients],
                             stdout=subprocess.PIPE, text=True, env={**os.environ, "RUN": RUN, "IDEMPOTENT": "1", "NO_OWN": "1"})
    wrong, count, deadline = [], 0, time.monotonic() + ALL_S
    try:
        for member in itertools.cycle(cluster.members):
            try:
                # Also reads what it says; what it says fits into a pipe while a broker restarts.
                out = table.communicate(timeout=ALL_S if is_calm else random.uniform(0.5, BETWEEN_S))[0]
                return out.splitlines(), count, wrong
            except subprocess.TimeoutExpired:
                pass
            if time.monotonic() > deadline:
                return [f"no end within {ALL_S} s", "0 passed, 1 failed"], count, wrong
            complaint = restart(cluster, member, kills)
            count += 1
            if complaint:
                wrong.append(complaint)
    finally:
        if table.poll() is None:
            table.terminate()
            table.wait()


def make_topics(cluster, clients):
    """By asking for them."""
    eventually(lambda: len(metadata(cluster.bootstrap)["brokers"]) == 3)
    for topic in (f"compat-{client}-{codec}-{RUN}" for client in clients for codec in CODECS):
        subprocess.run(["kcat", "-b", cluster.bootstrap, "-L", "-t", topic], capture_output=True, check=True, timeout=20)
    wanted = len(clients) * len(CODECS)
    if not eventually(lambda: sum(len(one["partitions"]) == 3 for one in metadata(cluster.bootstrap)["topics"]) >= wanted, 60):
        raise RuntimeError("not all topics were made")


def explain(clients):
    """Of each topic that was not read back as it was written: what is missing, and what is there more often than it was sent."""
    for client in clients:
        with open(os.path.join(WORK, f"{client}.records"), encoding="utf-8") as file:
            sent = collections.Counter(normal(line, True) for line in file)
        for path in sorted(glob.glob(os.path.join(WORK, f"compat-{client}-*-*.*"))):
            with open(path, encoding="utf-8") as file:  # cut off in a line where a reader has failed
                read = collections.Counter(normal(line, True) for line in file if line.endswith("}\n"))
            missing, more = sum((sent - read).values()), sum((read - sent).values())
            if missing or more:
                print(f"     {os.path.basename(path)}: {missing} missing, {more} doubled")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    kills = "--kill" in sys.argv
    clients = [word for word in sys.argv[1:] if not word.startswith("--")] or CLIENTS
    for client in clients:
        subprocess.run([os.path.join(HERE, "..", client, "run.sh"), "setup"], check=True, timeout=900, stdout=subprocess.DEVNULL)
    shutil.rmtree(WORK, ignore_errors=True)
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster(directory)
        try:
            cluster.start()
            if "--topics-first" in sys.argv:
                make_topics(cluster, clients)
            lines, restarts, wrong = disturbed(cluster, clients, kills, "--calm" in sys.argv)
            statuses = [member.stop() for member in cluster.members]
            wrong += [f"at the end a broker stopped with status {status}" for status in statuses if status != 0]
            wrong += cluster.errors()
        finally:
            cluster.end()
    print("\n".join(lines[:-1]))
    explain(clients)
    words = lines[-1].split() if lines else ["0", "passed,", "1", "failed"]
    print(f"{restarts} {'kills' if kills else 'clean restarts'}: {'; '.join(wrong[:5]) or 'nothing wrong with them'}")
    passed, failed = int(words[0]) + (not wrong), int(words[2]) + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
