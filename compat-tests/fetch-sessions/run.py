#!/usr/bin/env python3
"""Fetch sessions (KIP-227), byte for byte: a consumer of 1,000 idle partitions sends and receives only what changed.
Last line: N passed, N failed."""
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import Broker
from wire import Client, batch, frame, header, metadata, produce, record, string

SESSION_ID_NOT_FOUND, INVALID_SESSION_EPOCH = 70, 71


def fetch(session, epoch, partitions=(), forgotten=(), max_wait_ms=0):
    """Fetch 11: `partitions` are (number, offset)."""
    body = struct.pack(">iiiibii", -1, max_wait_ms, 1, 50_000_000, 0, session, epoch)
    body += struct.pack(">i", bool(partitions)) + (string("t") + struct.pack(">i", len(partitions)) if partitions else b"")
    for number, offset in partitions:
        body += struct.pack(">iiqqi", number, -1, offset, -1, 1_000_000)
    body += struct.pack(">i", bool(forgotten)) + (string("t") + struct.pack(">i", len(forgotten)) if forgotten else b"")
    for number in forgotten:
        body += struct.pack(">i", number)
    return frame(header(1, 11) + body + string(""))


def read(reply):
    """(error, session id, {partition: (error, high watermark, bytes of records)})"""
    error, session, topics = struct.unpack(">hii", reply[4:14])
    at, told = 14, {}
    for _ in range(topics):
        at += 2 + struct.unpack(">h", reply[at:at + 2])[0]
        count = struct.unpack(">i", reply[at:at + 4])[0]
        at += 4
        for _ in range(count):
            number, bad, high, _, _, aborted, _, size = struct.unpack(">ihqqqiii", reply[at:at + 42])
            assert aborted <= 0
            at += 42 + size
            told[number] = (bad, high, size)
    return error, session, told


class Sessions(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()

    def serve(self, partitions, **settings):
        self.partitions = partitions
        self.broker = Broker(self.folder.name, num_partitions=partitions, **settings)
        self.broker.start()
        self.client = Client(self.broker.bootstrap, timeout=60)  # to make the partitions takes a while
        self.client.ask(metadata("t"))

    def tearDown(self):
        self.broker.kill()
        self.folder.cleanup()

    def begin(self, partitions=10):
        self.serve(partitions)
        error, session, told = read(self.client.ask(fetch(0, 0, [(number, 0) for number in range(self.partitions)])))
        self.assertEqual((error, len(told)), (0, self.partitions))
        self.assertNotEqual(session, 0)
        return session

    def test_only_what_changed_is_sent_and_received(self):
        session = self.begin(1000)
        request = fetch(session, 1)
        reply = self.client.ask(request)
        self.assertEqual(read(reply), (0, session, {}))
        self.assertLess(len(request) + len(reply), 100)
        Client(self.broker.bootstrap).ask(produce("t", batch([record()]), partition=500))
        error, _, told = read(self.client.ask(fetch(session, 2, max_wait_ms=5000)))
        self.assertEqual((error, list(told)), (0, [500]))
        self.assertEqual(told[500][:2], (0, 1))
        self.assertGreater(told[500][2], 0)
        _, _, told = read(self.client.ask(fetch(session, 3, [(500, 1)])))
        self.assertEqual(told, {})

    def test_a_partition_that_is_forgotten_is_told_no_more(self):
        session = self.begin()
        self.client.ask(fetch(session, 1, forgotten=[5]))
        other = Client(self.broker.bootstrap)
        for number in (5, 6):
            other.ask(produce("t", batch([record()]), partition=number))
        _, _, told = read(self.client.ask(fetch(session, 2)))
        self.assertEqual(list(told), [6])

    def test_an_error_is_told_until_it_is_gone(self):
        session = self.begin()
        for epoch in (1, 2):
            _, _, told = read(self.client.ask(fetch(session, epoch, [(7, 99)])))
            self.assertEqual(told, {7: (1, -1, 0)})  # OFFSET_OUT_OF_RANGE
        _, _, told = read(self.client.ask(fetch(session, 3, [(7, 0)])))
        self.assertEqual(list(told), [7])
        _, _, told = read(self.client.ask(fetch(session, 4)))
        self.assertEqual(told, {})

    def test_what_is_not_this_session_is_refused(self):
        session = self.begin()
        self.assertEqual(read(self.client.ask(fetch(session, 5)))[0], INVALID_SESSION_EPOCH)
        self.assertEqual(read(Client(self.broker.bootstrap).ask(fetch(session, 1)))[0], SESSION_ID_NOT_FOUND)
        self.assertEqual(read(self.client.ask(fetch(session, 1)))[:2], (0, session))
        self.assertEqual(read(self.client.ask(fetch(session, -1, [(0, 0)])))[1], 0)  # ends it
        self.assertEqual(read(self.client.ask(fetch(session, 2)))[0], SESSION_ID_NOT_FOUND)

    def test_without_room_every_answer_is_a_full_one(self):
        self.serve(200, max_incremental_fetch_session_cache_slots=1)
        _, session, told = read(self.client.ask(fetch(0, 0, [(number, 0) for number in range(self.partitions)])))
        self.assertEqual((session, len(told)), (0, 200))
        _, session, _ = read(self.client.ask(fetch(0, 0, [(number, 0) for number in range(100)])))
        self.assertNotEqual(session, 0)


def main():
    done = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.loadTestsFromTestCase(Sessions))
    failed = len(done.failures) + len(done.errors)
    print(f"{done.testsRun - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
