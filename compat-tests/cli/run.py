#!/usr/bin/env python3
"""The program as its operator meets it: command line, configuration, ready line, HTTP, stop and start again.
Last line: N passed, N failed."""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from damage import Damage  # its tests are run with these, and those of the next
from from_files import FromFiles
from serving import HERE, LOOPBACK, OTTLA, ServingTest, ask, frame, run
from wire import Client, batch, metadata, produce, record


class CommandLine(unittest.TestCase):
    def test_version(self):
        status, out, _ = run("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^ottla \d+\.\d+\.\d+\n$")

    def test_help_lists_every_setting_with_its_default(self):
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        for line in ("node.id=1", "listeners=PLAINTEXT://127.0.0.1:9092", "log.dirs=./ottla-data", "num.partitions=1",
                     "auto.create.topics.enable=true", "message.max.bytes=1048588", "socket.request.max.bytes=104857600"):
            self.assertIn(f"\n  {line}\n", out)

    def test_an_unknown_name_is_refused_with_the_nearest_known_one(self):
        status, _, err = run("serve", "--set", "num.partition=3")
        self.assertNotEqual(status, 0)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn("num.partition", err)
        self.assertIn("num.partitions", err)

    def test_a_malformed_value_is_refused_with_its_name(self):
        for setting in ("num.partitions=many", "num.partitions=0", "auto.create.topics.enable=yes", "listeners=9092",
                        "log.segment.bytes=99999999999"):
            status, _, err = run("serve", "--set", setting)
            self.assertNotEqual(status, 0, setting)
            self.assertEqual(err.count("\n"), 1, err)
            self.assertIn(setting.split("=")[0], err)

    def test_a_file_is_named_with_the_line_that_is_wrong(self):
        with tempfile.NamedTemporaryFile("w", suffix=".properties") as file:
            file.write("# a comment\n\nnum.partitions=3\nnum.nonsense=1\n")
            file.flush()
            status, _, err = run("serve", "--config", file.name)
            self.assertNotEqual(status, 0)
            self.assertIn(f"{file.name}:4", err)

    def test_a_file_that_is_not_there(self):
        status, _, err = run("serve", "--config", "/nonexistent/server.properties")
        self.assertNotEqual(status, 0)
        self.assertEqual(err.count("\n"), 1, err)

    def test_a_log_that_is_not_there(self):
        for what in ("dump", "verify"):
            with tempfile.TemporaryDirectory() as folder:
                for place in (folder, folder + "/nothing"):
                    status, _, err = run("log", what, place)
                    self.assertEqual(status, 2)
                    self.assertEqual(err.count("\n"), 1, err)
                    self.assertIn(folder, err)


