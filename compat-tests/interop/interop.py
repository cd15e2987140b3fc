#!/usr/bin/env python3
"""Kafka's files: its DumpLogSegments reads ours, we verify and serve what its broker wrote, its broker serves ours.

usage: run.sh [unittest options]
"""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from broker import OTTLA, Broker  # noqa: E402
from kafka import Kafka, client, dump_log_segments  # noqa: E402

# What DumpLogSegments says when a file is not as it should be ...
COMPLAINTS = re.compile(r"mismatch|out of order|not found|corrupt|invalid|exception|non-consecutive|found log offset|"
                        r"followed by|log timestamp|isvalid: false", re.I)
# ... and what it says of Kafka's own files, too: a segment does not begin at 0; compaction leaves gaps, and of a
# producer's last batch no records.
ALWAYS_SAID = re.compile(r"^Non-consecutive offsets in |^  -1 is followed by ")
SAID_OF_COMPACTED = re.compile(r"^  \d+ is followed by |^Found timestamp mismatch in .*/compacted-0/|log timestamp: -1$")
# What Kafka's loader says of a log that it has to work on.
REPAIRS = re.compile(r"recover|rebuilding index|could not find offset index|corrupt|truncat|fail", re.I)


def ottla(*words):
    done = subprocess.run([OTTLA, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def fingerprint(directory):
    """Every file with its content."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                found[os.path.relpath(os.path.join(folder, name), directory)] = hashlib.sha256(file.read()).hexdigest()
    return found


def records(bootstrap, *topics):
    return sorted(client("read", bootstrap, *topics).split("\n")[:-1])


def segments(directory):
    return len(glob.glob(f"{directory}/*.log"))


class Files(unittest.TestCase):
    """One story, told once: both brokers write, then each reads the other's directory."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = cls.scratch.name
        cls.broker = cls.kafka = None
        try:
            cls.write_ours()
            cls.write_kafkas()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        for one in (cls.broker, cls.kafka):
            if one and one.process and one.process.poll() is None:
                one.kill()
        cls.scratch.cleanup()

    @classmethod
    def write_ours(cls):
        os.mkdir(f"{cls.folder}/ours")
        cls.ours = f"{cls.folder}/ours/data"
        cls.broker = Broker(f"{cls.folder}/ours", log_cleaner_backoff_ms=200)
        cls.broker.start()
        client("fill", cls.broker.bootstrap)
        cls.ours_live = ottla("log", "verify", cls.ours)
        cls.our_records = records(cls.broker.bootstrap, "plain", "compacted")
        cls.broker.stop()

    @classmethod
    def write_kafkas(cls):
        cls.kafka = Kafka(cls.folder)
        cls.kafka.format()
        cls.kafka.start()
        client("fill", cls.kafka.bootstrap, "transactions")
        client("commit", cls.kafka.bootstrap, "group")
        cls.kafkas_committed = client("committed", cls.kafka.bootstrap, "group")
        client("make", cls.kafka.bootstrap, "from_ottla", "broken", "doomed")
        client("drop", cls.kafka.bootstrap, "doomed")
        cls.kafkas_live = ottla("log", "verify", cls.kafka.data)
        cls.kafka_topics = ("plain", "compacted", "ledger")
        cls.kafkas_records = records(cls.kafka.bootstrap, *cls.kafka_topics)
        cls.kafka.stop()
        cls.kafkas = f"{cls.folder}/kafkas"  # Kafka itself goes on in its own
        shutil.copytree(cls.kafka.data, cls.kafkas)
        for suffix in ("stray", "future"):  # as they look when a broker stops in between
            shutil.copytree(f"{cls.kafkas}/plain-0", f"{cls.kafkas}/plain-0.{'0123456789abcdef' * 2}-{suffix}")

    def assert_sound(self, verified):
        status, text = verified
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"[1-9]\d* partitions, [1-9]\d* segments, [1-9]\d* batches, \d+ records, 0 damaged places")

    # Kafka's tool on our directory.

    def test_kafkas_tool_reads_our_files(self):
        self.assertGreaterEqual(segments(f"{self.ours}/plain-0"), 3)
        for options, suffixes in ((["--deep-iteration"], ("log", "index", "timeindex", "snapshot")),
                                  (["--index-sanity-check"], ("index", "timeindex"))):
            said = ""
            for topic in ("plain", "compacted"):
                files = sorted(name for suffix in suffixes for name in glob.glob(f"{self.ours}/{topic}-*/*.{suffix}"))
                text = dump_log_segments(files, *options)
                self.assertEqual([line for line in text.split("\n") if COMPLAINTS.search(line) and not ALWAYS_SAID.search(line)
                                  and not (topic == "compacted" and SAID_OF_COMPACTED.search(line))], [])
                self.assertEqual(text.count("Dumping"), len(files))
                if options == ["--index-sanity-check"]:
                    self.assertEqual(text.count("passed sanity check") + text.count("is empty"), len(files))
                said += text
            if options == ["--deep-iteration"]:
                self.assertEqual(set(re.findall(r"compresscodec: (\S+)", said)), {"none", "gzip", "snappy", "lz4", "zstd"})

    def test_our_compacted_topic_is_compacted(self):
        offsets = [int(line.split()[2]) for line in self.our_records if line.startswith("compacted ")]
        self.assertLess(len(offsets), max(offsets) + 1)

    def test_our_directory_verifies_live_and_stopped(self):
        self.assert_sound(self.ours_live)
        self.assert_sound(ottla("log", "verify", self.ours))

    # Kafka's directory, by us.

    def test_kafkas_directory_verifies_live_and_stopped(self):
        self.assert_sound(self.kafkas_live)
        self.assert_sound(ottla("log", "verify", self.kafkas))
        self.assertIn("__consumer_offsets-0", os.listdir(self.kafkas))
        self.assertGreaterEqual(segments(f"{self.kafkas}/plain-0"), 3)

    def copy_of_kafkas(self, name):
        os.mkdir(f"{self.folder}/{name}")
        shutil.copytree(self.kafkas, f"{self.folder}/{name}/data")
        return f"{self.folder}/{name}/data"

    def test_without_the_flag_nothing_is_written(self):
        data = self.copy_of_kafkas("untouched")
        before = fingerprint(data)
        status, text = ottla("serve", "--set", "http.listener=", "--set", "listeners=PLAINTEXT://127.0.0.1:0", "--set", f"log.dirs={data}")
        self.assertNotEqual(status, 0)
        self.assertIn("--import-kafka", text)
        self.assertEqual(fingerprint(data), before)

    def test_an_import_serves_what_kafka_wrote(self):
        data = self.copy_of_kafkas("imported")
        alone = [name for name in os.listdir(data) if re.search(r"-(delete|stray|future)$|^__cluster_metadata-0$", name)]
        self.assertEqual(len(alone), 5, alone)
        before = {name: fingerprint(f"{data}/{name}") for name in alone}
        self.__class__.broker = broker = Broker(f"{self.folder}/imported")
        broker.flags = ["--import-kafka"]
        broker.start()
        self.assertEqual(records(broker.bootstrap, *self.kafka_topics), self.kafkas_records)
        self.assertEqual(client("committed", broker.bootstrap, "group"), self.kafkas_committed)
        self.assertEqual({name: fingerprint(f"{data}/{name}") for name in alone}, before)
        with open(f"{self.folder}/imported/broker.err", encoding="utf-8") as file:
            lines = [line for line in file if "imported from Kafka" in line]
        self.assertEqual(len(lines), 7, lines)  # plain, compacted, ledger, from_ottla, broken, two of Kafka's own
        client("touch", broker.bootstrap, *self.kafka_topics)
        self.assertEqual(broker.stop(), 0)
        self.assert_sound(ottla("log", "verify", data))
        # The new record is of a new leader, and of a producer that is none of those that Kafka knew.
        batches = ottla("log", "dump", f"{data}/plain-0")[1]
        for field in (r" bytes \d+ epoch (\d+) ", r" producer (\d+) "):
            values = re.findall(field, batches)
            self.assertNotIn(values[-1], values[:-1])
        broker.flags = []
        broker.start()
        more = records(broker.bootstrap, *self.kafka_topics)
        self.assertEqual(len(set(more) - set(self.kafkas_records)), len(self.kafka_topics))
        broker.stop()

    def test_kcat_reads_an_import(self):
        """Every record, by another stock client."""
        data = self.copy_of_kafkas("for_kcat")
        self.__class__.broker = broker = Broker(os.path.dirname(data))
        broker.flags = ["--import-kafka"]
        broker.start()
        done = subprocess.run(["kcat", "-b", broker.bootstrap, "-C", "-e", "-q", "-o", "beginning", "-t", "plain", "-f", "%p %o %T %S\n"],
                              capture_output=True, text=True, timeout=60, check=True)
        broker.stop()
        expected = []
        for line in self.kafkas_records:
            words = line.split(" ")
            if words[0] == "plain":
                size = -1 if words[5] == "null" else len(words[5]) // 2
                expected.append(" ".join([*words[1:4], str(size)]))
        self.assertEqual(sorted(done.stdout.split("\n")[:-1]), sorted(expected))

    # Our files in Kafka's directory.

    def put_ours_in_place(self, topic):
        for partition in (0, 1):
            place = f"{self.kafka.data}/{topic}-{partition}"
            for name in os.listdir(place):
                if name != "partition.metadata":
                    os.remove(f"{place}/{name}")
            for name in os.listdir(f"{self.ours}/plain-{partition}"):
                if re.search(r"\.(log|index|timeindex|snapshot)$|^leader-epoch-checkpoint$", name):
                    shutil.copy(f"{self.ours}/plain-{partition}/{name}", place)

    def test_kafka_serves_our_files_as_its_own(self):
        self.put_ours_in_place("from_ottla")
        self.put_ours_in_place("broken")
        os.remove(sorted(glob.glob(f"{self.kafka.data}/broken-0/*.index"))[0])
        already = len(self.kafka.said())
        self.kafka.start()
        try:
            served = records(self.kafka.bootstrap, "from_ottla")
            client("touch", self.kafka.bootstrap, "from_ottla")
        finally:
            self.kafka.stop()
        told = [line.split("[LogLoader ")[1] for line in self.kafka.said(already).split("\n") if "[LogLoader " in line]
        loading = [line for line in told if "from_ottla-" in line]
        self.assertGreaterEqual(len(loading), 2)  # they do speak of it
        self.assertEqual([line for line in loading if REPAIRS.search(line) and "state recovery took" not in line], [])
        self.assertTrue([line for line in told  # and would have said so
                         if "broken-0" in line and REPAIRS.search(line) and "state recovery took" not in line])
        # Nor does it read batches to know the producers: our snapshot is of the end, 5 codecs with 750 records each.
        self.assertEqual(sum(line.endswith("for segment recovery from offset 3750") for line in loading), 2)
        ours = [line for line in self.our_records if line.startswith("plain ")]
        self.assertEqual([line.replace("from_ottla", "plain", 1) for line in served], ours)
        self.assert_sound(ottla("log", "verify", f"{self.kafka.data}/from_ottla-0"))


def main():
    program = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False, verbosity=2)
    failed = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - failed} passed, {failed} failed")
    return failed != 0 or program.result.testsRun == 0


if __name__ == "__main__":
    sys.exit(main())
