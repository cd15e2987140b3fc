"""Runs cases in slices, one system at a time, in the order A B B A, and tells in a line of JSON what each gave."""
import json
import os
import subprocess
import time

from load import forget_cached, here
from systems import RELEASE, SYSTEMS

KAFKA_WARM_UP_SECONDS = 25  # of the same load, for its compiler
WARM_UP_SECONDS = 1
OTHERS_SHARE_MAX = 0.2  # of the processors' time, spent by strangers
TICK_US = 4000.0  # where every wake-up waits for the scheduler's tick, latencies sit at multiples of it


def command(system, case, topic, words, limits=()):
    words = [os.path.join(RELEASE, words[0])] + words[1:] + ["--topic", topic, "--partitions", str(case.partitions)]
    if words[0].endswith("raw_load"):
        words += ["--port", str(system.port)]
    else:
        words += ["--mock"] if system.name == "mock" else ["--bootstrap", f"127.0.0.1:{system.port}"]
    return words + ["--pid", str(system.pid)] + list(limits)


def run_load(words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def warm_memory(directory, size):
    """Pages that the host has taken back are dear to get again: whoever came first would pay for all."""
    path, block = os.path.join(directory, "warm"), b"\0" * (1 << 20)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size >> 20):
            file.write(block)
    os.unlink(path)


def pressure():
    with open("/proc/pressure/cpu", encoding="utf-8") as file:
        return float(file.readline().split("avg10=")[1].split()[0])


class Runner:
    """Slices of one case and mode on one running system."""

    def __init__(self, system, case, mode):
        self.system, self.case, self.mode, self.count = system, case, mode, 0

    def slice(self, limits=()):
        self.count += 1
        topic, case = f"bench{self.count}", self.case
        self.system.make_topic(topic, case.partitions, self.mode == "fsync")
        if case.fill:
            run_load(command(self.system, case, topic, case.fill))
        if case.cold:
            forget_cached(self.system.directory)
        else:
            os.sync()  # what others have written must not be written out meanwhile
        warm_memory(self.system.directory, max(case.bytes, 1 << 28))
        if case.bytes and not limits:
            limits = ["--total-bytes", str(case.bytes)]
        before = pressure()
        load_before = os.getloadavg()[0]
        line = run_load(command(self.system, case, topic, case.load, limits))
        self.system.delete_topic(topic)
        line.update(system=self.system.name, mode=self.mode, pressure=round(max(before, pressure()), 1), load_average=load_before)
        line["disturbed"] = is_disturbed(line)
        return line

    def warm_up(self):
        """The first of a system's slices are thrown away; those of a JVM for long enough."""
        seconds = KAFKA_WARM_UP_SECONDS if self.system.name == "kafka" else WARM_UP_SECONDS
        spent = 0.0
        while spent < seconds and self.system.name not in ("floor", "mock"):
            spent += self.slice()["seconds"] + 0.5


def is_disturbed(line):
    p50 = line.get("p50_us", 0.0)
    at_tick = p50 > TICK_US / 2 and abs(p50 / TICK_US - round(p50 / TICK_US)) < 0.01
    return line["others_share"] > OTHERS_SHARE_MAX or at_tick


def order(systems, pairs):
    """A B B A A B ...: blocks of slices, (system, how many in a row)."""
    row = []
    for pair in range(pairs):
        row += systems if pair % 2 == 0 else systems[::-1]
    blocks = []
    for name in row:
        if blocks and blocks[-1][0] == name:
            blocks[-1][1] += 1
        else:
            blocks.append([name, 1])
    return blocks


def run_block(name, case, mode, count, log):
    """`count` slices on a fresh system; without figures it is nothing worth, so it says where it breaks."""
    with here() as directory:
        system = SYSTEMS[name](os.path.join(directory, name))
        try:
            system.start()
            runner = Runner(system, case, mode)
            runner.warm_up()
            return [runner.slice() for _ in range(count)]
        finally:
            system.stop()
            log(f"{name} {mode}: done at {time.strftime('%H:%M:%S')}")


def run_case(case, mode, pairs, log):
    """Lines of all systems; each has the number of its pair."""
    names = ["ottla"] + [one for one in case.systems if not (mode == "fsync" and one in ("floor", "mock"))]
    seen, lines = {}, []
    for name, count in order(names, pairs):
        for line in run_block(name, case, mode, count, log):
            seen[name] = seen.get(name, 0) + 1
            lines.append({**line, "pair": seen[name]})
    return lines
