"""What the Python clients share: the command line, and records as Python sees them."""
import base64
import json
import sys


def decoded(text):
    return None if text is None else base64.b64decode(text)


def encoded(data):
    return None if data is None else base64.b64encode(bytes(data)).decode()


def read_records(path):
    """(partition, key, value, [(header name, value)...]) for each line."""
    with open(path) as file:
        for line in file:
            one = json.loads(line)
            headers = [(name, decoded(value)) for name, value in one["headers"]]
            yield one["partition"], decoded(one["key"]), decoded(one["value"]), headers


def write_records(path, by_partition):
    """by_partition: {partition: [(key, value, headers)...]} in offset order."""
    with open(path, "w") as file:
        for partition in sorted(by_partition):
            for key, value, headers in by_partition[partition]:
                one = {"partition": partition, "key": encoded(key), "value": encoded(value),
                       "headers": [[name, encoded(content)] for name, content in headers or []]}
                file.write(json.dumps(one) + "\n")


def main(commands):
    """Runs the command named on the command line; its result is the exit status, None meaning success."""
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]) or 0)
