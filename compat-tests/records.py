#!/usr/bin/env python3
"""The records that every client sends and reads back. usage: records.py FILE [LIMIT...]

One JSON object a line: {"partition":p,"key":base64|null,"value":base64|null,"headers":[[name,base64|null],...]},
partition by partition, in the order in which each partition must hold them. 10,000 records of mixed size: null and empty
keys and values, headers without, with empty and with null values, repeated and non-ASCII header names.

A LIMIT leaves out what a client cannot say: null-value, null-key, empty-value, empty-key, null-record
(neither key nor value), header, null-header-value, repeated-header, text (neither newline nor separator in it). The
word `reading` stands for a client that can read only as a group; it leaves out nothing.
"""
import base64
import json
import random
import sys

COUNT = 10_000
PARTITIONS = 3


def encoded(data):
    return None if data is None else base64.b64encode(data).decode()


def some_bytes(rng, size):
    # Half text that compresses, half noise that does not.
    return (b"price of the day " * (size // 17 + 1))[:size] if rng.random() < 0.5 else rng.randbytes(size)


def size_of(rng, index):
    if index % 500 == 0:
        return 100_000
    return rng.choice((0, 1, 10, 100, 100, 300, 1000))


def headers(rng):
    names = ("sequence", "trace", "trace", "größe", "empty", "null")
    made = []
    for name in names[: rng.choice((0, 0, 0, 1, 3, 6))]:
        value = None if name == "null" else b"" if name == "empty" else rng.randbytes(8)
        made.append([name, encoded(value)])
    return made


def record(rng, index):
    key = rng.choice((None, b"", b"k%d" % (index % 50), b"\x00\xff key"))
    value = None if index % 97 == 0 else some_bytes(rng, size_of(rng, index))
    return {"partition": index % PARTITIONS, "key": encoded(key), "value": encoded(value), "headers": headers(rng)}


def limited(one, limits):
    if "null-value" in limits and one["value"] is None:
        one["value"] = encoded(b"instead of null")
    if "empty-value" in limits and one["value"] == "":
        one["value"] = encoded(b"instead of empty")
    if "null-key" in limits and one["key"] is None:
        one["key"] = encoded(b"instead of null")
    if "empty-key" in limits and one["key"] == "":
        one["key"] = encoded(b"instead of empty")
    if "null-record" in limits and one["key"] is None and one["value"] is None:
        one["key"] = encoded(b"instead of nothing")
    if "header" in limits:
        one["headers"] = []
    if "null-header-value" in limits:
        one["headers"] = [[name, "" if value is None else value] for name, value in one["headers"]]
    if "repeated-header" in limits:
        one["headers"] = [list(pair) for pair in dict(map(tuple, one["headers"])).items()]
    if "text" in limits:  # a client that reads lines
        for part in "key", "value":
            if one[part]:
                one[part] = encoded(base64.b64decode(one[part]).hex().encode())
    return one


def normal(line, without_headers=False):
    """The one way to write a record, for comparing files byte for byte."""
    one = json.loads(line)
    if without_headers:
        one["headers"] = []
    return json.dumps(one, separators=(",", ":"), sort_keys=True, ensure_ascii=True)


def make(path, limits=()):
    rng = random.Random(20260823)
    records = [limited(record(rng, index), limits) for index in range(COUNT)]
    records.sort(key=lambda one: one["partition"])
    with open(path, "w") as file:
        for one in records:
            file.write(json.dumps(one, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2:])
