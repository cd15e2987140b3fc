"""The two that are compared: a broker of ours and an Apache Kafka, each with a JVM that runs Kafka's tools on it."""
import base64
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from broker import Broker, ROOT  # noqa: E402

BUILD = os.path.join(ROOT, "build", "compat", "kafka-tools")
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx400m",
        "--add-opens", "java.base/java.lang=ALL-UNNAMED",
        "-cp", f"{BUILD}/classes:{BUILD}/jars/*"]
# Both get them: one broker, few partitions, no waiting.
SETTINGS = {
    "process.roles": "broker,controller", "node.id": "1", "controller.listener.names": "CONTROLLER",
    "num.partitions": "3", "offsets.topic.replication.factor": "1", "offsets.topic.num.partitions": "3",
    "transaction.state.log.replication.factor": "1", "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1", "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
}


def encoded(word):
    return base64.b64encode(word.encode()).decode()


class Side:
    """Runs commands in order; `bootstrap` and `data` are known once it is up."""
    settings = SETTINGS

    def __init__(self, name, directory):
        self.name, self.directory, self.tools = name, directory, None
        os.makedirs(directory)

    def start_tools(self):
        with open(os.path.join(self.directory, "tools.err"), "wb") as errors:
            self.tools = subprocess.Popen(JAVA + ["Tools"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=errors, text=True)

    def run(self, main_class, arguments, stdin="", seconds=20):
        """(status, stdout, stderr)"""
        words = [main_class, str(seconds), stdin] + arguments
        self.tools.stdin.write("\t".join(encoded(word) for word in words) + "\n")
        self.tools.stdin.flush()
        status, out, err = self.tools.stdout.readline().rstrip("\n").split("\t")
        return status, base64.b64decode(out).decode(), base64.b64decode(err).decode()

    def stop_tools(self):
        if self.tools:
            self.tools.kill()
            self.tools.wait()


class Ottla(Side):
    def start(self):
        self.start_tools()
        self.broker = Broker(self.directory)
        self.broker.settings = {"http.listener": "", "log.dirs": os.path.join(self.directory, "data"),
                                **self.settings}
        self.broker.start()
        self.bootstrap, self.data = self.broker.bootstrap, self.broker.settings["log.dirs"]

    def stop(self):
        self.stop_tools()
        if self.broker.process:
            self.broker.stop()


class Kafka(Side):
    def start(self):
        self.start_tools()
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            port, controller = one.getsockname()[1], other.getsockname()[1]
        self.bootstrap, self.data = f"127.0.0.1:{port}", os.path.join(self.directory, "data")
        settings = {"listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
                    "controller.quorum.voters": f"1@127.0.0.1:{controller}", "log.dirs": self.data, **self.settings}
        file = os.path.join(self.directory, "server.properties")
        with open(file, "w", encoding="utf-8") as properties:
            properties.writelines(f"{name}={value}\n" for name, value in settings.items())
        with open(os.path.join(self.directory, "kafka.log"), "wb") as log:
            self.server = subprocess.Popen(JAVA + ["Server", file, "AAAAAAAAAAAAAAAAAAAAAQ"], stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"Kafka did not start: see {self.directory}/kafka.log")

    def stop(self):
        self.stop_tools()
        self.server.kill()
        self.server.wait()
