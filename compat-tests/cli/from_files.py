"""Fetch answers of more than a little leave from the log's files, as fast as their reader takes them."""
import os
import socket
import struct
import time

from broker import Broker
from serving import ServingTest
from wire import Client, batch, frame, header, metadata, produce, record, string

BATCHES, BATCH_BYTES = 400, 40_000
VERSION = 11
HEAD_BYTES = 66 + len("topic")  # of a Fetch answer for one partition, with the length of its records


def fetch(offset, most_bytes, partitions=(0,)):
    body = struct.pack(">iiiibii", -1, 100, 1, most_bytes, 0, 0, -1) + struct.pack(">i", 1) + string("topic")
    body += struct.pack(">i", len(partitions))
    for partition in partitions:
        body += struct.pack(">iiqqi", partition, -1, offset, -1, most_bytes)
    return frame(header(1, VERSION) + body + struct.pack(">i", 0) + string(""))


class FromFiles(ServingTest):
    def filled(self, **settings):
        """A broker, and what partition 0 of the topic holds."""
        broker = self.start(num_partitions=1, **settings)
        client = Client(broker.bootstrap)
        client.ask(metadata("topic"))
        for number in range(BATCHES):
            value = struct.pack(">i", number) * (BATCH_BYTES // 4)
            self.assertIsNotNone(client.ask(produce("topic", batch([record(value=value)]))))
        client.close()
        path = os.path.join(self.folder.name, "data", "topic-0", "0" * 20 + ".log")
        with open(path, "rb") as log:
            return broker, path, log.read()

    def test_slow_readers_leave_descriptors_to_others(self):
        partitions, descriptors = 400, 512
        self.broker = broker = Broker(self.folder.name, num_partitions=partitions)
        broker.prefix = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"]
        broker.start()
        client = Client(broker.bootstrap, timeout=60)
        client.ask(metadata("topic"))
        for partition in range(partitions):
            client.ask(produce("topic", batch([record(value=b"v" * BATCH_BYTES)]), partition=partition))
        slow = [self.slow(broker) for _ in range(8)]
        for one in slow:
            one.sendall(fetch(0, 1 << 26, range(partitions)))
        time.sleep(1)
        self.assertLess(len(os.listdir(f"/proc/{broker.process.pid}/fd")), descriptors - 100)
        for partition in range(partitions):
            reply = client.ask(produce("topic", batch([record()]), partition=partition))
            self.assertEqual(struct.unpack_from(">h", reply, 4 + 4 + 2 + len("topic") + 4 + 4)[0], 0)
        for one in (*slow, client):
            one.close()

    def slow(self, broker):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        client.settimeout(20)
        client.connect(broker.address())
        return client

    def read(self, client, size, pieces=None):
        got = bytearray()
        while len(got) < size:
            piece = client.recv(min(size - len(got), pieces or 1 << 16))
            if not piece:
                break
            got += piece
        return bytes(got)

    def test_a_slow_reader_gets_every_byte_of_answers_that_follow_each_other(self):
        broker, _, log = self.filled()
        before = broker.rss_bytes()
        client = self.slow(broker)
        small = BATCH_BYTES // 2  # less than a batch, which comes whole
        for offset, most in ((0, 1 << 23), (3, small), (BATCHES - 1, 1 << 23), (0, 1 << 26)):
            client.sendall(fetch(offset, most))
        whole = len(log) // BATCHES
        time.sleep(1)  # the socket takes no more
        grown = broker.rss_bytes() - before
        for expected in (log[:1 << 23], log[3 * whole:4 * whole], log[-whole:], log):
            head = self.read(client, 4 + HEAD_BYTES)
            size, = struct.unpack_from(">i", head)
            self.assertEqual(size, HEAD_BYTES + len(expected))
            self.assertEqual(struct.unpack_from(">i", head, HEAD_BYTES)[0], len(expected))
            self.assertTrue(self.read(client, len(expected), pieces=50_000) == expected)
        client.close()
        self.assertLess(grown, 4 << 20)  # 24 MB are on their way

    def test_what_is_deleted_on_the_way_comes_whole(self):
        broker, path, log = self.filled(log_segment_delete_delay_ms=0)
        client = self.slow(broker)
        client.sendall(fetch(0, 1 << 26))
        head = self.read(client, 4 + HEAD_BYTES)
        Client(broker.bootstrap).ask(frame(header(20, 1) + struct.pack(">i", 1) + string("topic") + struct.pack(">i", 10_000)))
        deadline = time.monotonic() + 10
        while os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(struct.unpack_from(">i", head, HEAD_BYTES)[0], len(log))
        self.assertTrue(self.read(client, len(log)) == log)

    def test_a_file_that_has_become_shorter_ends_the_connection_and_no_other(self):
        broker, path, log = self.filled()
        client = self.slow(broker)
        client.sendall(fetch(0, 1 << 26))
        self.read(client, 4 + HEAD_BYTES)
        os.truncate(path, len(log) - 1000)
        self.assertLess(len(self.read(client, len(log))), len(log))
        self.assertIn("could not be read from position", self.errors())
        client.close()
        again = self.slow(broker)  # what can be read, is
        again.sendall(fetch(0, 1 << 26))
        size, = struct.unpack_from(">i", self.read(again, 4 + HEAD_BYTES), HEAD_BYTES)
        self.assertLess(size, len(log))  # told beforehand this time
        self.assertTrue(self.read(again, size) == log[:-1000][:size])
        self.assertGreaterEqual(size, len(log) - len(log) // BATCHES)
        again.close()
