"""What the Python clients share: the command line, and records as Python sees them."""
import base64
import json
import signal
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


stop_signals = []


def told_to_stop():
    """True after the first SIGTERM (main listens for it on behalf of members)."""
    return bool(stop_signals)


def say_read(positions):
    """Tells at once what a member has read: (partition, offset) pairs."""
    for partition, offset in positions:
        print("R", partition, offset)
    sys.stdout.flush()


def main(commands):
    """Runs the command named on the command line; its result is the exit status, None meaning success."""
    if sys.argv[1] == "member":
        signal.signal(signal.SIGTERM, lambda *_: stop_signals.append(True))
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]) or 0)
