#!/usr/bin/env python3
"""franz-go's tests of its package kgo that need a broker. usage: see ../suite.py"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from go_suite import GoSuite
from suite import main
from verdict import NOT_RUN


class FranzGo(GoSuite):
    VERSION = "franz-go v1.22.2"
    MODULE, PACKAGE = "github.com/twmb/franz-go", "pkg/kgo"
    LIVE = r"newTestClient\(|tmpTopic|adm\(\)|getSeedBrokers|testClientOpts|scramSeeds"

    # Not run, and so never passed: transactions are not there, and it tries for ever.
    LEFT_OUT = ["TestTxnEtl"]

    def run(self, brokers, pattern):
        names = [name for name in self.listed() if pattern.split("/")[0] in name]
        # One broker; a twenty-fifth of the records that it takes by default, for it reads them over and over.
        environment = {"KGO_SEEDS": brokers.start(), "KGO_TEST_RF": "1", "KGO_TEST_RECORDS": "20000", "KGO_LOG_LEVEL": "none"}
        outcomes = self.go_tests([name for name in names if name not in self.LEFT_OUT], "outcomes", 600, environment)
        return {**{name: (NOT_RUN, "") for name in names if name in self.LEFT_OUT}, **outcomes}


if __name__ == "__main__":
    sys.exit(main(FranzGo(__file__)))
