#!/usr/bin/env python3
"""node-rdkafka's end-to-end tests (e2e/ of its npm package), by mocha. usage: see ../suite.py"""
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from suite import Suite, main
from verdict import FAILED, NOT_RUN, PASSED


class NodeRdkafka(Suite):
    VERSION = "node-rdkafka 3.6.1"
    MOCHA = "mocha@10.8.2"

    def set_up(self):
        """The machine's own node, for the headers must be its; npm builds the addon, with the librdkafka in the package; not with
        several jobs, for which its rules lack an order."""
        pins, known = f"{self.VERSION} {self.MOCHA}", os.path.join(self.build, "pins")
        if os.path.exists(known) and open(known, encoding="utf-8").read() == pins:
            return
        shutil.rmtree(self.build)
        os.makedirs(self.build)
        prefix = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("node"))))
        self.install(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", f"--nodedir={prefix}",
                      self.VERSION.replace(" ", "@"), self.MOCHA], "install.log", cwd=self.build)
        with open(known, "w", encoding="utf-8") as file:
            file.write(pins)

    def mocha(self, bootstrap, log, *options):
        """What mocha tells, test by test: also if the addon brings node down; and its status."""
        package = os.path.join(self.build, "node_modules", "node-rdkafka")
        specs = sorted(f"e2e/{name}" for name in os.listdir(os.path.join(package, "e2e")) if name.endswith(".spec.js"))
        # --exit and the timeout are those of its Makefile.
        status = self.command([os.path.join(self.build, "node_modules", ".bin", "mocha"), "--exit", "--timeout", "120000",
                               "--reporter", "json-stream", *options, *specs], log, 900, cwd=package,
                              env={**os.environ, "KAFKA_HOST": bootstrap})
        lines = [line for line in self.said(log).splitlines() if line.startswith('["')]
        return [json.loads(line) for line in lines], status

    @staticmethod
    def title(test):
        return re.sub(r" *\(https?://[^)]*\)", "", test["fullTitle"]).replace("\n", " ").strip()

    def run(self, brokers, pattern):
        bootstrap = brokers.start(num_partitions=1)
        for topic in ("test", "test2", "test3", "test4", "test5", "test6"):  # as its run_docker.sh makes them
            self.install(["kcat", "-b", bootstrap, "-L", "-t", topic], "topics.log")
        some = ["--grep", re.escape(pattern)] if pattern else []
        outcomes = {}
        for event, test in self.mocha(bootstrap, "listed.log", "--dry-run", *some)[0]:
            if event == "pass":
                assert self.title(test) not in outcomes, test
                outcomes[self.title(test)] = (NOT_RUN, "")
        told, status = self.mocha(bootstrap, "outcomes.log", *some)
        for event, test in told:
            state = {"pass": PASSED, "fail": FAILED}.get(event)
            if state and self.title(test) in outcomes:
                outcomes[self.title(test)] = (state, test.get("err") or "")
            elif state:  # a hook: the tests after it did not run
                print(f"{test['fullTitle']}: {test.get('err')}")
        if not told or told[-1][0] != "end":
            print(f"mocha ended with status {status} before its end")
        return outcomes


if __name__ == "__main__":
    sys.exit(main(NodeRdkafka(__file__)))
