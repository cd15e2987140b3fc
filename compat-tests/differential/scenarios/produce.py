"""Produce, by producers without an id."""
import gzip
import struct

from scenario import scenario
from wire import batch, record, varint

SOME_ID = "c29tZS10b3BpYy1pZC1uby"
LZ4, GZIP, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 3, 1, 8, 16, 32


def some(*values):
    """A batch, its timestamps 1000, 1001, ..."""
    return batch([record(i, None, value, timestamp_delta=i) for i, value in enumerate(values or (b"a", b"b"))],
                 max_timestamp=1000 + len(values or "ab") - 1)


def produce(topic, records=None, acks=-1, partition=0, **more):
    partitions = [{"index": partition, "records": some() if records is None else records}]
    return {"acks": acks, "timeout_ms": 3000, "topic_data": [
        {"name": topic.name, "topic_id": topic.id, "partition_data": partitions}], **more}


def refused(s, topic, **batches):
    """Each in its own request; nothing is written, so that the next one gets the same offset."""
    for v in (3, 8, s.last("Produce")):
        for records in batches.values():
            s.ask("Produce", v, **produce(topic, records))


@scenario
def produce_in_each_version(s):
    topic = s.topic()
    for v in s.versions("Produce"):
        s.ask("Produce", v, **produce(topic))


@scenario
def produce_with_one_ack(s):
    topic = s.topic()
    for v in (3, s.last("Produce")):
        s.ask("Produce", v, **produce(topic, acks=1))


@scenario
def produce_without_acks(s):
    topic = s.topic()
    for v in (3, 9, s.last("Produce")):
        s.send("Produce", v, **produce(topic, acks=0)).unanswered()
    s.ask("ListOffsets", 4, replica_id=-1, topics=[{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}])


@scenario
def produce_without_acks_what_is_wrong(s):
    topic = s.topic()
    s.send("Produce", 3, **produce(topic, some()[:-1] + b"X", acks=0)).unanswered()
    s.send("Produce", 3, **produce(topic, acks=0, partition=9)).unanswered()


@scenario
def produce_with_odd_acks(s):
    topic = s.topic()
    for acks in (2, -2, 127, -32768):
        s.ask("Produce", 3, **produce(topic, acks=acks))
        s.ask("Produce", s.last("Produce"), **produce(topic, acks=acks))


@scenario
def produce_to_unknown_topics_and_partitions(s):
    topic = s.topic()
    for v in s.versions("Produce"):
        s.ask("Produce", v, **produce(topic, partition=1))
        s.ask("Produce", v, **produce(topic, partition=-1))
        s.ask("Produce", v, **produce(type(topic)("no-such-topic", SOME_ID)))


@scenario
def produce_to_the_zero_id(s):
    topic = s.topic()
    s.ask("Produce", 13, **produce(type(topic)("x", "AAAAAAAAAAAAAAAAAAAAAA")))


@scenario
def produce_to_illegal_names(s):
    topic = s.topic()
    for name in ("", "a/b", "..", "x" * 250):
        s.ask("Produce", 8, **produce(type(topic)(name, SOME_ID)))


@scenario
def produce_to_internal_topics(s):
    topic = s.topic()
    s.ask("Produce", 8, **produce(type(topic)("__consumer_offsets", SOME_ID)))


@scenario
def produce_nothing(s):
    topic = s.topic()
    for v in (3, 8, s.last("Produce")):
        s.ask("Produce", v, acks=-1, timeout_ms=3000, topic_data=[])
        s.ask("Produce", v, acks=-1, timeout_ms=3000,
              topic_data=[{"name": topic.name, "topic_id": topic.id, "partition_data": []}])


@scenario
def produce_no_records(s):
    topic = s.topic()
    for v in (3, 8, s.last("Produce")):
        s.ask("Produce", v, **produce(topic, b""))


@scenario
def produce_to_several_partitions_of_which_one_is_wrong(s):
    topic = s.topic(partitions=2)
    for v in (3, 8, s.last("Produce")):
        partitions = [{"index": 1, "records": some()}, {"index": 7, "records": some()}, {"index": 0, "records": some()}]
        s.ask("Produce", v, acks=-1, timeout_ms=3000,
              topic_data=[{"name": topic.name, "topic_id": topic.id, "partition_data": partitions}])


@scenario
def produce_to_one_partition_twice_in_a_request(s):
    topic = s.topic()
    partitions = [{"index": 0, "records": some()}, {"index": 0, "records": some()}]
    for v in (8, s.last("Produce")):
        s.ask("Produce", v, acks=-1, timeout_ms=3000,
              topic_data=[{"name": topic.name, "topic_id": topic.id, "partition_data": partitions}])


@scenario
def produce_a_wrong_crc(s):
    refused(s, s.topic(), wrong=batch([record()], crc=1), cut=some()[:-1], last_byte=some()[:-1] + b"X")


@scenario
def produce_old_formats(s):
    message = struct.pack(">bbi", 0, 0, -1) + struct.pack(">i", 1) + b"v"
    old = struct.pack(">qiI", 0, len(message) + 4, 0) + message
    refused(s, s.topic(), magic_1=batch([record()], magic=1), magic_3=batch([record()], magic=3), magic_0=old)


@scenario
def produce_two_batches_at_once(s):
    refused(s, s.topic(), two=some() + some())


