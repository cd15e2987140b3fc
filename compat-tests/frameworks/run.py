#!/usr/bin/env python3
"""What people run on Kafka: a word count by Kafka Streams, and Kafka Connect from a file to a file, each killed and started
again on its way. usage: run.py   (OTTLA names the binary). Last line: N passed, N failed."""
import collections
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from broker import ROOT, Broker

BUILD = os.path.join(ROOT, "build", "compat", "frameworks")
JARS, CLASSES = os.path.join(BUILD, "jars"), os.path.join(BUILD, "classes")
LINES = [f"price of {('AAPL', 'MSFT', 'NVDA', 'TSLA', 'AMZN')[i % 5]} is {i % 97}" for i in range(5000)]
PATIENCE_S = 90


def set_up():
    """Jars by Maven, as the pom says, and the program compiled."""
    pom, known = os.path.join(HERE, "pom.xml"), os.path.join(BUILD, "pom.xml")
    os.makedirs(BUILD, exist_ok=True)
    if not os.path.exists(known) or open(known, "rb").read() != open(pom, "rb").read():
        shutil.rmtree(JARS, ignore_errors=True)
        subprocess.run(["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"], check=True)
        shutil.copy(pom, known)
    subprocess.run(["javac", "-d", CLASSES, "-cp", f"{JARS}/*", os.path.join(HERE, "WordCount.java")], check=True)


def eventually(what):
    deadline = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < deadline:
        time.sleep(0.5)
    return what()


class Frameworks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.broker = Broker(self.folder.name)
        self.broker.start()
        self.programs = []

    def tearDown(self):
        for program in self.programs:
            if program.poll() is None:
                program.kill()
                program.wait()
        self.broker.kill()
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def java(self, *words):
        with open(self.path("java.log"), "ab") as log:
            self.programs.append(subprocess.Popen(
                ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{JARS}/*:{CLASSES}", *words],
                stdout=log, stderr=log))
        return self.programs[-1]

    def end(self, program, how=signal.SIGTERM):
        program.send_signal(how)
        return program.wait(60)

    def kcat(self, *words, data=None):
        done = subprocess.run(["kcat", "-b", self.broker.bootstrap, *words], input=data, capture_output=True, check=True,
                              timeout=60)
        return done.stdout.decode()

    def counted(self):
        """The last count of each word."""
        lines = self.kcat("-C", "-t", "counts", "-e", "-q", "-K", "\t").splitlines()
        return {word: int(count) for word, count in (line.split("\t") for line in lines)}

    def holds_at_least(self, expected):
        counted = self.counted()
        return set(counted) == set(expected) and all(counted[word] >= count for word, count in expected.items())

    def test_streams(self):
        for topic in ("lines", "counts"):
            self.kcat("-L", "-t", topic)  # makes it
        first, second = LINES[:2500], LINES[2500:]
        words = ("WordCount", self.broker.bootstrap, "lines", "counts", self.path("state"))
        program = self.java(*words)
        self.kcat("-P", "-t", "lines", data="\n".join(first).encode())
        expected = collections.Counter(word for line in first for word in line.split(" "))
        self.assertTrue(eventually(lambda: self.counted() == expected), self.counted())
        self.assertIn(self.end(program), (0, 143))
        program = self.java(*words)  # goes on where it stopped: exactly, since the stop was a clean one
        self.kcat("-P", "-t", "lines", data="\n".join(second).encode())
        expected = collections.Counter(word for line in LINES for word in line.split(" "))
        self.assertTrue(eventually(lambda: self.counted() == expected), self.counted())
        self.end(program, signal.SIGKILL)
        shutil.rmtree(self.path("state"))  # the changelog topic has it all
        self.java(*words)
        self.kcat("-P", "-t", "lines", data="\n".join(["last words"] * 10).encode())
        expected = collections.Counter([word for line in LINES for word in line.split(" ")] + ["last", "words"] * 10)
        self.assertTrue(eventually(lambda: self.holds_at_least(expected)), self.counted())

    def properties(self, file_name, **settings):
        with open(self.path(file_name), "w", encoding="utf-8") as file:
            file.writelines(f"{key.replace('_', '.')}={value}\n" for key, value in settings.items())
        return self.path(file_name)

    def test_connect(self):
        strings = "org.apache.kafka.connect.storage.StringConverter"
        worker = self.properties(
            "worker.properties", bootstrap_servers=self.broker.bootstrap, key_converter=strings, value_converter=strings,
            offset_storage_file_filename=self.path("offsets"), offset_flush_interval_ms=500, listeners="http://127.0.0.1:0",
            consumer_session_timeout_ms=6000)
        source = self.properties(
            "source.properties", name="source", connector_class="org.apache.kafka.connect.file.FileStreamSourceConnector",
            tasks_max=1, file=self.path("in.txt"), topic="connected")
        sink = self.properties(
            "sink.properties", name="sink", connector_class="org.apache.kafka.connect.file.FileStreamSinkConnector",
            tasks_max=1, file=self.path("out.txt"), topics="connected")
        words = ("org.apache.kafka.connect.cli.ConnectStandalone", worker, source, sink)

        def append(lines):
            with open(self.path("in.txt"), "a", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in lines)

        def out():
            with open(self.path("out.txt"), encoding="utf-8") as file:
                return sorted(line.rstrip("\n") for line in file)  # each partition has its order

        append(LINES[:2500])
        program = self.java(*words)
        self.assertTrue(eventually(lambda: os.path.exists(self.path("out.txt")) and out() == sorted(LINES[:2500])))
        time.sleep(2)  # offsets are flushed
        self.assertIn(self.end(program), (0, 143))
        append(LINES[2500:])
        program = self.java(*words)
        self.assertTrue(eventually(lambda: out() == sorted(LINES)), len(out()))
        self.end(program, signal.SIGKILL)
        append(["last words"])
        self.java(*words)
        self.assertTrue(eventually(lambda: "last words" in out() and set(LINES) <= set(out())), len(out()))


def main():
    set_up()
    done = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(Frameworks))
    failed = len(done.failures) + len(done.errors)
    print(f"{done.testsRun - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
