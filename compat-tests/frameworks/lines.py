"""Spring for Apache Kafka and the client of Vert.x: each takes lines from a topic, and sends them on in capitals. Whoever dies
(the broker, the program), each line arrives, and those of one key in their order."""
import signal
import subprocess

from framework import LINES, FrameworkTest, Program

SPRING, VERTX = Program("spring"), Program("vertx")


def key_of(line):
    return line.split()[2]


def in_order(arrived, sent):
    """Each that was sent is there, and those of one key came in their order: one that came twice counts when it came first."""
    wanted, found = {}, {}
    for line in sent:
        wanted.setdefault(key_of(line), []).append(line.upper())
    for key, value in arrived:
        found.setdefault(key, {}).setdefault(value)
    return {key: list(values) for key, values in found.items()} == wanted


class Lines(FrameworkTest):
    """Each line is its own only with its number."""
    SENT = [f"{line} at {number}" for number, line in enumerate(LINES[:3000])]

    def send(self, lines):
        self.kcat("-P", "-t", "lines", "-K", "\t", data="".join(f"{key_of(line)}\t{line}\n" for line in lines).encode())

    def arrived(self, topic="capitals"):
        try:
            rows = self.kcat("-C", "-t", topic, "-e", "-q", "-K", "\t").splitlines()
        except subprocess.SubprocessError:
            return []  # while the broker is not there, or busy; whoever waits asks again
        return [tuple(row.split("\t", 1)) for row in rows]

    def assert_arrives(self, sent):
        self.until(lambda: in_order(self.arrived(), sent), lambda: f"{len(self.arrived())} of {len(sent)}")

    def carry(self, words):
        program = self.start(words)
        self.until(lambda: "lines" in self.kcat("-L"))
        self.send(self.SENT[:1000])
        self.assert_arrives(self.SENT[:1000])
        self.assertEqual(len(self.arrived()), 1000)  # nobody had died: none of them twice
        self.send(self.SENT[1000:2000])
        self.broker.kill()  # on its way
        self.broker.start()
        self.assert_arrives(self.SENT[:2000])
        self.end(program, signal.SIGKILL)
        self.send(self.SENT[2000:])
        program = self.start(words)
        self.assert_arrives(self.SENT)
        return program


class Spring(Lines):
    def test_listener_and_template(self):
        program = self.carry(SPRING.words("SpringLines", self.broker.bootstrap))
        self.send(["a poisoned AAPL"])  # the listener throws each time
        self.until(lambda: self.arrived("lines-dlt") == [("AAPL", "a poisoned AAPL")])
        self.assertIn(self.end(program), (0, 143))
        self.assertEqual(self.said().count("taken: a poisoned AAPL"), 3)


class Vertx(Lines):
    def test_poll_write_and_commit(self):
        for topic in ("lines", "capitals"):
            self.kcat("-L", "-t", topic)  # makes it
        program = self.carry(VERTX.words("VertxLines", self.broker.bootstrap))
        self.assertIn(self.end(program), (0, 143))
