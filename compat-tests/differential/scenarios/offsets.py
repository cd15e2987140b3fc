"""ListOffsets, OffsetForLeaderEpoch, DeleteRecords."""
from scenario import scenario
from wire import batch, record

LATEST, EARLIEST, MAX_TIMESTAMP, LOCAL, TIERED, PENDING = -1, -2, -3, -4, -5, -6


def write(s, topic, *timestamps, partition=0):
    for one in timestamps:
        data = batch([record()], base_timestamp=one, max_timestamp=one)
        s.quietly("Produce", 8, acks=-1, timeout_ms=3000, topic_data=[
            {"name": topic.name, "partition_data": [{"index": partition, "records": data}]}])


def offsets(topic, timestamp, partition=0, epoch=-1, **more):
    return {"replica_id": -1, "timeout_ms": 3000, **more, "topics": [{"name": topic.name, "partitions": [
        {"partition_index": partition, "timestamp": timestamp, "current_leader_epoch": epoch}]}]}


def delete(s, topic, offset, partition=0, version=2):
    s.ask("DeleteRecords", version, timeout_ms=3000,
          topics=[{"name": topic.name, "partitions": [{"partition_index": partition, "offset": offset}]}])


@scenario
def list_offsets_in_each_version(s):
    topic = s.topic()
    write(s, topic, 1000, 2000, 3000)
    for v in s.versions("ListOffsets"):
        for timestamp in (LATEST, EARLIEST, 1500):
            s.ask("ListOffsets", v, **offsets(topic, timestamp))


@scenario
def list_offsets_by_special_timestamps(s):
    topic = s.topic()
    write(s, topic, 1000, 3000, 2000)
    for v in s.versions("ListOffsets"):
        for timestamp in (MAX_TIMESTAMP, LOCAL, TIERED, PENDING, -7, -100, -2**63):
            s.ask("ListOffsets", v, **offsets(topic, timestamp))


@scenario
def list_offsets_of_an_empty_log(s):
    topic = s.topic()
    for timestamp in (LATEST, EARLIEST, MAX_TIMESTAMP, LOCAL, TIERED, PENDING, 0, 1000):
        s.ask("ListOffsets", s.last("ListOffsets"), **offsets(topic, timestamp))


@scenario
def list_offsets_by_time(s):
    topic = s.topic()
    write(s, topic, 1000, 3000, 2000, 3000)
    for timestamp in (0, 999, 1000, 1001, 2000, 2001, 3000, 3001, 2**63 - 1):
        s.ask("ListOffsets", 1, **offsets(topic, timestamp))
        s.ask("ListOffsets", s.last("ListOffsets"), **offsets(topic, timestamp))


@scenario
def list_offsets_inside_of_a_batch(s):
    topic = s.topic()
    data = batch([record(i, timestamp_delta=10 * i) for i in range(5)], max_timestamp=1040)
    s.quietly("Produce", 8, acks=-1, timeout_ms=3000, topic_data=[
        {"name": topic.name, "partition_data": [{"index": 0, "records": data}]}])
    for timestamp in (1000, 1005, 1010, 1040, 1041, MAX_TIMESTAMP):
        s.ask("ListOffsets", 7, **offsets(topic, timestamp))


@scenario
def list_offsets_of_what_is_not_there(s):
    topic = s.topic()
    for v in s.versions("ListOffsets"):
        s.ask("ListOffsets", v, **offsets(topic, LATEST, partition=4))
        s.ask("ListOffsets", v, **offsets(type(topic)("no-such-topic", ""), LATEST))
    s.ask("ListOffsets", 7, **offsets(type(topic)("a/b", ""), LATEST))


@scenario
def list_offsets_with_leader_epochs(s):
    topic = s.topic()
    write(s, topic, 1000)
    for v in (4, s.last("ListOffsets")):
        for epoch in (0, 1, 1000, -2):
            s.ask("ListOffsets", v, **offsets(topic, LATEST, epoch=epoch))


@scenario
def list_offsets_of_read_committed_readers(s):
    topic = s.topic()
    write(s, topic, 1000)
    for v in (2, s.last("ListOffsets")):
        for level in (0, 1, 2):
            s.ask("ListOffsets", v, **offsets(topic, LATEST, isolation_level=level))


@scenario
def list_offsets_as_a_replica(s):
    topic = s.topic()
    write(s, topic, 1000)
    for replica in (1, 7, -2, -3):
        s.ask("ListOffsets", 7, **offsets(topic, LATEST, replica_id=replica))


