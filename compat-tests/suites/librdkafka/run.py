#!/usr/bin/env python3
"""librdkafka's own test-runner, as the npm package @confluentinc/kafka-javascript carries its source. Only the tests that need a
broker (those on its mock say nothing about ours), each number in a process of its own. usage: see ../suite.py"""
import concurrent.futures
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from suite import ROOT, Suite, main
from verdict import FAILED, NOT_RUN, PASSED, SKIPPED

KAFKA_JARS = os.path.join(ROOT, "build", "compat", "kafka-tools", "jars")
STATES = {"PASSED": PASSED, "FAILED": FAILED, "RUNNING": FAILED, "SKIPPED": SKIPPED}


class Librdkafka(Suite):
    VERSION = "librdkafka 2.15.1"
    PACKAGE = "@confluentinc/kafka-javascript@1.10.1"
    # Not run, and so never passed: share groups are not there, and each of these waits for its records, up to minutes.
    LEFT_OUT = r"_share_consumer_"
    WANTS_RACKS = "0101"  # and three brokers
    AT_ONCE = 5  # its own -p5: mostly they wait

    @property
    def tests(self):
        return os.path.join(self.build, "package", "deps", "librdkafka", "tests")

    def set_up(self):
        pins, known = f"{self.VERSION} {self.PACKAGE}", os.path.join(self.build, "pins")
        if os.path.exists(known) and open(known, encoding="utf-8").read() == pins:
            return
        shutil.rmtree(self.build)
        os.makedirs(self.build)
        self.install(["npm", "pack", "--silent", self.PACKAGE], "pack.log", cwd=self.build)
        archive = next(name for name in os.listdir(self.build) if name.endswith(".tgz"))
        self.install(["tar", "xzf", archive], "unpack.log", cwd=self.build)
        root = os.path.dirname(self.tests)
        self.install(["./configure", "--disable-gssapi", "--disable-curl"], "configure.log", cwd=root)
        for wanted in ("WITH_SSL 1", "WITH_RAPIDJSON 1"):  # else tests are left out
            if f"#define {wanted}" not in self.said(os.path.join(root, "config.h")):
                raise RuntimeError(f"no {wanted}: libssl-dev or rapidjson-dev is missing")
        self.install(["make", "-j2", "libs"], "make.log", cwd=root)
        self.install(["make", "-j2", "-C", "tests", "build"], "make-tests.log", cwd=root)
        self.install([os.path.join(ROOT, "compat-tests", "kafka-tools", "setup.sh")], "kafka-tools.log")
        os.makedirs(os.path.join(self.build, "bin"))
        for tool, java in (("topics", "org.apache.kafka.tools.TopicCommand"), ("acls", "org.apache.kafka.tools.AclCommand")):
            script = os.path.join(self.build, "bin", f"kafka-{tool}.sh")
            with open(script, "w", encoding="utf-8") as file:
                file.write(f'#!/bin/sh\nexec java -Xmx128m -XX:TieredStopAtLevel=1 -cp "{KAFKA_JARS}/*" {java} "$@"\n')
            os.chmod(script, 0o755)
        with open(known, "w", encoding="utf-8") as file:
            file.write(pins)

    def listed(self):
        """test -> scenario, of those that its table in test.c does not mark as local or manual."""
        with open(os.path.join(self.tests, "test.c"), encoding="utf-8") as file:
            table = file.read().split("struct test tests[] = {")[1].split("{NULL}};")[0]
        found = {}
        for entry in re.split(r"\n    _TEST\(", table)[1:]:
            name, flags = re.match(r"\s*(\w+),\s*([\w |]+)", entry).groups()
            if "TEST_F_LOCAL" not in flags and "TEST_F_MANUAL" not in flags:
                scenario = re.search(r'\.scenario = "([^"]*)"', entry)
                found[name] = scenario.group(1).split(",")[0] if scenario else "default"
        return found

    def run_number(self, number, scenario, bootstrap):
        """The tests of one number, in its process."""
        label = f"{number}-{scenario}"
        report, configuration = (os.path.join(self.build, f"{label}.{end}") for end in ("json", "conf"))
        if os.path.exists(report):
            os.remove(report)
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f"bootstrap.servers={bootstrap}\ntest.topic.prefix=t{number}{scenario}\n")
        # CI: more patience; -L: not the local ones of that number.
        self.command(["./test-runner", "-p1", "-L", "-s", scenario, "-V", "4.3.1.0"], label + ".log", 900, cwd=self.tests,
                     env={**os.environ, "TESTS": number, "TEST_REPORT": report, "RDKAFKA_TEST_CONF": configuration, "CI": "true",
                          "KAFKA_PATH": self.build, "BROKERS": bootstrap,
                          "LD_LIBRARY_PATH": "../src:../src-cpp"})
        said = re.sub(r"\x1b\[\d+m", "", self.said(label + ".log"))
        try:
            with open(report, encoding="utf-8") as file:
                told = json.load(file)["tests"]
        except (OSError, ValueError):
            told = {}
        states = {name: STATES.get(test["state"], FAILED) for name, test in told.items() if name.startswith(number)}
        for name, state in states.items():
            if state == PASSED and self.ran_no_subtest(name, said):
                states[name] = SKIPPED
        return {name: (state, "" if state == PASSED else self.why(said)) for name, state in states.items()}

    def ran_no_subtest(self, name, said):
        """Of those in which all is in subtests: each can be left out without a word."""
        source = next(file for file in os.listdir(self.tests) if file.startswith(name[:4]) and file.endswith((".c", ".cpp")))
        with open(os.path.join(self.tests, source), encoding="utf-8") as file:
            text = file.read()
        alone = len(re.findall(r"^int main_", text, re.M)) == 1  # else they may be those of another test of that number
        return alone and "SUB_TEST" in text and not re.search(rf"^\[{name[:28]}.*: PASS \(", said, re.M)

    @staticmethod
    def why(said):
        found = [line for line in said.splitlines() if "TEST FAILURE" in line or "Skipping test" in line or "timed out" in line
                 or re.search(r"test\w*\(\):\d+|#\d+ ERROR|SKIP", line)]
        after = said.split("### Test ")
        return " ".join(found[:6]) or (after[-1] if len(after) > 1 else said)[-600:]

    def run(self, brokers, pattern):
        listed = {name: scenario for name, scenario in self.listed().items() if pattern in name}
        # As its scenarios/*.json, but that one broker has to do where none asks for three replicas; and as Apache Kafka's default
        # is, which 0113 relies on: two that subscribe one after the other come to one generation.
        settings = {"num_partitions": 4, "group_initial_rebalance_delay_ms": 3000}
        at = {"default": brokers.start(**settings)}
        if "noautocreate" in listed.values():
            at["noautocreate"] = brokers.start_three(auto_create_topics_enable="false", **settings)
        racks = brokers.start_three(**settings) if any(self.WANTS_RACKS in name for name in listed) else None
        outcomes = {name: (NOT_RUN, "") for name in listed}
        runs = sorted({(name.split("_")[0], scenario) for name, scenario in listed.items()
                       if not re.search(self.LEFT_OUT, name)})
        with concurrent.futures.ThreadPoolExecutor(self.AT_ONCE) as pool:
            for told in pool.map(lambda run: self.run_number(*run, racks if run[0] == self.WANTS_RACKS else at[run[1]]), runs):
                outcomes.update({name: outcome for name, outcome in told.items()
                                 if name in listed and (outcome[0] != SKIPPED or outcomes[name][0] == NOT_RUN)})
        return outcomes


if __name__ == "__main__":
    sys.exit(main(Librdkafka(__file__)))
