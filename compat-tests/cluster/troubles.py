"""A controller that hangs, a disk that is full, and an unclean election, for operate.py."""
import signal
import struct
import subprocess
import time

from cluster import eventually, in_sync, metadata, partitions_of
from wire import Client, frame, header, string

TOPICS = "org.apache.kafka.tools.TopicCommand"
ELECT = "org.apache.kafka.tools.LeaderElectionCommand"


def the_controller_hangs(cluster, checks):
    """What it was asked before another was elected is asked again there, well within a client's patience."""
    active = metadata(cluster.bootstrap)["controllerid"]
    hangs = next(member for member in cluster.members if member.node == active)
    other = next(member for member in cluster.members if member is not hangs)
    name = "made-meanwhile"
    request = frame(header(19, 2) + struct.pack(">i", 1) + string(name) + struct.pack(">ihiii?", 1, 2, 0, 0, 30_000, False))
    hangs.process.send_signal(signal.SIGSTOP)
    try:
        client, began = Client(other.bootstrap, timeout=40), time.monotonic()
        answer = client.ask(request)
        client.close()
        took = time.monotonic() - began
    finally:
        hangs.process.send_signal(signal.SIGCONT)
    error, = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name))
    checks.that("a topic is made while the controller hangs", error == 0 and took < 8, f"error {error} after {took:.1f} s")
    checks.that("who hung is back", eventually(lambda: in_sync(cluster.bootstrap, "numbers", 3)), partitions_of(cluster.bootstrap, "numbers"))


def a_disk_is_full(cluster, checks, elect_preferred):
    """A reserve that no disk has stands for it. Others lead on, and wait for nobody; until there is room."""
    victim = cluster.members[2]
    told = lambda: partitions_of(cluster.bootstrap, "filled")
    write = lambda partition: subprocess.run(
        ["kcat", "-b", cluster.bootstrap, "-P", "-t", "filled", "-p", str(partition), "-X", "acks=all", "-X", "message.timeout.ms=20000"],
        input="one\n", text=True, capture_output=True, timeout=60)
    checks.that("a topic to fill a disk", write(0).returncode == 0 and eventually(lambda: in_sync(cluster.bootstrap, "filled", 3)), told())
    victim.settings["log.dir.reserved.bytes"] = 1 << 50
    cluster.restart(victim)
    checks.that("a broker without room comes back", eventually(lambda: in_sync(cluster.bootstrap, "filled", 3)), told())
    elect_preferred()
    checks.that("and leads", eventually(lambda: victim.node in [one["leader"] for one in told()]), told())
    for partition in range(3):
        written = write(partition)
        checks.that(f"partition {partition} takes a record all the same", written.returncode == 0, written.stderr)
    is_outside = lambda one: one["leader"] not in (-1, victim.node) and victim.node not in [member["id"] for member in one["isrs"]]
    checks.that("without that broker", eventually(lambda: len(told()) == 3 and all(map(is_outside, told())), 10), told())
    del victim.settings["log.dir.reserved.bytes"]
    cluster.restart(victim)
    checks.that("with room it is in sync again", eventually(lambda: in_sync(cluster.bootstrap, "filled", 3)), told())


def an_unclean_election(cluster, checks, operator):
    """The first of three replicas lags, and leads by command. The others are cut to what it has, the one as well that comes back when
    all is well already. Of four brokers, since three of them agree on the metadata."""
    first, second, _, fourth = cluster.members
    said = operator.run(TOPICS, "--create", "--topic", "torn", "--replica-assignment", "1:2:4", "--config", "min.insync.replicas=1")
    told = lambda: next(iter(partitions_of(cluster.bootstrap, "torn")), {"leader": None, "isrs": []})
    isr = lambda: {one["id"] for one in told()["isrs"]}
    checks.that("a topic to tear", eventually(lambda: isr() == {1, 2, 4}), said)

    def write(values):
        written = subprocess.run(["kcat", "-b", cluster.bootstrap, "-P", "-t", "torn", "-X", "acks=all", "-X", "message.timeout.ms=20000"],
                                 input="".join(f"{value}\n" for value in values), text=True, capture_output=True, timeout=60)
        checks.that("which takes records", written.returncode == 0, written.stderr)

    write(range(100))
    first.kill()
    write(range(100, 150))
    time.sleep(1)  # a follower hears with its next fetch what is committed
    fourth.stop()  # and writes it down
    checks.that("one has all of it", eventually(lambda: isr() == {2}), told())
    second.kill()
    first.start(60)
    checks.that("and nobody leads without it", eventually(lambda: told()["leader"] == -1), told())
    said = operator.run(ELECT, "--election-type", "unclean", "--topic", "torn", "--partition", "0")
    checks.that("but by command", eventually(lambda: told()["leader"] == 1), said[-500:])
    write(range(200, 210))
    for member in (second, fourth):
        member.start(60)
        checks.that(f"broker {member.node} is cut and in sync", eventually(lambda: member.node in isr()), told())
    read = lambda: subprocess.run(["kcat", "-b", cluster.bootstrap, "-C", "-t", "torn", "-o", "beginning", "-e", "-q"],
                                  capture_output=True, text=True, timeout=60).stdout.split()
    values = [str(value) for value in (*range(100), *range(200, 210))]
    checks.that("what the first had and took is there", read() == values, read())
    first.kill()
    checks.that("and when another leads", eventually(lambda: told()["leader"] in (2, 4)) and read() == values, read())
    first.start(60)
    checks.that("all are in sync again", eventually(lambda: isr() == {1, 2, 4} and in_sync(cluster.bootstrap, "numbers", 3)), told())
