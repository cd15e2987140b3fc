"""A broker, and programs on it that are ended and started again: what the tests of frameworks share."""
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
LINES = [f"price of {('AAPL', 'MSFT', 'NVDA', 'TSLA', 'AMZN')[i % 5]} is {i % 97}" for i in range(5000)]
PATIENCE_S = 90


class Program:
    """FOLDER/pom.xml names the jars, of the versions that the framework itself asks for; FOLDER has the Java sources."""

    def __init__(self, folder):
        self.source = os.path.normpath(os.path.join(HERE, folder))
        self.build = os.path.normpath(os.path.join(BUILD, folder))
        self.jars, self.classes = os.path.join(self.build, "jars"), os.path.join(self.build, "classes")

    def set_up(self):
        """Jars by Maven, as the pom says, and the program compiled."""
        pom, known = os.path.join(self.source, "pom.xml"), os.path.join(self.build, "pom.xml")
        os.makedirs(self.build, exist_ok=True)
        if not os.path.exists(known) or open(known, "rb").read() != open(pom, "rb").read():
            shutil.rmtree(self.jars, ignore_errors=True)
            subprocess.run(["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={self.jars}"],
                           check=True)
            shutil.copy(pom, known)
        sources = [os.path.join(self.source, name) for name in sorted(os.listdir(self.source)) if name.endswith(".java")]
        subprocess.run(["javac", "-parameters", "-d", self.classes, "-cp", f"{self.jars}/*", *sources], check=True)

    def words(self, *words):
        return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{self.jars}/*:{self.classes}", *words]


def eventually(what):
    deadline = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < deadline:
        time.sleep(0.5)
    return what()


class FrameworkTest(unittest.TestCase):
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

    def said(self):
        with open(self.path("java.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def until(self, what, found=lambda: ""):
        """Waits for it; a failure tells what was found, and what the programs and the broker said last."""
        if not eventually(what):
            with open(self.path("broker.err"), encoding="utf-8", errors="replace") as broker:
                self.fail(f"{found()}\n{self.said()[-3000:]}\nthe broker: {broker.read()[-2000:]}")

    def start(self, words):
        with open(self.path("java.log"), "ab") as log:
            self.programs.append(subprocess.Popen(words, stdout=log, stderr=log))
        return self.programs[-1]

    def end(self, program, how=signal.SIGTERM):
        program.send_signal(how)
        return program.wait(60)

    def kcat(self, *words, data=None):
        done = subprocess.run(["kcat", "-b", self.broker.bootstrap, *words], input=data, capture_output=True, check=True,
                              timeout=60)
        return done.stdout.decode()
