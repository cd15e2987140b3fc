"""Between records and the lines that kcat reads and writes.

lines FILE PARTITION: "key|value" for each record of the partition, for kcat -K '|'.
records FILE: from "%p %K %S %k|%s" lines on stdin, -1 as a length standing for null.
"""
import base64
import json
import sys


def lines(path, partition):
    with open(path) as file:
        for line in file:
            one = json.loads(line)
            if one["partition"] == int(partition):
                sys.stdout.buffer.write(base64.b64decode(one["key"]) + b"|" + base64.b64decode(one["value"]) + b"\n")


def encoded(size, data):
    return None if size < 0 else base64.b64encode(data).decode()


def records(path):
    # Sizes and not separators say where a record ends: any bytes may stand in it.
    data = sys.stdin.buffer.read()
    at = 0
    with open(path, "w") as file:
        while at < len(data):
            partition, key_size, value_size = data[at:data.index(b"|", at)].split(b" ")[:3]
            at += len(partition) + len(key_size) + len(value_size) + 3
            key_end = at + max(0, int(key_size))
            value_end = key_end + 1 + max(0, int(value_size))
            file.write(json.dumps({"partition": int(partition), "key": encoded(int(key_size), data[at:key_end]),
                                   "value": encoded(int(value_size), data[key_end + 1:value_end]), "headers": []}) + "\n")
            at = value_end + 1


if __name__ == "__main__":
    {"lines": lines, "records": records}[sys.argv[1]](*sys.argv[2:])
