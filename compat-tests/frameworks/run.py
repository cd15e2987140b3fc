#!/usr/bin/env python3
"""What people run on Kafka: a word count by Kafka Streams, Kafka Connect from a file to a file, a listener and a template of Spring
(lines.py), the client of Vert.x, each killed and started again on its way; and a broker behind a mapped port (mapped_port.py).
usage: run.py   (OTTLA names the binary). Last line: N passed, N failed."""
import collections
import os
import shutil
import signal
import sys
import time
import unittest

from framework import LINES, FrameworkTest, Program
from lines import SPRING, VERTX, Spring, Vertx
from mapped_port import MappedPort

APACHE = Program(".")


class Apache(FrameworkTest):
    def java(self, *words):
        return self.start(APACHE.words(*words))

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
        self.until(lambda: self.counted() == expected, self.counted)
        self.assertIn(self.end(program), (0, 143))
        program = self.java(*words)  # goes on where it stopped: exactly, since the stop was a clean one
        self.kcat("-P", "-t", "lines", data="\n".join(second).encode())
        expected = collections.Counter(word for line in LINES for word in line.split(" "))
        self.until(lambda: self.counted() == expected, self.counted)
        self.end(program, signal.SIGKILL)
        shutil.rmtree(self.path("state"))  # the changelog topic has it all
        self.java(*words)
        self.kcat("-P", "-t", "lines", data="\n".join(["last words"] * 10).encode())
        expected = collections.Counter([word for line in LINES for word in line.split(" ")] + ["last", "words"] * 10)
        self.until(lambda: self.holds_at_least(expected), self.counted)

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
        self.until(lambda: os.path.exists(self.path("out.txt")) and out() == sorted(LINES[:2500]))
        time.sleep(2)  # offsets are flushed
        self.assertIn(self.end(program), (0, 143))
        append(LINES[2500:])
        program = self.java(*words)
        self.until(lambda: out() == sorted(LINES), lambda: len(out()))
        self.end(program, signal.SIGKILL)
        append(["last words"])
        self.java(*words)
        self.until(lambda: "last words" in out() and set(LINES) <= set(out()), lambda: len(out()))


def main():
    for program in (APACHE, SPRING, VERTX):
        program.set_up()
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    tests = unittest.TestSuite(load(one) for one in (Apache, Spring, Vertx, MappedPort))
    done = unittest.TextTestRunner(verbosity=2).run(tests)
    failed = len(done.failures) + len(done.errors)
    print(f"{done.testsRun - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
