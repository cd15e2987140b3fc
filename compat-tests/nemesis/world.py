"""Three brokers that may be killed, paused, stopped and cut off, and the load on them."""
import json
import os
import select
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("..", "../cluster"):
    sys.path.insert(0, os.path.join(HERE, folder))
from broker import ROOT
from cluster import Cluster

import network as networks

RELEASE = os.environ.get("BUILD", os.path.join(ROOT, "build", "release"))
PYTHON = os.path.join(ROOT, "build", "compat", "confluent-kafka", "venv", "bin", "python")
TOPIC, PARTITIONS = "load", 6
READY_S, IN_SYNC_S, END_S = 120, 120, 600  # so long only on a machine that has much else to do
# Timeouts so short that a death, a pause or a cut of a second has its consequences within the test.
QUICK = {"broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 300, "replica.lag.time.max.ms": 2000}
SETTINGS = {"offsets.topic.num.partitions": 3, "log.segment.bytes": 262_144, "log.flush.offset.checkpoint.interval.ms": 500,
            "leader.imbalance.check.interval.seconds": 5}

NEVER = ("lost", "doubled", "out_of_order", "moved", "changed", "vanished", "gaps", "unknown", "given_up", "forgotten_commits",
         "problems")


def say(text, end="\n"):
    print(text, end=end, flush=True)


class Failure(Exception):
    pass


def judge(told):
    """What the load has told: anything lost, doubled, out of order?"""
    wrong = {name: told[name] for name in NEVER if told[name]}
    twice = told["doubled_by_new_epoch"]
    if wrong or not told["sent"] == told["acknowledged"] == told["read"] - twice == told["seen_along"] - twice:
        raise Failure(f"{wrong}, {told}")


class World:
    """`power_cuts`: each broker is on a disk that loses with its process what was not synced. `network`: a Network, or None.
    `broken`: what is broken in the brokers, as the environment of ottla_broken; it has power cuts."""

    in_sync_s = IN_SYNC_S

    def __init__(self, directory, seed, power_cuts, network, broken=None, **settings):
        self.directory, self.seed, self.power_cuts, self.network = directory, seed, power_cuts, network
        addresses = network and [(f"{networks.address(node)}:9092", f"{networks.address(node)}:9192") for node in (1, 2, 3)]
        self.cluster = Cluster(directory, addresses=addresses, **SETTINGS, **settings)
        self.members, self.paused, self.cut_off, self.load = self.cluster.members, set(), set(), None
        for member in self.members:
            member.program = os.path.join(RELEASE, "ottla_broken" if broken else "ottla_power_cut" if power_cuts else "ottla")
            member.environment.update(broken or {})
            if network:
                member.prefix = network.prefix(member.node)
            if power_cuts:
                member.settings["log.dirs"] = "data"
                member.environment["OTTLA_DISK"] = os.path.join(member.directory, "disk")

    def start(self):
        for member in self.members:
            self.launch(member)
        self.await_ready()
        deadline = time.monotonic() + READY_S
        while len((self.metadata() or {"brokers": []})["brokers"]) < 3:  # those that the controller lets lead
            if time.monotonic() > deadline:
                raise Failure(f"not all brokers are known within {READY_S} s: {self.metadata()}")
            time.sleep(0.05)

    def launch(self, member):
        if self.power_cuts:
            self.seed += 1
            member.environment["OTTLA_DISK_SEED"] = str(self.seed)
        member.is_ready = False
        member.launch()

    def await_ready(self, seconds=READY_S):
        """Until every broker has told that it takes clients. Only a majority that runs lets one get so far."""
        deadline = time.monotonic() + seconds
        for member in self.members:
            if member.is_ready:
                continue
            readable = select.select([member.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            line = member.process.stdout.readline().decode() if readable else ""
            if not line.startswith("ottla ready: "):
                raise Failure(f"broker {member.node} is not ready within {seconds} s: {line!r}")
            member.is_ready = True

    def topic(self, name, *, partitions, **config):
        """Makes it; the answer may come before all brokers know."""
        words = [PYTHON, os.path.join(HERE, "topic.py"), self.cluster.bootstrap, name, str(partitions),
                 *(f"{key.replace('_', '.')}={value}" for key, value in config.items())]
        made = subprocess.run(words, capture_output=True, text=True, timeout=60)
        if made.returncode != 0:
            raise Failure(f"no topic: {made.stderr[-500:]}")

    def begin_load(self, rate, *settings):
        with open(os.path.join(self.directory, "load.err"), "ab") as errors:
            self.load = subprocess.Popen([PYTHON, os.path.join(HERE, "load.py"), self.cluster.bootstrap, TOPIC, str(PARTITIONS),
                                          str(rate), *settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def end_load(self):
        """What it tells."""
        try:
            out = self.load.communicate(timeout=END_S)[0]
        except subprocess.TimeoutExpired as late:
            self.load.send_signal(signal.SIGUSR1)  # it says where it stands
            time.sleep(1)
            raise Failure(f"the load does not end within {END_S} s") from late
        if self.load.returncode != 0:
            raise Failure(f"the load ended with {self.load.returncode}: {self.text('load.err')[-1000:]}")
        return json.loads(out)

    def look_after(self):
        """Nobody ends who was not told to."""
        for member in self.members:
            if member.process and not member.process.stdout.closed and member.process.poll() is not None:
                raise Failure(f"broker {member.node} has ended by itself, status {member.process.returncode}")
        if self.load and self.load.poll() is not None:
            raise Failure(f"the load has ended by itself: {self.text('load.err')[-1000:]}")

    def runs(self, member):
        return bool(member.process) and member.process.poll() is None

    def kill(self, member):
        # Not by Broker.kill: a paused process may be killed, and so may one that has not become the broker yet.
        member.process.send_signal(signal.SIGKILL)
        member.process.wait()
        member.process.stdout.close()
        self.paused.discard(member)

    def pause(self, member):
        member.process.send_signal(signal.SIGSTOP)
        self.paused.add(member)

    def resume(self, member):
        member.process.send_signal(signal.SIGCONT)
        self.paused.discard(member)

    def stop(self, member):
        try:
            status = member.stop(30)
        except subprocess.TimeoutExpired as late:
            raise Failure(f"broker {member.node} does not stop within 30 s of SIGTERM") from late
        if status != 0:
            raise Failure(f"broker {member.node} stopped with status {status}")

    def metadata(self):
        """From any broker that answers; None if none does."""
        for member in self.members:
            if self.runs(member) and member not in self.paused and member not in self.cut_off:
                try:
                    told = subprocess.run(["kcat", "-b", member.bootstrap, "-L", "-J", "-m", "2"], capture_output=True, text=True,
                                          timeout=5)
                except subprocess.TimeoutExpired:
                    continue
                if told.returncode == 0:
                    return json.loads(told.stdout)
        return None

    def partitions(self):
        known = self.metadata() or {"topics": []}
        return next((one["partitions"] for one in known["topics"] if one["topic"] == TOPIC), [])

    def heal(self):
        """Everybody is there again, and in sync. How many seconds that took."""
        began = time.monotonic()
        if self.network:
            self.network.heal()
        self.cut_off.clear()
        for member in list(self.paused):
            self.resume(member)
        for member in self.members:
            if not self.runs(member):
                self.launch(member)
        self.await_ready()
        deadline = began + self.in_sync_s
        while True:
            partitions = self.partitions()
            if len(partitions) == PARTITIONS and all(len(one["isrs"]) == 3 and one["leader"] > 0 for one in partitions):
                return time.monotonic() - began
            if time.monotonic() > deadline:
                raise Failure(f"not all replicas are in sync {self.in_sync_s} s after healing: {partitions}")
            self.look_after()
            time.sleep(0.1)

    def unequal_replicas(self):
        """Of brokers that have stopped: partitions of which not all three hold the same bytes."""
        wrong = []
        for partition in range(PARTITIONS):
            held = []
            for member in self.members:
                folder = os.path.join(member.settings["log.dirs"], f"{TOPIC}-{partition}")
                log = b""
                for name in sorted(os.listdir(folder)):
                    if name.endswith(".log"):
                        with open(os.path.join(folder, name), "rb") as file:
                            log += file.read()
                held.append(log)
            if not held[0] == held[1] == held[2]:
                wrong.append(f"{partition}: {[len(log) for log in held]} bytes")
        return wrong

    def text(self, *path):
        with open(os.path.join(self.directory, *path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def complaints(self):
        return self.cluster.errors()

    def end(self):
        self.cluster.end()
        if self.load and self.load.poll() is None:
            self.load.kill()
            self.load.wait()