@scenario
def list_offsets_asked_twice_for_one_partition(s):
    topic = s.topic()
    write(s, topic, 1000)
    asked = [{"partition_index": 0, "timestamp": LATEST}, {"partition_index": 0, "timestamp": EARLIEST}]
    for v in (1, s.last("ListOffsets")):
        s.ask("ListOffsets", v, replica_id=-1, topics=[{"name": topic.name, "partitions": asked}])


@scenario
def list_offsets_of_nothing(s):
    topic = s.topic()
    for v in (1, s.last("ListOffsets")):
        s.ask("ListOffsets", v, replica_id=-1, topics=[])
        s.ask("ListOffsets", v, replica_id=-1, topics=[{"name": topic.name, "partitions": []}])


@scenario
def list_offsets_after_records_were_deleted(s):
    topic = s.topic()
    write(s, topic, 1000, 2000, 3000)
    delete(s, topic, 2)
    for timestamp in (EARLIEST, LATEST, 0, 1000, 2500, MAX_TIMESTAMP, LOCAL):
        s.ask("ListOffsets", 8, **offsets(topic, timestamp))


@scenario
def offset_for_leader_epoch(s):
    topic = s.topic()
    write(s, topic, 1000, 2000)
    for v in s.versions("OffsetForLeaderEpoch"):
        for current, epoch in ((-1, 0), (0, 0), (-1, 5), (-1, -1), (1, 0), (-2, 0), (-1, -2)):
            s.ask("OffsetForLeaderEpoch", v, replica_id=-1, topics=[{"topic": topic.name, "partitions": [
                {"partition": 0, "current_leader_epoch": current, "leader_epoch": epoch}]}])


@scenario
def offset_for_leader_epoch_of_an_empty_log(s):
    topic = s.topic()
    s.ask("OffsetForLeaderEpoch", 3, replica_id=-1,
          topics=[{"topic": topic.name, "partitions": [{"partition": 0, "leader_epoch": 0}]}])


@scenario
def offset_for_leader_epoch_of_what_is_not_there(s):
    topic = s.topic()
    for v in s.versions("OffsetForLeaderEpoch"):
        s.ask("OffsetForLeaderEpoch", v, replica_id=-1, topics=[
            {"topic": topic.name, "partitions": [{"partition": 3, "leader_epoch": 0}, {"partition": -1, "leader_epoch": 0}]},
            {"topic": "no-such-topic", "partitions": [{"partition": 0, "leader_epoch": 0}]}])
        s.ask("OffsetForLeaderEpoch", v, replica_id=-1, topics=[])


@scenario
def offset_for_leader_epoch_as_a_replica(s):
    topic = s.topic()
    for replica in (1, 9, -2, -3):
        s.ask("OffsetForLeaderEpoch", 4, replica_id=replica,
              topics=[{"topic": topic.name, "partitions": [{"partition": 0, "leader_epoch": 0}]}])


@scenario
def delete_records(s):
    topic = s.topic()
    write(s, topic, *range(1000, 1007))
    for v in s.versions("DeleteRecords"):
        delete(s, topic, 1 + v, version=v)
    for offset in (2, 0, 7, -1):
        delete(s, topic, offset)


@scenario
def delete_records_beyond_the_end(s):
    topic = s.topic()
    write(s, topic, 1000)
    for offset in (2, 2**63 - 1, -2):
        delete(s, topic, offset)
        delete(s, topic, offset, version=0)


@scenario
def delete_records_of_what_is_not_there(s):
    topic = s.topic()
    delete(s, topic, 0, partition=9)
    delete(s, type(topic)("no-such-topic", ""), 0)
    delete(s, type(topic)("a/b", ""), 0)
    s.ask("DeleteRecords", 2, topics=[], timeout_ms=1000)
    s.ask("DeleteRecords", 2, topics=[{"name": topic.name, "partitions": []}], timeout_ms=1000)


@scenario
def delete_records_of_a_compacted_topic(s):
    for policy in ("compact", "compact,delete"):
        topic = s.topic("-" + policy.replace(",", "-"), cleanup_policy=policy)
        delete(s, topic, 0)


@scenario
def delete_records_of_an_internal_topic(s):
    topic = s.topic()
    delete(s, type(topic)("__consumer_offsets", ""), 0)


@scenario
def delete_records_named_twice(s):
    topic = s.topic()
    write(s, topic, 1000, 2000, 3000)
    both = [{"partition_index": 0, "offset": 1}, {"partition_index": 0, "offset": 2}]
    s.ask("DeleteRecords", 2, timeout_ms=3000, topics=[{"name": topic.name, "partitions": both}])
    s.ask("ListOffsets", 7, **offsets(topic, EARLIEST))
