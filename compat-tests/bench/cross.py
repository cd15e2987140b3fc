#!/usr/bin/env python3
"""Kafka's own tools as the load, on us and on Apache Kafka in the order A B B A: kafka-producer-perf-test, kafka-consumer-perf-test
and EndToEndLatency, from the same jars. A cross check: they take more processor time than the brokers. usage: cross.py [PAIRS]"""
import os
import statistics
import subprocess
import sys

from load import here
from slices import order
from systems import KAFKA, SYSTEMS

RECORDS = {100: 2_000_000, 1024: 400_000}
LATENCY_RECORDS = 10_000
TOOLS = ["java", "-Xmx512m", "-cp", f"{KAFKA}/classes:{KAFKA}/jars/*"]


def tool(name, *words):
    done = subprocess.run(TOOLS + [f"org.apache.kafka.tools.{name}", *words], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stdout[-500:]} {done.stderr[-1000:]}")
    return done.stdout


def produce(system, topic, size, count):
    out = tool("ProducerPerformance", "--bootstrap-server", f"127.0.0.1:{system.port}", "--topic", topic, "--num-records", str(count),
               "--record-size", str(size), "--throughput", "-1", "--command-property", "acks=all")
    return float(out.strip().splitlines()[-1].split(" records sent, ")[1].split()[0])


def consume(system, topic, count):
    out = tool("ConsumerPerformance", "--bootstrap-server", f"127.0.0.1:{system.port}", "--topic", topic, "--num-records", str(count),
               "--hide-header")
    return float(out.strip().splitlines()[-1].split(", ")[5])


def latency(system, topic):
    out = tool("EndToEndLatency", "--bootstrap-server", f"127.0.0.1:{system.port}", "--topic", topic, "--num-records",
               str(LATENCY_RECORDS), "--producer-acks", "all", "--record-size", "100")
    return float(out.split("50th = ")[1].split(",")[0])


def measure(system, turn):
    """{what: figure} of one slice."""
    figures = {}
    for size, count in RECORDS.items():
        topic = f"perf{size}-{turn}"
        system.make_topic(topic, 1, False)
        figures[f"produce {size} B, records/s"] = produce(system, topic, size, count)
        figures[f"consume {size} B, records/s"] = consume(system, topic, count)
        system.delete_topic(topic)
    system.make_topic(f"latency-{turn}", 1, False)
    figures["end to end one by one, p50 ms"] = latency(system, f"latency-{turn}")
    return figures


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    slices = {"ottla": [], "kafka": []}
    for name, count in order(["ottla", "kafka"], pairs):
        with here() as directory:
            system = SYSTEMS[name](os.path.join(directory, name))
            system.start()
            try:
                measure(system, "warm")  # thrown away
                slices[name] += [measure(system, turn) for turn in range(count)]
            finally:
                system.stop()
    print("| Kafka's tools, acks=all from the page cache | ottla | kafka | ottla/kafka, median of pairs |\n|---|---|---|---|")
    for what in slices["ottla"][0]:
        ours, theirs = ([one[what] for one in slices[name]] for name in ("ottla", "kafka"))
        ratio = statistics.median(our / their for our, their in zip(ours, theirs))
        print(f"| {what} | {statistics.median(ours):,.2f} | {statistics.median(theirs):,.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
