"""Names, and how many may be asked for or made: rows 18, 37 and 38."""
import struct
import time

from asks import (MOST, compact_array, create_topic, created, describe_topic_partitions, flexible, metadata_errors, metadata_of,
                  nullable, read_uvarint, topics_at)
from table import ANSWERED, CLOSED, SILENT, TOPIC, ask, received, reply_to, row, says
from wire import compact, metadata


def metadata_error(name):
    def act(side):
        reply = reply_to(side, metadata(name))
        return reply if isinstance(reply, str) else f"error {metadata_errors(reply)[0]}"
    return act


def creation(*arguments, **named):
    def act(side):
        reply = reply_to(side, create_topic(*arguments, **named))
        return reply if isinstance(reply, str) else f"error {created(reply)[0]}"
    return act


for bad in ("../../etc", "..", ".", "x" * 250, "a b", "a/b", "a\\b", "a\0b", "ä", "", "a\nb", "%2e%2e"):
    row(18, f"Metadata makes no topic {bad[:12]!r}", "error 17")(metadata_error(bad))
    row(18, f"CreateTopics makes no topic {bad[:12]!r}", "error 17")(creation(bad))
row(18, "a name of 249 characters is one", "error 0")(creation("x" * 249))
row(18, "a name of 40,000 characters, which no string may have", CLOSED)(creation("x" * 40_000))
row(18, "__cluster_metadata", "error 42")(creation("__cluster_metadata"))


@row(18, "'a.b' after 'a_b', which would be one in the names of metrics", "error 17")
def _(side):
    creation("a_b")(side)
    return creation("a.b")(side)


@row(37, "Metadata for 100,000 names that are not there", "100,000 times error 3")
def _(side):
    reply = reply_to(side, metadata_of(f"none-{number}" for number in range(100_000)))
    if isinstance(reply, str):
        return reply
    errors = metadata_errors(reply)
    return f"{len(errors):,} times error {errors[0]}" if len(set(errors)) == 1 else f"errors {sorted(set(errors))}"


@row(37, "Metadata for a million names that are not there", "answered or closed")
def _(side):
    """The whole answer, or none: one that is cut would tell that topics are gone."""
    reply = reply_to(side, metadata_of(f"{number:06}" for number in range(1_000_000)))
    if reply == CLOSED:
        return "answered or closed"
    if isinstance(reply, str):
        return reply
    count = struct.unpack_from(">i", reply, topics_at(reply))[0]
    return "answered or closed" if count == 1_000_000 else f"{count:,} told"


row(37, "DescribeTopicPartitions for 100,000 names", ANSWERED)(
    says(describe_topic_partitions((f"none-{number}" for number in range(100_000)), MOST)))


def described(reply):
    """(partitions of the first topic, whether there is more) of a DescribeTopicPartitions reply."""
    topics, at = read_uvarint(reply, 1 + 4)
    at += 2
    size, at = read_uvarint(reply, at)
    at += size - 1 + 16 + 1
    partitions, at = read_uvarint(reply, at)
    return partitions - 1, reply[-2] != 0xFF


@row(37, "DescribeTopicPartitions of 2,100 partitions, limit 2^31-1: 2,000 and a cursor", "2000 partitions, and more")
def _(side):
    client = side.connect(10)
    if ask(client, create_topic("wide", 2_100)) == SILENT:
        return "the topic was not made"
    client.close()
    reply = reply_to(side, describe_topic_partitions(["wide"], MOST))
    if isinstance(reply, str):
        return reply
    count, is_more = described(reply)
    return f"{count} partitions, {'and more' if is_more else 'no more'}"


for limit in (0, -1, -2**31):
    row(37, f"DescribeTopicPartitions with the limit {limit}", ANSWERED)(says(describe_topic_partitions([TOPIC], limit)))
row(37, "DescribeTopicPartitions with a cursor beyond all", ANSWERED)(says(describe_topic_partitions([TOPIC], 10, (TOPIC, MOST))))
row(37, "DescribeTopicPartitions with a negative cursor", ANSWERED)(says(describe_topic_partitions([TOPIC], 10, (TOPIC, -1))))

