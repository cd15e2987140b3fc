"""Stock clients as members of consumer groups: alone, three, twelve on twelve partitions; one is killed; all leave.

usage: groups.py BOOTSTRAP WORK_DIR CLIENT...
Runs in the environment of confluent-kafka, which writes the records and asks for the state of the groups. A client's run.sh
has to know `member BOOTSTRAP GROUP TOPIC` (see ../README.md). The last line is "N passed, N failed".
"""
import collections
import concurrent.futures
import os
import signal
import subprocess
import sys
import threading
import time

from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient, NewTopic

HERE = os.path.dirname(os.path.abspath(__file__))
PARTITIONS = 12
RECORDS = 600
# They read on what they have fetched of a partition that is another's by now, on Apache Kafka 4.3.1 as well; and commit
# it, as members of the new generation, so that what the other one has committed may go back.
LATE_TO_LET_GO = {"platformatic-kafka"}
AT_ONCE = 3  # clients that are played with
PATIENCE_S = float(os.environ.get("PATIENCE_S", 90))


class Member:
    """A client process that reads as a member; what it printed is what it read."""

    def __init__(self, client, bootstrap, group, topic, log, protocol="classic", instance=None):
        self.read = collections.Counter()
        command = [os.path.join(HERE, "..", client, "run.sh"), "member", bootstrap, group, topic]
        command += [protocol, instance] if instance else [protocol] if protocol != "classic" else []
        self.instance = instance
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        self.reader = threading.Thread(target=self.collect, daemon=True)
        self.reader.start()

    def collect(self):
        for line in self.process.stdout:
            words = line.split()
            if len(words) == 3 and words[0] == "R":
                self.read[(int(words[1]), int(words[2]))] += 1

    def end(self, how):
        os.killpg(self.process.pid, how)  # the group that Popen made for it alone
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            status = "no end within 20 s"
        self.reader.join(5)
        return status


class Scene:
    def __init__(self, client, bootstrap, work, protocol="classic", name="groups"):
        self.client, self.bootstrap, self.protocol = client, bootstrap, protocol
        self.topic = f"{name}-{client}-{os.getpid()}"
        self.group = f"group-of-{self.topic}"
        self.log = open(os.path.join(work, f"{name}-{client}.log"), "w")
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
        self.members, self.gone, self.written = [], [], 0
        self.admin.create_topics([NewTopic(self.topic, PARTITIONS)])[self.topic].result(30)

    def start(self, count, protocol=None, topic=None, instance=None):
        for _ in range(count):
            self.members.append(Member(self.client, self.bootstrap, self.group, topic or self.topic, self.log,
                                       protocol or self.protocol, instance))

    def write(self):
        for number in range(RECORDS):
            self.producer.produce(self.topic, f"{self.written + number}", partition=number % PARTITIONS)
        if self.producer.flush(30):
            raise RuntimeError("records were not acknowledged")
        self.written += RECORDS

    def read(self):
        """How often each record was read, by all members that ever were."""
        all_of_them = collections.Counter()
        for member in self.members + self.gone:
            all_of_them.update(dict(member.read))  # a copy, made at once: its reader goes on
        return all_of_them

    def ask(self, question):
        """The answer to an admin's question. When a broker has come back, librdkafka 2.16.1 may close the connection on which
        it looks for the coordinator and forget the question, so one that gets no answer is asked anew, once."""
        try:
            return question(self.admin)[self.group].result(15)
        except TimeoutError:
            print(f"     {self.client}: the admin client is asked anew", flush=True)
            self.admin = AdminClient({"bootstrap.servers": self.bootstrap})
            return question(self.admin)[self.group].result(30)

    def described(self):
        return self.ask(lambda admin: admin.describe_consumer_groups([self.group]))

    def committed(self):
        found = self.ask(lambda admin: admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self.group)]))
        return sum(one.offset for one in found.topic_partitions if one.topic == self.topic)

    def shares(self):
        """Partitions of each member of a stable group; nothing while it is not stable, or a partition is given twice."""
        group = self.described()
        if group.state.name != "STABLE":
            return []
        given = [[p.partition for p in m.assignment.topic_partitions] for m in group.members]
        owned = sorted(p for one in given for p in one)
        return sorted(len(one) for one in given) if owned == list(range(PARTITIONS)) else []

    def end(self):
        for member in self.members:
            if member.process.poll() is None:
                member.end(signal.SIGKILL)
        self.log.close()


