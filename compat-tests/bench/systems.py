"""What is measured: a broker of ours, Apache Kafka as it is shipped with a heap of 1 GiB, and the floor. All serve the same load;
topics of both brokers get the same flush.messages, so that an acknowledgement means the same."""
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import ROOT, Broker
from wire import Client, frame, header, string

RELEASE = os.path.join(ROOT, "build", "release")
KAFKA = os.path.join(ROOT, "build", "compat", "kafka-tools")
# As kafka-server-start.sh and kafka-run-class.sh have them.
JAVA = ["java", "-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
        "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true", "-cp", f"{KAFKA}/classes:{KAFKA}/jars/*"]
# What Kafka's own config/server.properties says, and that files of deleted topics go at once.
KAFKA_SETTINGS = {
    "process.roles": "broker,controller", "node.id": "1", "controller.listener.names": "CONTROLLER", "num.network.threads": "3",
    "num.io.threads": "8", "socket.send.buffer.bytes": "102400", "socket.receive.buffer.bytes": "102400",
    "socket.request.max.bytes": "104857600", "offsets.topic.replication.factor": "1", "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1", "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1", "log.segment.delete.delay.ms": "1000",
}
NEVER = 2 ** 63 - 1


class System:
    """`pid` and `port` once it is up."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)

    def ask(self, body_frame):
        client = Client(f"127.0.0.1:{self.port}", timeout=300)
        reply = client.ask(body_frame)
        client.close()
        if reply is None:
            raise RuntimeError(f"{type(self).__name__} closed the connection")
        return reply

    def make_topic(self, topic, partitions, fsync):
        config = {"flush.messages": str(1 if fsync else NEVER)}
        body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihi", partitions, 1, 0)
        body += struct.pack(">i", len(config)) + b"".join(string(name) + string(value) for name, value in config.items())
        reply = self.ask(frame(header(19, 2) + body + struct.pack(">i?", 300_000, False)))
        error = struct.unpack_from(">h", reply, 4 + 4 + 2 + len(topic))[0]
        if error != 0:
            raise RuntimeError(f"no topic {topic}: error {error}")
        self.await_topic(topic, partitions)

    def await_topic(self, topic, partitions):
        """Kafka answers before all of it leads what it was told to make."""
        body = struct.pack(">ii", -1, 1) + string(topic) + struct.pack(">i", partitions)
        body += b"".join(struct.pack(">iq", number, -1) for number in range(partitions))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            reply = self.ask(frame(header(2, 1) + body))  # ListOffsets: no array but that of the topic
            answers = struct.iter_unpack(">ihqq", reply[4 + 2 + len(topic) + 4:])
            if all(error == 0 for _, error, _, _ in answers):
                return
            time.sleep(0.02)
        raise RuntimeError(f"no leaders of {topic}")

    def delete_topic(self, topic):
        self.ask(frame(header(20, 1) + struct.pack(">i", 1) + string(topic) + struct.pack(">i", 60_000)))


class Ottla(System):
    name, broker = "ottla", None

    def start(self):
        self.broker = Broker(self.directory)
        self.broker.settings = {"http.listener": "", "log.dirs": os.path.join(self.directory, "data")}
        self.broker.start()
        self.pid, self.port = self.broker.process.pid, self.broker.address()[1]

    def stop(self):
        self.broker.stop()

    def kill(self):
        self.broker.kill()

    def end(self):
        """Nothing of it is left, whatever state it was in."""
        if self.broker and self.broker.process and self.broker.process.poll() is None:
            self.kill()


class Kafka(System):
    name = "kafka"

    def __init__(self, directory):
        super().__init__(directory)
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, controller = one.getsockname()[1], other.getsockname()[1]
        settings = {"listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
                    "controller.quorum.voters": f"1@127.0.0.1:{controller}", "log.dirs": os.path.join(directory, "data"),
                    **KAFKA_SETTINGS}
        self.server, self.properties = None, os.path.join(directory, "server.properties")
        with open(self.properties, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())

    def start(self):
        self.launch()
        self.await_answer()

    def launch(self, heap=None):
        """Formats its directory when it comes for the first time."""
        server = ["Server", self.properties, "AAAAAAAAAAAAAAAAAAAAAQ"] if self.server is None else ["kafka.Kafka", self.properties]
        java = [f"{word[:4]}{heap}" if heap and word.startswith(("-Xmx", "-Xms")) else word for word in JAVA]
        with open(os.path.join(self.directory, "kafka.log"), "ab") as log:
            self.server = subprocess.Popen(java + server, stdout=log, stderr=log)
        self.pid = self.server.pid

    def await_answer(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                client = Client(f"127.0.0.1:{self.port}", timeout=10)
                answered = client.ask(frame(header(18, 0)))  # ApiVersions
                client.close()
                if answered:
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"Kafka did not start: see {self.directory}/kafka.log")

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.server.kill()
        self.server.wait()

    def end(self):
        if self.server and self.server.poll() is None:
            self.kill()


class Floor(System):
    """It has no topics, and no fsync."""
    name = "floor"

    def start(self):
        words = [os.path.join(RELEASE, "limits"), "serve", "--work", "write", "--file", os.path.join(self.directory, "floor")]
        self.server = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.pid, self.port = self.server.pid, int(self.server.stdout.readline().split()[1])

    def make_topic(self, topic, partitions, fsync):
        pass

    def delete_topic(self, topic):
        pass

    def stop(self):
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()


class Mock(System):
    """librdkafka's broker in memory, which lives in the load's own process."""
    name, pid, port = "mock", 0, 0

    def start(self):
        pass

    make_topic, delete_topic, stop = Floor.make_topic, Floor.delete_topic, start


SYSTEMS = {one.name: one for one in (Ottla, Kafka, Floor, Mock)}
