"""What a broker costs that does nothing: its start, its memory, its processor time at rest. Ours and Kafka, in turns."""
import os
import time

from load import fill, forget_cached, here, touch
from systems import SYSTEMS
from wire import Client, frame, header, string, struct

REST_SECONDS = 10
READERS = 100
PARTITIONS_IN_TOPIC = 1000
# What is there before the start that is timed: partitions with a record each, bytes in the log, and how it ended.
STARTS = {
    "start-empty": (0, 0, "stop"),
    "start-1000": (1000, 0, "stop"),
    "start-5000": (5000, 0, "stop"),
    "start-after-kill": (16, 1 << 30, "kill"),
}


def status(pid, field):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_answer(system):
    """Seconds from the start of the process to the answer to a Metadata request for all topics."""
    began = time.monotonic()
    system.start()
    system.ask(frame(header(3, 4) + struct.pack(">i?", -1, False)))
    return time.monotonic() - began


def prepare(system, partitions, size, how):
    system.start()
    system.bootstrap = f"127.0.0.1:{system.port}"
    for number in range(-(-partitions // PARTITIONS_IN_TOPIC)):
        count = min(partitions, PARTITIONS_IN_TOPIC)
        system.make_topic(f"many{number}", count, False)
        touch(system, f"many{number}", count)
    if size:
        fill(system, "many0", partitions, size)
    getattr(system, how)()


def waiting_readers(system):
    """Consumers that wait for records which do not come, as they do when there is nothing: half a second, and again."""
    clients = [Client(f"127.0.0.1:{system.port}") for _ in range(READERS)]
    for number, client in enumerate(clients):
        body = struct.pack(">iiiibii", -1, 60_000, 1, 1 << 20, 0, 0, -1) + struct.pack(">i", 1) + string("many0")
        body += struct.pack(">iiiqqi", 1, number, -1, 1, -1, 1 << 20) + struct.pack(">i", 0) + string("")
        client.send(frame(header(1, 11) + body))
    return clients


def measure(name, system, log):
    partitions, size, how = STARTS[name]
    prepare(system, partitions, size, how)
    forget_cached(system.directory)
    cold = first_answer(system)
    system.stop()
    line = {"system": system.name, "cold_start_ms": cold * 1000, "start_ms": first_answer(system) * 1000}
    clients = waiting_readers(system) if partitions >= READERS else []
    time.sleep(3)
    before, since = cpu_seconds(system.pid), time.monotonic()
    time.sleep(REST_SECONDS)
    line["idle_cpu_percent"] = (cpu_seconds(system.pid) - before) / (time.monotonic() - since) * 100
    line["waiting_readers"] = len(clients)
    line["rss_mb"] = status(system.pid, "VmRSS") / 1e6
    for client in clients:
        client.close()
    system.stop()
    log(f"{name} {system.name}: {line['start_ms']:.0f} ms")
    return line


def run_starts(name, pairs, systems, log):
    lines = []
    for pair in range(min(pairs, 3)):
        for kind in ["ottla", *(one for one in systems if one == "kafka")]:
            with here() as directory:
                system = SYSTEMS[kind](os.path.join(directory, kind))
                try:
                    line = measure(name, system, log)
                finally:
                    system.end()
            lines.append({**line, "pair": pair + 1, "mode": "cache", "disturbed": False})
    return lines
