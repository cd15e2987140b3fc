"""Three brokers that are one cluster, on ports of 127.0.0.1 that were free a moment ago; and what kcat sees of them."""
import json
import os
import select
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from broker import Broker

PATIENCE_S = 20


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Member(Broker):
    """A broker of a cluster: a listener for clients, and one for the other brokers."""

    def __init__(self, directory, node, address, own_address, voters, **settings):
        os.makedirs(directory, exist_ok=True)
        super().__init__(directory, node_id=node, controller_quorum_voters=voters, inter_broker_listener_name="CLUSTER",
                         listener_security_protocol_map="PLAINTEXT:PLAINTEXT,CLUSTER:PLAINTEXT", **settings)
        self.node, self.bootstrap, self.own_address = node, address, own_address

    def listeners(self):
        return f"PLAINTEXT://{self.bootstrap},CLUSTER://{self.own_address}"

    def settings_as_words(self):
        """In a file, as on a machine of its own."""
        path = os.path.join(self.directory, "server.properties")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.all_settings()) + "\n")
        return ["--config", path]

    @property
    def directory_id(self):
        with open(os.path.join(self.settings["log.dirs"], "meta.properties"), encoding="utf-8") as file:
            return next(line.split("=", 1)[1].strip() for line in file if line.startswith("directory.id="))

    def start(self, seconds=20):
        self.launch()
        self.read_ready_line(seconds)

    def read_ready_line(self, seconds=20):
        answers, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline().decode() if answers else f"nothing for {seconds} s"
        if not line.startswith("ottla ready: "):
            with open(os.path.join(self.directory, "broker.err"), encoding="utf-8") as errors:
                raise RuntimeError(f"broker {self.node} did not start: {line!r} {errors.read()[-3000:]}")
        self.http = next((word for word in line.split() if word.startswith("http://")), None)


class Cluster:
    def __init__(self, directory, count=3, addresses=None, **settings):
        """`addresses`: for each broker its address for clients and that for the others, if not ports of 127.0.0.1."""
        if not addresses:
            ports = [f"127.0.0.1:{port}" for port in free_ports(2 * count)]
            addresses = list(zip(ports[:count], ports[count:]))
        self.directory, self.settings = directory, settings
        self.voters = ",".join(f"{node}@{own}" for node, (_, own) in enumerate(addresses, 1))
        self.members = [Member(os.path.join(directory, str(node)), node, address, own, self.voters, **settings)
                        for node, (address, own) in enumerate(addresses, 1)]

    def add(self):
        """One more, that is no voter; to be started."""
        node = len(self.members) + 1
        address, own = (f"127.0.0.1:{port}" for port in free_ports(2))
        self.members.append(Member(os.path.join(self.directory, str(node)), node, address, own, self.voters, **self.settings))
        return self.members[-1]

    @staticmethod
    def restart(member):
        """Dies, and comes back."""
        member.kill()
        member.launch()
        member.read_ready_line()

    @property
    def bootstrap(self):
        return ",".join(member.bootstrap for member in self.members)

    def start(self):
        """All at once: one alone has no majority, and is not ready."""
        for member in self.members:
            member.launch()
        for member in self.members:
            member.read_ready_line()

    def end(self):
        for member in self.members:
            if member.process and member.process.poll() is None:
                member.process.kill()
                member.process.wait()

    @staticmethod
    def said(member):
        with open(os.path.join(member.directory, "broker.err"), encoding="utf-8") as text:
            return text.read()

    def errors(self):
        """What each broker said that somebody should look at."""
        return [f"{member.node}: {line}" for member in self.members for line in self.said(member).splitlines()
                if "[critical]" in line or "ERROR: " in line]


def metadata(bootstrap):
    told = subprocess.run(["kcat", "-b", bootstrap, "-L", "-J", "-m", "5"], capture_output=True, text=True, timeout=20)
    return json.loads(told.stdout) if told.returncode == 0 else {"brokers": [], "topics": []}


def partitions_of(bootstrap, topic):
    for one in metadata(bootstrap)["topics"]:
        if one["topic"] == topic:
            return one["partitions"]
    return []


def eventually(holds, seconds=PATIENCE_S):
    """What `holds` gives once it is true, or at last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = holds()
        if seen or time.monotonic() > deadline:
            return seen
        time.sleep(0.1)


def in_sync(bootstrap, topic, count):
    partitions = partitions_of(bootstrap, topic)
    return bool(partitions) and all(len(one["isrs"]) == count and one["leader"] >= 0 for one in partitions)
