"""What the broker and `ottla log` do with a data directory in which something is damaged or lost."""
import os
import re
import socket
import struct
import subprocess
import urllib.request

from serving import ServingTest, ask, run
from wire import Client, batch, metadata, produce, record


class Damage(ServingTest):
    def test_data_whose_topic_the_metadata_log_has_lost_is_kept(self):
        for topic in ("damaged", "older"):  # the log's last entry; the log, as from a backup
            broker = self.start(num_partitions=1)
            path = os.path.join(broker.settings["log.dirs"], ".ottla-metadata", "log")
            with open(path, "rb") as log:
                before = log.read()
            client = Client(broker.bootstrap)
            for request in (metadata(topic), produce(topic, batch([record()]))):
                client.ask(request)
            broker.stop()
            with open(path, "r+b") as log:
                after = log.read()
                log.truncate(0)
                log.seek(0)
                log.write(before if topic == "older" else after[:-5] + bytes([after[-5] ^ 1]) + after[-4:])
            broker.start()
            data = broker.settings["log.dirs"]
            [kept] = [name for name in os.listdir(data) if name.startswith(topic + "-0.") and name.endswith("-stray")]
            self.assertGreater(os.path.getsize(os.path.join(data, kept, "0" * 20 + ".log")), 0)
            self.assertIn(f"kept as {kept}", self.errors())
            broker.stop()

    def test_damage_behind_a_clean_stop_is_answered_and_told_once(self):
        broker = self.start(http_listener="127.0.0.1:0")
        client = Client(broker.bootstrap)
        self.assertIsNotNone(client.ask(metadata("topic")))
        self.assertIsNotNone(client.ask(produce("topic", batch([record(value=b"v" * 50)]))))
        client.close()
        self.assertEqual(broker.stop(), 0)
        with open(os.path.join(self.folder.name, "data", "topic-0", "0" * 20 + ".log"), "r+b") as log:
            log.seek(80)
            log.write(b"w")
        broker.start()
        for _ in range(2):
            with socket.create_connection(broker.address(), timeout=10) as client:
                reply = ask(client, 1, 4, struct.pack(">iiiib", -1, 100, 1, 1_000_000, 0) + struct.pack(">ih", 1, 5) +
                            b"topic" + struct.pack(">iiqi", 1, 0, 0, 1_000_000))
            # correlation id, throttle time, one topic, its name, one partition, its index
            self.assertEqual(struct.unpack_from(">h", reply, 4 + 4 + 4 + 7 + 4 + 4)[0], 2)  # CORRUPT_MESSAGE
        self.assertEqual(self.errors().count(f"topic-0: {'0' * 20}.log is damaged at position 0"), 1, self.errors())
        with urllib.request.urlopen(broker.http + "/metrics", timeout=5) as reply:
            told = [line for line in reply.read().decode().split("\n") if re.match("ottla_partitions_(damaged|offline)", line)]
        self.assertEqual(sorted(told), ["ottla_partitions_damaged 1", "ottla_partitions_offline 0"])

    def test_a_damaged_checkpoint_is_told(self):
        broker = self.start(num_partitions=1)
        Client(broker.bootstrap).ask(metadata("topic"))
        broker.stop()
        path = os.path.join(self.folder.name, "data", "recovery-point-offset-checkpoint")
        with open(path, "w", encoding="utf-8") as checkpoint:
            checkpoint.write("nonsense\n")
        broker.start()
        self.assertEqual(self.errors().count(path), 1, self.errors())

    def test_a_full_disk_is_told_once(self):
        broker = self.start(num_partitions=1, log_dir_reserved_bytes=2 ** 60)
        client = Client(broker.bootstrap)
        client.ask(metadata("topic"))
        for _ in range(2):
            reply = client.ask(produce("topic", batch([record()])))
            self.assertIn(struct.pack(">ih", 0, 56), reply)  # partition 0: KAFKA_STORAGE_ERROR
        self.assertEqual(self.errors().count("is full"), 1, self.errors())

    def test_log_dump_and_verify_and_the_place_of_damage(self):
        broker = self.start(num_partitions=1)
        subprocess.run(["kcat", "-b", broker.bootstrap, "-P", "-t", "topic"], input=b"one\ntwo\n", check=True, timeout=30)
        data = os.path.join(self.folder.name, "data")
        self.assertEqual(run("log", "verify", data)[0], 0)  # live
        broker.stop()
        status, out, _ = run("log", "dump", data + "/topic-0", "--records")
        self.assertEqual(status, 0)
        self.assertRegex(out, r'offset 1 timestamp \d+ key null value "two"\n')
        self.assertRegex(out, r"\n[12] batches, 2 records, 0 damaged places\n$")
        log = os.path.join(data, "topic-0", "0" * 20 + ".log")
        with open(log, "r+b") as file:
            file.seek(70)
            file.write(b"?")
        for words in (("log", "verify", data), ("log", "dump", data)):
            status, out, _ = run(*words)
            self.assertEqual(status, 1)
            self.assertRegex(out, "CRC")
        self.assertRegex(run("log", "verify", data)[1], f"DAMAGE {re.escape(log)} at position 0, offset 0: ")
