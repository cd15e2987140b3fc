"""What a container's test kit does with a broker: it maps a port of the host to the broker's, learns which, sets
advertised.listeners to it, starts the broker, waits for the ready line, and gives stock clients the mapped address alone."""
import json
import select
import socket
import subprocess
import tempfile
import threading
import unittest

import framework  # finds broker.py
from broker import Broker


class Forwarder:
    """127.0.0.1:port to another port of 127.0.0.1, as a container's engine maps one; the other end need not be there yet."""

    def __init__(self, target):
        self.target, self.bytes_carried = target, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                outer, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.carry, args=(outer,), daemon=True).start()

    def carry(self, outer):
        with outer:
            try:
                with socket.create_connection(("127.0.0.1", self.target), timeout=10) as inner:
                    other = {outer: inner, inner: outer}
                    while True:
                        for end in select.select([outer, inner], [], [])[0]:
                            data = end.recv(1 << 16)
                            if not data:
                                return
                            self.bytes_carried += len(data)
                            other[end].sendall(data)
            except OSError:
                return  # either end is gone

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class MappedPort(unittest.TestCase):
    RECORDS = 2000

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        inside = free_port()
        self.mapped = Forwarder(inside)
        self.bootstrap = f"127.0.0.1:{self.mapped.port}"
        self.broker = Broker(self.folder.name, advertised_listeners=f"PLAINTEXT://{self.bootstrap}")
        self.broker.bootstrap = f"127.0.0.1:{inside}"

    def tearDown(self):
        if self.broker.process and self.broker.process.poll() is None:
            self.broker.kill()
        self.mapped.close()
        self.folder.cleanup()

    def kcat(self, *words, data=None):
        return subprocess.run(["kcat", "-b", self.bootstrap, *words], input=data, capture_output=True, check=True, timeout=60).stdout

    def told(self):
        return [broker["name"] for broker in json.loads(self.kcat("-L", "-J"))["brokers"]]

    def write_and_read(self, topic, first):
        """Once more as many records: all that were ever written are read, and they went through the mapped port."""
        before = self.mapped.bytes_carried
        values = [f"record {number}".ljust(100, ".") for number in range(first + self.RECORDS)]
        self.kcat("-P", "-t", topic, data="\n".join(values[first:]).encode())
        read = self.kcat("-C", "-t", topic, "-e", "-q").decode().splitlines()
        self.assertEqual(sorted(read), sorted(values))
        self.assertGreater(self.mapped.bytes_carried - before, 100 * (self.RECORDS + len(read)))

    def test_ready_line_then_stock_clients(self):
        self.broker.start()
        self.assertEqual(self.told(), [self.bootstrap])
        self.write_and_read("mapped", 0)
        member = self.kcat("-G", "group", "-X", "auto.offset.reset=earliest", "-e", "-q", "mapped")  # finds its coordinator there
        self.assertEqual(len(member.splitlines()), self.RECORDS)
        self.assertEqual(self.broker.stop(), 0)
        self.broker.start()  # the container is started again, the mapping stays
        self.assertEqual(self.told(), [self.bootstrap])
        self.write_and_read("mapped", self.RECORDS)

    def test_a_port_that_is_mapped_anew(self):
        self.broker.start()
        self.write_and_read("mapped", 0)
        self.broker.kill()
        self.mapped.close()
        self.mapped = Forwarder(self.broker.address()[1])
        self.bootstrap = f"127.0.0.1:{self.mapped.port}"
        self.broker.settings["advertised.listeners"] = f"PLAINTEXT://{self.bootstrap}"
        self.broker.start()
        self.assertEqual(self.told(), [self.bootstrap])
        self.write_and_read("mapped", self.RECORDS)
