#!/usr/bin/env python3
"""kafka-python's integration tests (test/integration of its sdist), by pytest. usage: see ../suite.py"""
import os
import shutil
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from suite import Suite, main
from verdict import FAILED, NOT_RUN, PASSED, SKIPPED

FOLDER = "test/integration/"


class KafkaPython(Suite):
    VERSION = "kafka-python 3.0.12"
    PINS = ["pytest==8.4.2", "pytest-mock==3.15.1", "pytest-timeout==2.4.0", "py==1.11.0", "python-snappy==0.7.3", "lz4==4.4.4",
            "zstandard==0.23.0"]

    @property
    def python(self):
        return os.path.join(self.build, "venv", "bin", "python")

    @property
    def source(self):
        return os.path.join(self.build, self.VERSION.replace("kafka-python ", "kafka_python-"))

    def set_up(self):
        pins, known = " ".join([self.VERSION, *self.PINS]), os.path.join(self.build, "pins")
        if os.path.exists(known) and open(known, encoding="utf-8").read() == pins:
            return
        shutil.rmtree(self.build)
        os.makedirs(self.build)
        self.install(["python3", "-m", "venv", "venv"], "venv.log", cwd=self.build)
        self.install([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.PINS], "pip.log")
        self.install([self.python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:",
                      "--dest", self.build, self.VERSION.replace(" ", "==")], "sdist.log")
        archive = next(name for name in os.listdir(self.build) if name.endswith(".tar.gz"))
        self.install(["tar", "xzf", archive], "unpack.log", cwd=self.build)
        shutil.copy(os.path.join(self.here, "service.py"), os.path.join(self.source, "test"))
        with open(os.path.join(self.source, "test", "__init__.py"), "w", encoding="utf-8"):
            pass  # the sdist lacks it too, and Python has a package `test` of its own
        with open(known, "w", encoding="utf-8") as file:
            file.write(pins)

    def pytest(self, log, environment, *options):
        # It looks whether the folder of a Kafka is there, and uses nothing in it when KAFKA_URI names a broker.
        return self.command([self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options], log, 900, cwd=self.source,
                            env={**os.environ, "PYTHONPATH": self.source, "KAFKA_ROOT": self.build, "KAFKA_VERSION": "4.3.0",
                                 **environment})

    def run(self, brokers, pattern):
        # As its fixtures configure one.
        environment = {"KAFKA_URI": f"kafka://{brokers.start(node_id=0, num_partitions=4, group_min_session_timeout_ms=1000)}"}
        self.pytest("listed.log", environment, "--collect-only", FOLDER)
        ids = [line for line in self.said("listed.log").splitlines() if "::" in line and " " not in line and pattern in line]
        outcomes = {one.replace(FOLDER, ""): (NOT_RUN, "") for one in ids}
        report = os.path.join(self.build, "outcomes.xml")
        self.pytest("outcomes.log", environment, f"--junit-xml={report}", *ids)
        for case in xml.etree.ElementTree.parse(report).iter("testcase"):
            file, *classes = case.get("classname").replace("test.integration.", "").split(".")
            name = "::".join([file + ".py", *classes, case.get("name")])
            state, why = PASSED, ""
            for child in case:
                if child.tag in ("failure", "error", "skipped"):
                    state, why = SKIPPED if child.tag == "skipped" else FAILED, child.get("message") or ""
            if outcomes.get(name, (NOT_RUN,))[0] != FAILED:
                outcomes[name] = (state, why)
        return outcomes


if __name__ == "__main__":
    sys.exit(main(KafkaPython(__file__)))
