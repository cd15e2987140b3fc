"""The cases: what load, on which systems, and which of its figures counts."""
from dataclasses import dataclass, field

KIB = 1024
TAIL_BYTES = 256 * KIB * KIB  # what readers read again and again; it stays in the page cache


@dataclass
class Case:
    title: str
    load: list  # of words: the program and what it is told
    figure: str = "cpu_s_per_gb"  # the one that is compared; smaller is better unless it counts something in a second
    systems: tuple = ("floor", "kafka")  # beside ours
    partitions: int = 1
    modes: tuple = ("cache",)  # what an acknowledgement waits for: cache, fsync
    fill: list = field(default_factory=list)  # a load that writes what the other one reads
    cold: bool = False  # nothing of what is read is in the page cache
    bytes: int = 0  # the load ends after so many, lest the disk be measured

    @property
    def is_rate(self):
        return self.figure.endswith("_per_s")


def raw(kind, **words):
    return ["raw_load", kind] + [text for name, value in words.items() for text in ("--" + name.replace("_", "-"), str(value))]


def client(kind, *more, **words):
    return ["librdkafka_load", *raw(kind, **words)[1:], *more]


FILL = raw("produce", batch_bytes=64 * KIB, total_bytes=TAIL_BYTES, seconds=60, warm_up_seconds=0)
BOTH = ("cache", "fsync")
TINY = {"record_bytes": 100, "batch_bytes": 200}
GB = 1_500_000_000

CASES = {
    "produce-1m": Case("produce, requests of 1 MiB (16 batches of 64 KiB)",
                       raw("produce", batch_bytes=64 * KIB, partitions_per_request=16), partitions=16, bytes=GB),
    "produce-64k": Case("produce, requests of 64 KiB", raw("produce", batch_bytes=64 * KIB), bytes=GB),
    "produce-16k": Case("produce, requests of 16 KiB", raw("produce", batch_bytes=16 * KIB), modes=BOTH, bytes=GB),
    "tiny-64": Case("one record of 100 B a request, 64 connections", raw("produce", connections=64, depth=1, **TINY),
                    "cpu_us_per_request", modes=BOTH),
    "tiny-4x5": Case("the same, 4 connections with 5 under way", raw("produce", connections=4, depth=5, **TINY),
                     "cpu_us_per_request"),
    "fetch": Case("fetch of 1 MiB, cached", raw("fetch", batch_bytes=64 * KIB), fill=FILL),
    "fetch-cold": Case("fetch of 1 MiB, from the disk", raw("fetch", batch_bytes=64 * KIB, seconds=20, warm_up_seconds=0), fill=FILL,
                       cold=True, bytes=TAIL_BYTES),
    "fetch-8": Case("the same by 8 consumers of one partition", raw("fetch", batch_bytes=64 * KIB, connections=8), fill=FILL),
    # One way there and one back on the floor: what the machine itself takes of the latencies below.
    "ack-1k": Case("one record acknowledged, 1,000 a second", raw("produce", connections=1, depth=1, rate=1000, **TINY), "p50_us"),
    "latency-1k": Case("end to end at 1,000 records/s", raw("latency", rate=1000, **TINY), "p50_us", ("kafka",), modes=BOTH),
    "latency-10k": Case("end to end at 10,000 records/s", raw("latency", rate=10_000, **TINY), "p50_us", ("kafka",), modes=BOTH),
    "client-100b": Case("librdkafka, records of 100 B", client("produce", record_bytes=100, messages=3_000_000), "messages_per_s",
                        ("kafka", "mock"), modes=BOTH),
    "client-1k": Case("librdkafka, records of 1 KiB", client("produce", record_bytes=1024, messages=700_000), "messages_per_s",
                      ("kafka", "mock"), modes=BOTH),
    "client-lz4": Case("librdkafka, 1 KiB, half random, lz4",
                       client("produce", record_bytes=1024, messages=700_000, compression="lz4", random_percent=50),
                       "messages_per_s", ("kafka",)),
    "client-zstd": Case("the same, zstd",
                        client("produce", record_bytes=1024, messages=500_000, compression="zstd", random_percent=50),
                        "messages_per_s", ("kafka",)),
    "client-idempotent": Case("librdkafka, 100 B, idempotent", client("produce", "--idempotent", record_bytes=100, messages=2_000_000),
                              "messages_per_s", ("kafka",)),
    "client-100-partitions": Case("librdkafka, 1 KiB, keyed, 100 partitions",
                                  client("produce", "--keyed", record_bytes=1024, messages=500_000), "messages_per_s", ("kafka",),
                                  partitions=100),
    "client-read": Case("librdkafka reads records of 100 B", client("consume", record_bytes=100, messages=2_500_000, warm_up_messages=500_000),
                        "messages_per_s", ("kafka",),
                        fill=client("produce", record_bytes=100, messages=3_000_000, warm_up_messages=0)),
}
QUICK = ("produce-1m", "produce-64k", "tiny-64", "fetch", "latency-1k", "client-100b")

# How cost grows: one slice for each point and system.
CURVES = {
    "partitions": [(count, Case("requests of 64 KiB, over so many partitions",
                                raw("produce", batch_bytes=64 * KIB, connections=min(count, 16), depth=2), partitions=count, bytes=GB))
                   for count in (1, 10, 100, 1000)],
    "connections": [(count, Case("one record of 100 B a request, connections", raw("produce", connections=count, depth=1, **TINY),
                                 "cpu_us_per_request")) for count in (1, 10, 100, 1000)],
    "request-bytes": [(size, Case("requests of so many bytes", raw("produce", record_bytes=min(size, 1024), batch_bytes=size), bytes=GB))
                      for size in (200, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1_000_000)],
    "record-bytes": [(size, Case("records of so many bytes, batches of 64 KiB or one record",
                                 raw("produce", record_bytes=size, batch_bytes=max(64 * KIB, size)), bytes=GB))
                     for size in (100, KIB, 10_000, 100_000, 1_000_000)],
    "consumers": [(count, Case("consumers of one partition", raw("fetch", batch_bytes=64 * KIB, connections=count), fill=FILL))
                  for count in (1, 2, 4, 8)],
    "rate": [(rate, Case("end to end, records/s", raw("latency", rate=rate, **TINY), "p99_us", ("kafka",)))
             for rate in (1000, 5000, 20_000, 50_000)],
}