@scenario
def produce_bytes_that_are_no_batch(s):
    refused(s, s.topic(), short=b"abc", header_only=some()[:12], zeros=b"\0" * 61, longer=some() + b"rest",
            length_zero=batch([record()], length=0), length_negative=batch([record()], length=-1),
            length_huge=batch([record()], length=2**31 - 1))


@scenario
def produce_counts_that_lie(s):
    topic = s.topic()
    refused(s, topic, more=batch([record()], count=2), none=batch([record()], count=0), negative=batch([record()], count=-1),
            huge=batch([record()], count=2**31 - 1))
    refused(s, topic, delta=batch([record()], last_delta=5), negative=batch([record()], last_delta=-1),
            empty=batch([], last_delta=0), huge=batch([record()], last_delta=2**31 - 1))


@scenario
def produce_offset_deltas_that_are_not_in_order(s):
    refused(s, s.topic(), gap=batch([record(0), record(2)]), twice=batch([record(0), record(0)]),
            backwards=batch([record(1), record(0)]), from_one=batch([record(1)], last_delta=1))


@scenario
def produce_records_that_are_cut(s):
    refused(s, s.topic(), key=batch([record(length=3)]), tail=batch([record(tail=b"xx")]), negative=batch([record(length=-1)]),
            headers=batch([record(headers=varint(3))]), negative_headers=batch([record(headers=varint(-1))]),
            null_header_key=batch([record(headers=varint(1) + varint(-1) + varint(0))]), long=batch([record(length=1000)]))


@scenario
def produce_control_and_transactional_batches(s):
    refused(s, s.topic(), control=batch([record()], attributes=CONTROL),
            transactional=batch([record()], attributes=TRANSACTIONAL, producer=(1, 0, 0)),
            unknown_bits=batch([record()], attributes=0x4000))


@scenario
def produce_unknown_codecs(s):
    refused(s, s.topic(), five=batch([record()], attributes=5), seven=batch([record()], attributes=7))


@scenario
def produce_compressed(s):
    topic = s.topic()
    squeezed = gzip.compress(record(0, None, b"a") + record(1, b"k", b"b"), mtime=0)
    data = batch([squeezed], attributes=GZIP, count=2, last_delta=1)
    for v in (3, s.last("Produce")):
        s.ask("Produce", v, **produce(topic, data))
    refused(s, topic, garbage=batch([b"garbage"], attributes=GZIP), garbage_lz4=batch([b"garbage"], attributes=LZ4),
            count=batch([squeezed], attributes=GZIP, count=3, last_delta=2))


@scenario
def produce_zstd_before_its_version(s):
    topic = s.topic()
    for v in (3, 6, 7):
        s.ask("Produce", v, **produce(topic, batch([b"garbage"], attributes=4)))


@scenario
def produce_with_the_brokers_time(s):
    topic = s.topic(message_timestamp_type="LogAppendTime")
    for v in s.versions("Produce"):
        s.ask("Produce", v, **produce(topic))
    s.ask("Produce", 8, **produce(topic, batch([record()], attributes=LOG_APPEND_TIME)))


@scenario
def produce_a_batch_that_claims_the_brokers_time(s):
    refused(s, s.topic(), claimed=batch([record()], attributes=LOG_APPEND_TIME))


@scenario
def produce_timestamps_out_of_bounds(s):
    topic = s.topic(message_timestamp_before_max_ms=1000, message_timestamp_after_max_ms=1000)
    refused(s, topic, old=some(), future=batch([record()], base_timestamp=9 * 10**12, max_timestamp=9 * 10**12),
            negative=batch([record()], base_timestamp=-1, max_timestamp=-1))


@scenario
def produce_a_max_timestamp_that_lies(s):
    topic = s.topic()
    s.ask("Produce", 8, **produce(topic, batch([record()], max_timestamp=5000)))
    s.ask("ListOffsets", 7, replica_id=-1, topics=[{"name": topic.name, "partitions": [{"partition_index": 0, "timestamp": -3}]}])
    s.ask("Produce", 8, **produce(topic, batch([record()], base_timestamp=-5, max_timestamp=-5)))


@scenario
def produce_more_than_allowed(s):
    topic = s.topic(max_message_bytes=200)
    refused(s, topic, large=some(b"x" * 500))
    s.ask("Produce", 8, **produce(topic, some(b"x" * 100)))


@scenario
def produce_without_keys_to_a_compacted_topic(s):
    topic = s.topic(cleanup_policy="compact")
    refused(s, topic, no_key=some(), one_of_two=batch([record(0, b"k"), record(1, None)]))
    s.ask("Produce", 8, **produce(topic, batch([record(0, b"k"), record(1, b"")])))


@scenario
def produce_with_base_offsets_of_its_own(s):
    topic = s.topic()
    data = some()
    s.ask("Produce", 8, **produce(topic, struct.pack(">q", 500) + data[8:]))
    s.ask("Produce", 8, **produce(topic, struct.pack(">q", -1) + data[8:]))


@scenario
def produce_with_too_few_replicas(s):
    topic = s.topic(min_insync_replicas=2)
    for v in (3, s.last("Produce")):
        for acks in (-1, 1):
            s.ask("Produce", v, **produce(topic, acks=acks))


@scenario
def produce_to_a_deleted_topic(s):
    topic = s.topic()
    s.quietly("DeleteTopics", 6, topics=[{"name": topic.name}], timeout_ms=5000)
    s.wait_for(topic.name, lambda one: one["error_code"] == "UNKNOWN_TOPIC_OR_PARTITION")
    for v in (8, 12, 13):
        s.ask("Produce", v, **produce(topic))