row(38, "CreateTopics with 10^9 partitions", "error 44")(creation("many", 10**9))
row(38, "CreateTopics with 2^31-1 partitions", "error 44")(creation("many", MOST))
row(38, "CreateTopics with 10^9 partitions, only to see whether it may be", "error 44")(creation("many", 10**9, validate_only=True))
row(38, "CreateTopics with 0 partitions", "error 37")(creation("none", 0))
row(38, "CreateTopics with -2^31 partitions", "error 37")(creation("none", -2**31))
row(38, "CreateTopics with a replication factor of 32767", "error 38")(creation("replicated", 1, 32767))
row(38, "CreateTopics with 10^9 partitions and a replication factor of 32767", "error 44")(creation("both", 10**9, 32767))
row(38, "CreateTopics with a replication factor of 0", "error 38")(creation("replicated", 1, 0))
row(38, "CreateTopics with 50,000 configs that are none", "error 40")(
    creation("configured", configs=[(f"config.{number}", "x") for number in range(50_000)]))
row(38, "CreateTopics with a number of 32,000 digits", "error 40")(creation("configured", configs=[("retention.ms", "9" * 32_000)]))
row(38, "CreateTopics with a config of 8 MB, which no string may have", CLOSED)(
    creation("configured", configs=[("retention.ms", "9" * 8_000_000)]))
# Few, since Kafka takes time that grows with more than their square.
row(38, "CreateTopics with 300 times the same config", "error 40")(
    creation("configured", configs=[("retention.ms", "x")] * 300))


def create_partitions(name, count):
    topic = compact(name) + struct.pack(">i", count) + b"\x00\x00"
    return flexible(37, 2, compact_array([topic]) + struct.pack(">i?", 5000, False) + b"\x00")


for count, error in ((MOST, 44), (0, 37), (-1, 37)):
    @row(38, f"CreatePartitions up to {count}", f"error {error}")
    def _(side, count=count):
        reply = reply_to(side, create_partitions(TOPIC, count))
        return reply if isinstance(reply, str) else f"error {struct.unpack_from('>h', reply, 1 + 4 + 1 + 1 + len(TOPIC))[0]}"


def alter_configs(topic, configs):
    told = compact_array(compact(key) + b"\x00" + nullable(value) + b"\x00" for key, value in configs)
    return flexible(44, 1, compact_array([b"\x02" + compact(topic) + told + b"\x00"]) + b"\x00\x00")


@row(38, "IncrementalAlterConfigs with 2,000 configs of 1,000 bytes that are none", "error 40")
def _(side):
    reply = reply_to(side, alter_configs(TOPIC, [(f"config.{number}", "x" * 1_000) for number in range(2_000)]))
    return reply if isinstance(reply, str) else f"error {struct.unpack_from('>h', reply, 1 + 4 + 1)[0]}"


@row(38, "a storm of topics that are made when asked for: 1,000 names, 100 partitions may be", "99 at the most, then error 44",
     max_partitions_per_cluster=100)
def _(side):
    client = side.connect()
    errors = []
    for part in range(10):
        reply = ask(client, metadata_of((f"storm-{part}-{number}" for number in range(100)), create=True))
        if isinstance(reply, str):
            return reply
        errors += metadata_errors(reply)
    client.close()
    made = errors.count(0)
    told = "99 at the most, then" if made <= 99 and 0 not in errors[made:] else f"{made} topics,"
    return f"{told} error {errors[-1]}"


@row(38, "a storm of topics by four clients at once, 50 each", "200 topics")
def _(side):
    clients = side.connect_many(4)
    names = [[f"at-once-{who}-{number}" for number in range(50)] for who in range(4)]
    for client, own in zip(clients, names):
        client.send(metadata_of(own, create=True))
    for client in clients:
        received(client)
        client.close()
    every = [name for own in names for name in own]
    deadline = time.monotonic() + 3
    while True:  # Kafka makes them after it has answered
        made = metadata_errors(reply_to(side, metadata_of(every))).count(0)
        if made == 200 or time.monotonic() > deadline:
            return f"{made} topics"
        time.sleep(0.05)