def eventually(what, seconds=PATIENCE_S):
    """Waits for it; gives the time that took, or None."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if what():
            return time.monotonic() - began
        time.sleep(0.1)
    return None


class Report:
    def __init__(self):
        self.passed, self.failed = 0, 0
        self.here = threading.local()  # .scene: the one that this thread plays
        self.cells = collections.defaultdict(lambda: [0, 0])  # (scene, client): checks, those that held

    def table(self):
        """Client x scene, for what was played here; its first line names the scenes."""
        scenes, clients = (list(dict.fromkeys(names)) for names in zip(*self.cells))
        lines = [["client", *scenes]]
        for client in clients:
            lines.append([client] + ["{1} of {0}".format(*self.cells[scene, client]) if (scene, client) in self.cells else "-"
                                     for scene in scenes])
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def check(self, client, what, good, detail=""):
        self.passed += bool(good)
        self.failed += not good
        cell = self.cells[getattr(self.here, "scene", ""), client]
        cell[0] += 1
        cell[1] += bool(good)
        print(f"{'ok  ' if good else 'FAIL'} {client}: {what}{' -- ' + str(detail) if detail != '' else ''}", flush=True)
        return good

    def settles(self, scene, count):
        wanted = [PARTITIONS // count] * count
        took = eventually(lambda: scene.shares() == wanted)
        detail = f"{took:.1f} s" if took is not None else f"shares {scene.shares()}, {scene.described().state.name}"
        return self.check(scene.client, f"{count} members settle on {wanted[0]} partitions each", took is not None, detail)

    def reads_all(self, scene, what, once):
        took = eventually(lambda: len(scene.read()) >= scene.written)
        time.sleep(1)
        read = scene.read()
        twice = sum(1 for times in read.values() if times > 1)
        good = took is not None and len(read) == scene.written and (not once or twice == 0 or scene.client in LATE_TO_LET_GO)
        return self.check(scene.client, what, good, f"{len(read)} of {scene.written} records, {twice} more than once")


def play(scene, report):
    scene.write()
    scene.start(1)
    report.settles(scene, 1)
    report.reads_all(scene, "one member reads all, each record once", once=True)
    one = scene.members.pop()
    scene.gone.append(one)
    status = one.end(signal.SIGTERM)
    report.check(scene.client, "it leaves: the group is empty, its offsets are committed",
                 eventually(lambda: scene.described().state.name == "EMPTY" and scene.committed() == scene.written, 20)
                 is not None, f"status {status}, {scene.described().state.name}, {scene.committed()} of {scene.written}")
    scene.start(3)
    report.settles(scene, 3)
    scene.write()
    report.reads_all(scene, "three members read on, each record once", once=True)
    scene.gone.append(scene.members.pop(0))
    scene.gone[-1].end(signal.SIGKILL)
    scene.write()
    report.settles(scene, 2)
    report.reads_all(scene, "after kill -9 of one, the others read all", once=False)
    before = scene.read()
    scene.start(PARTITIONS - 2)
    if report.settles(scene, PARTITIONS):
        scene.write()
        report.reads_all(scene, "twelve members read all", once=False)
        twice = sum(1 for key, times in scene.read().items() if times > max(1, before.get(key, 0)))
        if scene.client not in LATE_TO_LET_GO:
            report.check(scene.client, "none of it read twice after the clean handover", twice == 0, f"{twice} twice")
    for member in scene.members:  # a rolling stop
        os.killpg(member.process.pid, signal.SIGTERM)
    for member in scene.members:
        try:
            member.process.wait(30)
        except subprocess.TimeoutExpired:
            pass
    report.check(scene.client, "all leave: the group is empty, its offsets are committed",
                 eventually(lambda: scene.described().state.name == "EMPTY"
                            and (scene.committed() == scene.written or scene.client in LATE_TO_LET_GO), 30)
                 is not None, f"{scene.described().state.name}, {scene.committed()} of {scene.written}")
    scene.admin.delete_consumer_groups([scene.group])[scene.group].result(30)
    report.check(scene.client, "the group can be deleted", scene.committed() <= 0, scene.committed())


def run(script, client, bootstrap, work, report, protocol="classic"):
    report.here.scene = script.__name__.removeprefix("play").strip("_") or protocol
    scene = Scene(client, bootstrap, work, protocol=protocol, name=script.__name__)
    try:
        script(scene, report)
    except Exception as error:  # one client's trouble is not the others'
        report.check(client, f"the scene {script.__name__} ends", False, repr(error))
    finally:
        scene.end()
        checks, good = report.cells[report.here.scene, client]
        if good < checks:
            say_end_of(client, scene.log.name)


def say_end_of(who, log_name, lines=40):
    """Where a check fails, what the programs said is needed at once: where this runs, the log may not be kept."""
    with open(log_name, errors="replace") as log:
        for line in collections.deque(log, lines):
            print(f"     {who} said: {line.rstrip()}", flush=True)


def main():
    bootstrap, work, clients = sys.argv[1], sys.argv[2], sys.argv[3:]
    report = Report()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as some:
        for client in clients:
            some.submit(run, play, client, bootstrap, work, report)
    print(report.table())
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed != 0 or not report.passed


if __name__ == "__main__":
    sys.exit(main())
