"""Other people's clients under the same nemesis: the Java client and franz-go, by turns, each writing records to a topic of its
own with its default settings (idempotent, acks=all). At the end what was acknowledged is read back and compared."""
import itertools
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from records import make, normal

CLIENTS = ("java", "franz-go")
PRODUCE_S, CONSUME_S, TOPIC_S = 150, 180, 120  # so long only on a machine that has much else to do
EVERY = 20  # one in so many of the records that every client sends


def set_up():
    """Needs the network of the machine."""
    for client in CLIENTS + ("confluent-kafka",):
        subprocess.run([os.path.join(HERE, "..", client, "run.sh"), "setup"], check=True, stdout=subprocess.DEVNULL, timeout=900)


class StockClients(threading.Thread):
    def __init__(self, bootstrap, directory):
        super().__init__()
        self.bootstrap, self.directory, self.stop_now, self.process = bootstrap, directory, threading.Event(), None
        self.written, self.given_up, self.wrong = [], [], []
        self.file = os.path.join(directory, "records")
        make(self.file + ".all")
        with open(self.file + ".all", encoding="utf-8") as every, open(self.file, "w", encoding="utf-8") as some:
            some.writelines(itertools.islice(every, 0, None, EVERY))

    def call(self, client, seconds, *words):
        """A client's run.sh, which becomes the client itself: its process is the only one."""
        with open(os.path.join(self.directory, "stock.err"), "ab") as errors:
            program = os.path.join(HERE, "..", client, "run.sh")
            self.process = process = subprocess.Popen([program, *words], stdout=subprocess.PIPE, stderr=errors)
            try:
                process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        return process.returncode

    def run(self):
        for number in itertools.count():
            client = CLIENTS[number % 2]
            topic = f"{client}-{number}"
            deadline = time.monotonic() + TOPIC_S
            while self.call(client, TOPIC_S, "metadata", self.bootstrap, topic) != 0:  # makes it; again, if nobody can just now
                if time.monotonic() > deadline:
                    self.wrong.append(f"{client} cannot make {topic}")
                    return
            if self.stop_now.is_set():
                return
            if self.call(client, PRODUCE_S, "produce", self.bootstrap, topic, "none", self.file) == 0:
                self.written.append(topic)
            else:  # franz-go does so when a broker dies that it has just connected to
                self.given_up.append(topic)

    def give_up(self):
        """Whatever it is at."""
        self.stop_now.set()
        while self.is_alive():
            if self.process:
                self.process.kill()
            self.join(0.1)

    def verdict(self):
        """After the end of all trouble: what is wrong, and how many records were written."""
        self.stop_now.set()
        self.join()
        with open(self.file, encoding="utf-8") as file:
            sent = [normal(line) for line in file]
        for turn, topic in enumerate(self.written + self.given_up):
            read = self.read(topic, CLIENTS[turn // 2 % 2])  # itself, and the other one, by turns
            if topic in self.given_up:  # whatever got there is there once, in its order
                rest = iter(sent)
                if not all(record in rest for record in read):
                    self.wrong.append(f"{topic}, which was given up: {len(read)} records, doubled or out of order")
            elif read != sent:
                self.wrong.append(f"{topic}: {len(sent)} acknowledged, {len(read)} read, not the same")
        return self.wrong, len(sent) * len(self.written)

    def read(self, topic, reader):
        out = os.path.join(self.directory, topic)
        if self.call(reader, CONSUME_S, "consume", self.bootstrap, topic, out) != 0:
            self.wrong.append(f"{reader} cannot read {topic}")
            return []
        with open(out, encoding="utf-8") as file:
            return [normal(line) for line in file]
