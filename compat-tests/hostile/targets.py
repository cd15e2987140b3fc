"""Whom the rows are sent to: a broker of ours with a well-behaved client beside it, and an Apache Kafka."""
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "differential"), os.path.join(HERE, "..", "kafka-tools"), os.path.join(HERE, "..")]
import run as differential  # noqa: E402
import sides  # noqa: E402
from broker import Broker  # noqa: E402
from table import SECONDS, TOPIC, exchange, received  # noqa: E402
from wire import Client, frame, header, metadata  # noqa: E402


# Kafka has twice what its tests need: what it does with hostile bytes must not be for want of that.
sides.JAVA[sides.JAVA.index("-Xmx400m")] = "-Xmx800m"


class Memory:
    """Of a process while a row runs: how far its peak is above what it had before."""

    def __init__(self, pid):
        self.pid, self.before = pid, 0

    def kib(self, field):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field + ":"))

    def begin(self):
        self.before = self.kib("VmRSS")
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="utf-8") as refs:
            refs.write("5")  # the peak begins anew

    def grown_kib(self):
        return self.kib("VmHWM") - self.before


class Honest:
    def __init__(self, bootstrap):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "honest.py"), bootstrap],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the well-behaved client was not served")

    def end(self):
        """What it saw. It must not have died: then there is nothing to read."""
        told, _ = self.process.communicate(timeout=30)
        return json.loads(told)


class Side:
    """`connect` is what a row does first; `is_ours` only for what can be seen of our process alone."""
    is_ours = False

    def connect(self, seconds=SECONDS, source=None):
        if source is None:
            return Client(self.bootstrap, seconds)
        client = Client.__new__(Client)
        host, port = self.bootstrap.rsplit(":", 1)
        client.socket = socket.create_connection((host, int(port)), seconds, source_address=(source, 0))
        return client

    def connect_many(self, count, source=None):
        return [self.connect(source=source) for _ in range(count)]


class Member(Broker):
    """Of a cluster that it is alone in, with a listener for other brokers."""

    def __init__(self, directory, **settings):
        super().__init__(directory, **settings)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.own_address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.settings.update({"node.id": 1, "controller.quorum.voters": f"1@{self.own_address}", "inter.broker.listener.name": "CLUSTER",
                              "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLUSTER:PLAINTEXT"})

    def listeners(self):
        return f"PLAINTEXT://{self.bootstrap},CLUSTER://{self.own_address}"


class Ours(Side):
    is_ours = True

    def __init__(self, directory, settings):
        os.makedirs(directory)
        told = {name: value for name, value in settings.items() if name != "as.member"}
        self.broker = (Member if "as.member" in settings else Broker)(directory, num_partitions=1, http_listener="127.0.0.1:0")
        self.broker.settings.update(told)
        self.directory, self.honest = directory, None

    def start(self):
        self.broker.start()
        self.bootstrap, self.pid = self.broker.bootstrap, self.broker.process.pid
        self.memory = Memory(self.pid)
        exchange(self.bootstrap, metadata(TOPIC))
        self.honest = Honest(self.bootstrap)

    def is_alive(self):
        return self.broker.process is not None and self.broker.process.poll() is None

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def metric_lines(self):
        with urllib.request.urlopen(self.broker.http + "/metrics", timeout=5) as answer:
            return answer.read().count(b"\n")

    def log(self):
        with open(os.path.join(self.directory, "broker.err"), "rb") as errors:
            return errors.read()

    def stop(self):
        """(what the well-behaved client saw, whether the broker ended as it should)"""
        seen = self.honest.end()
        return seen, self.is_alive() and self.broker.stop() == 0

    def end(self):
        """Whatever still runs."""
        if self.honest and self.honest.process.poll() is None:
            self.honest.process.kill()
        if self.broker.process:
            self.broker.process.kill()
            self.broker.process.wait()


class StartedKafka(differential.Kafka):
    """With settings on top of those of the comparison of answers."""

    def __init__(self, directory, settings):
        super().__init__("kafka", directory)
        self.settings = {**differential.SETTINGS, "num.partitions": "1", **settings}


class Kafka(Side):
    """Started in the background; started again if a row took it down."""

    def __init__(self, directory, settings):
        self.directory, self.settings, self.starts, self.kafka, self.trouble = directory, settings, 0, None, None
        self.starting = threading.Thread(target=self._start)
        self.starting.start()

    def _start(self):
        try:
            self.starts += 1
            self.kafka = StartedKafka(os.path.join(self.directory, f"kafka-{self.starts}"), self.settings)
            self.kafka.start()
            self.bootstrap, self.pid = self.kafka.bootstrap, self.kafka.server.pid
            self.memory = Memory(self.pid)
            self._wait_for_topic()
        except Exception as error:  # noqa: BLE001: told by ready()
            self.trouble = error

    def _wait_for_topic(self):
        """Kafka makes topics after it has answered."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            reply = exchange(self.bootstrap, metadata(TOPIC))
            if b"\0\0\0\x07" + TOPIC.encode() in reply:  # no error before the name
                return
            time.sleep(0.05)
        raise RuntimeError("Kafka made no topic")

    def ready(self):
        self.starting.join()
        if self.trouble:
            raise RuntimeError(f"Kafka did not start: {self.trouble}")
        return self

    def is_alive(self):
        return self.kafka.server.poll() is None

    def serves(self):
        """Kafka's network threads take turns with connections: one of them may be gone while the others serve."""
        try:
            clients = self.connect_many(6)
        except OSError:
            return False
        for client in clients:
            client.send(frame(header(18, 0)))
        came = [received(client) for client in clients]
        for client in clients:
            client.close()
        return not any(isinstance(one, str) for one in came)

    def start_again(self):
        self.stop()
        self._start()

    def stop(self):
        self.starting.join()
        if self.kafka and hasattr(self.kafka, "server"):
            self.kafka.stop()
