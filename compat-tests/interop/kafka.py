"""Apache Kafka from its jars: a broker of one's own, its tools, and its clients (Interop.java)."""
import os
import signal
import socket
import subprocess
import sys
import time

BUILD = sys.argv[1]
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"]
CLASSES = f"{BUILD}/jars/*:{BUILD}/classes"


def java(main, *words, errors=subprocess.PIPE):
    """What a Java program prints."""
    done = subprocess.run([*JAVA, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", CLASSES, main, *words],
                          stdout=subprocess.PIPE, stderr=errors, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{main} {' '.join(words)[:300]}: status {done.returncode}\n{done.stdout[-2000:]}\n{(done.stderr or '')[-3000:]}")
    return done.stdout


def client(*words):
    return java("Interop", *words)


def dump_log_segments(files, *options):
    """All it says; complaints go to its standard error."""
    return java("org.apache.kafka.tools.DumpLogSegments", "--files", ",".join(files), *options, errors=subprocess.STDOUT)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Kafka:
    """One broker that is its own controller, in FOLDER/kafka, with log FOLDER/kafka.log (each start adds to it)."""

    NODE_ID = 7
    CLUSTER_ID = "bm90IG91cnMgYnV0IA"

    def __init__(self, folder):
        self.data, self.log, self.process = f"{folder}/kafka", f"{folder}/kafka.log", None
        self.properties = f"{folder}/server.properties"
        self.port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        settings = {
            "process.roles": "broker,controller", "node.id": self.NODE_ID, "log.dirs": self.data,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}", "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 2,
            "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1, "log.cleaner.backoff.ms": 200, "group.initial.rebalance.delay.ms": 0,
        }
        with open(self.properties, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())

    def format(self):
        java("kafka.tools.StorageTool", "format", "--standalone", "-t", self.CLUSTER_ID, "-c", self.properties)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*JAVA, "-cp", CLASSES, "kafka.Kafka", self.properties], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                if "Kafka Server started" in self.said():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        self.kill()
        raise RuntimeError("Kafka did not start:\n" + self.said()[-4000:])

    def said(self, since=0):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[since:]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        if not os.path.exists(f"{self.data}/.kafka_cleanshutdown"):
            raise RuntimeError("Kafka did not stop cleanly")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
