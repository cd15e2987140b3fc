#!/usr/bin/env python3
"""Why a group waits: what `ottla group explain` says of it, and the line in the log. OTTLA names the binary.
Last line: N passed, N failed."""
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import OTTLA, Broker
from hostile_groups import join, joined, sync
from wire import Client, compact, frame, header, metadata

WORTH_A_LINE_SECONDS = 5
NULL = b"\x00"


def heartbeat(group, member, epoch=0, topic="t"):
    """ConsumerGroupHeartbeat 1; a member that joins subscribes and has nothing."""
    body = compact(group) + compact(member) + struct.pack(">i", epoch) + NULL + NULL
    if epoch == 0:
        body += struct.pack(">i", 60000) + b"\x02" + compact(topic) + NULL + NULL + b"\x01"
    else:
        body += struct.pack(">i", -1) + NULL + NULL + NULL + NULL
    return frame(header(68, 1, tags=b"\x00") + body + b"\x00")


class Explain(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.broker = Broker(self.folder.name, http_listener="127.0.0.1:0", num_partitions=2)
        self.broker.start()
        self.first, self.second = Client(self.broker.bootstrap), Client(self.broker.bootstrap)
        self.first.ask(metadata("t"))

    def tearDown(self):
        self.broker.kill()
        self.folder.cleanup()

    def explain(self, group, address=None):
        address = address or self.broker.http.removeprefix("http://")
        done = subprocess.run([OTTLA, "group", "explain", group, "--http", address], capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout, done.stderr

    def warnings(self):
        with open(os.path.join(self.folder.name, "broker.err"), encoding="utf-8") as log:
            return [line for line in log if "awaited: " in line]

    def expect_one_warning(self, member):
        self.assertEqual(self.warnings(), [])
        time.sleep(WORTH_A_LINE_SECONDS + 1)
        self.assertEqual(len(self.warnings()), 1, self.warnings())
        self.assertIn(f"awaited: member {member}", self.warnings()[0])

    def test_a_classic_group_waits_for_a_member_to_join_again(self):
        name = "prices of/1%41"
        _, generation, member = joined(self.first.ask(join(name)))
        self.first.ask(sync(name, generation, member))
        member = member.decode()
        status, text, _ = self.explain(name)
        self.assertEqual(status, 0)
        self.assertIn(f"group {name}: Stable", text)
        self.assertNotIn("awaited", text)
        self.second.send(join(name))
        time.sleep(0.5)
        status, text, _ = self.explain(name)
        self.assertEqual(status, 0)
        self.assertIn(f"group {name}: PreparingRebalance", text)
        self.assertRegex(text, rf"awaited: member {member} .*last said SyncGroup, \d+\.\d s ago; removed in \d+\.\d s unless heard")
        self.expect_one_warning(member)

    def test_a_group_of_the_new_protocol_waits_for_a_member_to_let_go(self):
        self.first.ask(heartbeat("g", "one"))
        status, text, _ = self.explain("g")
        self.assertEqual(status, 0)
        self.assertIn("group g: Stable", text)
        self.second.ask(heartbeat("g", "two"))
        self.first.ask(heartbeat("g", "one", 2))  # is told to let go of one, and never says that it did
        status, text, _ = self.explain("g")
        self.assertEqual(status, 0)
        self.assertIn("group g: Reconciling", text)
        self.assertRegex(text, r"awaited: member one .*; must .*, at the latest in \d+\.\d s")
        self.assertRegex(text, r"awaited: member two .*; waits for one to let go of t-\d")
        self.expect_one_warning("one")

    def test_what_cannot_be_told(self):
        self.assertEqual(self.explain("nobody"), (1, "", "ottla: no group nobody\n"))
        for address in ("127.0.0.1:1", "nonsense", ""):
            status, out, err = self.explain("g", address or ":")
            self.assertEqual((status, out), (2, ""), address)
            self.assertEqual(err.count("\n"), 1, err)


def main():
    done = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.loadTestsFromTestCase(Explain))
    failed = len(done.failures) + len(done.errors)
    print(f"{done.testsRun - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