class Serving(ServingTest):
    def test_sigterm_and_sigint_stop_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = self.start()
            broker.process.send_signal(number)
            self.assertEqual(broker.process.wait(20), 0)
            broker.process.stdout.close()
            self.assertTrue(os.path.exists(os.path.join(self.folder.name, "data", ".kafka_cleanshutdown")))

    def test_what_flush_messages_leaves_unsynced_is_synced_after_flush_ms(self):
        broker = self.start(num_partitions=1, log_flush_interval_messages=1_000_000, log_flush_interval_ms=500)
        client = Client(broker.bootstrap)
        client.ask(metadata("t"))
        client.ask(produce("t", batch([record(number) for number in range(3)])))

        def durable_ends():
            with open(os.path.join(self.folder.name, "data", ".ottla-durable"), "rb") as marks:
                return [struct.unpack(">q", entry[20:28])[0] for entry in iter(lambda: marks.read(48), b"")]

        self.assertNotIn(3, durable_ends())
        time.sleep(3)
        self.assertIn(3, durable_ends())

    def wait_for_records(self, client):
        """Makes a topic and asks for its first record, for a minute."""
        name = struct.pack(">h", 5) + b"topic"
        ask(client, 3, 4, struct.pack(">i", 1) + name + b"\x01")  # Metadata makes it
        long_poll = struct.pack(">iiiib", -1, 60_000, 1, 1_000_000, 0) + struct.pack(">i", 1) + name
        client.sendall(frame(1, 4, long_poll + struct.pack(">iiqi", 1, 0, 0, 1_000_000)))
        time.sleep(0.3)

    def test_a_consumer_that_waits_on_a_deleted_topic_is_told_at_once(self):
        broker = self.start(num_network_threads=1)
        with socket.create_connection(broker.address(), timeout=10) as client, \
                socket.create_connection(broker.address(), timeout=10) as other:
            self.wait_for_records(client)
            began = time.monotonic()
            deleted = ask(other, 20, 1, struct.pack(">ih", 1, 5) + b"topic" + struct.pack(">i", 10_000))
            self.assertEqual(struct.unpack(">h", deleted[-2:])[0], 0)
            reply = client.recv(4096)  # size, correlation id, throttle time, one topic, its name, one partition, its index
            self.assertEqual(struct.unpack_from(">h", reply, 4 + 4 + 4 + 4 + 7 + 4 + 4)[0], 6)  # NOT_LEADER_OR_FOLLOWER
            self.assertLess(time.monotonic() - began, 4)

    def test_a_consumer_that_waits_does_not_hold_up_the_stop(self):
        broker = self.start()
        with socket.create_connection(broker.address(), timeout=10) as client:
            self.wait_for_records(client)
            began = time.monotonic()
            self.assertEqual(broker.stop(), 0)
            self.assertLess(time.monotonic() - began, 4)

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            err = self.refusal(f"listeners=PLAINTEXT://127.0.0.1:{port}", f"log.dirs={self.folder.name}/data")
        self.assertIn(str(port), err)

    def test_a_data_directory_of_another_process(self):
        self.start()
        self.assertIn("locked", self.refusal(f"listeners={LOOPBACK}", f"log.dirs={self.folder.name}/data"))

    def test_a_data_directory_that_cannot_be_written(self):
        place = os.path.join(self.folder.name, "file")
        with open(place, "w", encoding="utf-8"):
            pass  # root may write anywhere, but nobody makes a directory below a file
        self.assertIn(place, self.refusal(f"listeners={LOOPBACK}", f"log.dirs={place}/data"))

    def test_identity_lives_in_the_data_directory(self):
        self.start().stop()
        self.assertIn("node.id", self.refusal(f"listeners={LOOPBACK}", f"log.dirs={self.folder.name}/data", "node.id=7"))

    def test_http(self):
        broker = self.start(**{"http_listener": "127.0.0.1:0"})
        base = broker.http
        for path, text in (("/health/live", "live"), ("/health/ready", "ready")):
            with urllib.request.urlopen(base + path, timeout=5) as reply:
                self.assertEqual((reply.status, reply.read().decode().strip()), (200, text))
        with socket.create_connection(broker.address(), timeout=5) as client:
            self.assertGreater(len(ask(client, 18, 0, b"")), 20)  # ApiVersions
        with urllib.request.urlopen(base + "/metrics", timeout=5) as reply:
            metrics = reply.read().decode()
        self.assertIn('ottla_requests_total{api="ApiVersions"} 1', metrics.split("\n"))
        typed = set(re.findall(r"^# TYPE (\S+)", metrics, re.M))
        self.assertLessEqual({"ottla_request_duration_seconds", "ottla_request_errors_total", "ottla_received_bytes_total",
                              "ottla_sent_bytes_total", "ottla_connections", "ottla_client_connections",
                              "ottla_log_size_bytes", "ottla_log_sync_duration_seconds"}, typed)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(base + "/nothing", timeout=5)
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()

    def test_http_takes_another_port_when_its_own_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            broker = self.start(**{"http_listener": address})
            self.assertNotIn(address, broker.http)
            self.assertIn(address, self.errors())

    def test_kafkas_own_server_properties(self):
        # In a network of its own, where its fixed ports are free and nobody else is reached.
        words = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
                 'ip link set lo up && exec "$@"', "sh", OTTLA, "serve", "--config",
                 os.path.join(HERE, "kafka-server.properties"), "--set", f"log.dirs={self.folder.name}/data"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            ready = process.stdout.readline()
        finally:
            process.terminate()
        _, err = process.communicate(timeout=20)
        self.assertRegex(ready, r"^ottla ready: PLAINTEXT://0\.0\.0\.0:9092 ", err)
        self.assertEqual(process.returncode, 0)
        told = [line for line in err.split("\n") if "num.io.threads" in line]
        self.assertEqual(len(told), 1, err)


def main():
    program = unittest.main(exit=False, verbosity=1)
    failed = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - failed - len(program.result.skipped)} passed, {failed} failed")
    return failed != 0 or program.result.testsRun == 0


if __name__ == "__main__":
    sys.exit(main())
