#!/usr/bin/env python3
"""The same record batches to our reader and to Kafka's (kafka-clients): both refuse, or both find the same records.

What is read are the first inputs and the corpus of the target "batches", and what becomes of them when bytes are changed by
chance and the CRC is made right.

usage: differential.py [BATCHES]    10,000 by default. Last line: N passed, N failed.
"""
import collections
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, ".."))  # behind this folder: it has a run.py, too
import run
import wire
from long_run import ROOT

JARS = os.path.join(ROOT, "build", "compat", "kafka-tools", "jars")  # compat-tests/kafka-tools/setup.sh puts them there
# One of the two refuses, and that may be: what ours says, and what Kafka's does.
EXPLAINED = {(r"refused", r"^0 00000000"): "Kafka does not look at what follows a count of no records",
             (r"refused: record \d+ of the batch: negative length", r"^\d+ "): "Kafka takes any negative length for null"}


def with_right_frame(data):
    """The bytes as one whole batch, or as they are if they are too few."""
    if len(data) < 61:
        return data
    data = data[:8] + struct.pack(">i", len(data) - 12) + data[12:16] + b"\x02" + data[17:]
    return data[:17] + struct.pack(">I", wire.crc32c(data[21:])) + data[21:]


def changed(data, chance):
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if chance.random() < 0.5 and len(data) > 61:
            at = chance.randrange(61, len(data))
        else:
            at = chance.randrange(len(data))
        data[at] = chance.choice([chance.randrange(256), data[at] ^ 1 << chance.randrange(8), 0, 1, 0xFF, 0x7F])
    if chance.random() < 0.1:
        del data[chance.randrange(len(data)):]
    return bytes(data)


def inputs(count):
    first = []
    for folder in (os.path.join(run.FUZZ, "seeds", "batches"), os.path.join(run.FUZZ, "corpus", "batches")):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            if data:
                first.append(with_right_frame(data[1:]) if data[0] & 1 else data[1:])
    chance = random.Random(1)
    yield from first
    whole = [data for data in first if len(data) > 61]
    for _ in range(max(0, count - len(first))):
        yield with_right_frame(changed(chance.choice(whole), chance))


def read(command):
    told = subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout
    return dict(line.split(" ", 1) for line in told.split("\n") if re.match(r"\d{6} ", line))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    run.make_seeds()
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(inputs(count)):
            with open(os.path.join(folder, f"{number:06}"), "wb") as file:
                file.write(data)
        ours = read([os.path.join(run.BUILD, "fuzz_read_batches"), folder])
        kafkas = read(["java", "-Xmx512m", "-cp", f"{JARS}/*", os.path.join(HERE, "ReadBatches.java"), folder])
        total = len(os.listdir(folder))
    agreed = collections.Counter()
    failed = total - len(ours) + total - len(kafkas)
    for name, told in ours.items():
        theirs = kafkas.get(name, "nothing")
        if told == theirs or (told.startswith("refused") and theirs.startswith("refused")):
            agreed["both refuse" if told.startswith("refused") else "both read the same records"] += 1
            continue
        why = next((why for (one, other), why in EXPLAINED.items() if re.search(one, told) and re.search(other, theirs)), None)
        if why:
            agreed[why] += 1
        else:
            failed += 1
            if failed <= 20:
                print(f"FAIL {name}: ours {told}; Kafka's {theirs}")
    for what, times in agreed.most_common():
        print(f"{times:6} {what}")
    failed += agreed["both read the same records"] == 0
    print(f"{sum(agreed.values())} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
