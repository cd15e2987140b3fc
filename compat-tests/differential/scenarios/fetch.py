"""Fetch without sessions."""
from scenario import scenario
from wire import batch, record

SOME_ID = "c29tZS10b3BpYy1pZC1uby"


def write(s, topic, *values, partition=0, size=1, **more):
    """A batch for each value, of `size` records."""
    for value in values:
        data = batch([record(i, b"k", value, headers=b"\x02\x02h\x02v") for i in range(size)], **more)
        s.quietly("Produce", 8, acks=-1, timeout_ms=3000, topic_data=[
            {"name": topic.name, "partition_data": [{"index": partition, "records": data}]}])


def fetch(topic, offset=0, partition=0, partition_max_bytes=100_000, current_leader_epoch=-1, wait=0, min_bytes=0, **more):
    partitions = [{"partition": partition, "fetch_offset": offset, "partition_max_bytes": partition_max_bytes,
                   "current_leader_epoch": current_leader_epoch, "last_fetched_epoch": more.pop("last_fetched_epoch", -1)}]
    return {"replica_id": -1, "max_wait_ms": wait, "min_bytes": min_bytes, "max_bytes": 10_000_000,
            "topics": [{"topic": topic.name, "topic_id": topic.id, "partitions": partitions}], **more}


@scenario
def fetch_in_each_version(s):
    topic = s.topic()
    write(s, topic, b"a", b"b", size=2)
    for v in s.versions("Fetch"):
        s.ask("Fetch", v, **fetch(topic))
        s.ask("Fetch", v, **fetch(topic, isolation_level=1))


@scenario
def fetch_from_the_middle_of_a_batch(s):
    topic = s.topic()
    write(s, topic, b"a", b"b", size=4)
    for offset in (0, 1, 3, 4, 7):
        s.ask("Fetch", 4, **fetch(topic, offset))
        s.ask("Fetch", s.last("Fetch"), **fetch(topic, offset))


@scenario
def fetch_at_the_end(s):
    topic = s.topic()
    write(s, topic, b"a")
    for v in s.versions("Fetch"):
        s.ask("Fetch", v, **fetch(topic, 1))


@scenario
def fetch_an_empty_log(s):
    topic = s.topic()
    for v in (4, 11, s.last("Fetch")):
        s.ask("Fetch", v, **fetch(topic, 0))
        s.ask("Fetch", v, **fetch(topic, 0, wait=50, min_bytes=1))


@scenario
def fetch_out_of_range(s):
    topic = s.topic()
    write(s, topic, b"a")
    for v in s.versions("Fetch"):
        for offset in (2, -1, 2**63 - 1):
            s.ask("Fetch", v, **fetch(topic, offset))


@scenario
def fetch_below_the_start(s):
    topic = s.topic()
    write(s, topic, b"a", b"b", b"c")
    s.quietly("DeleteRecords", 2, timeout_ms=3000,
              topics=[{"name": topic.name, "partitions": [{"partition_index": 0, "offset": 2}]}])
    for offset in (0, 1, 2):
        s.ask("Fetch", 11, **fetch(topic, offset))
        s.ask("Fetch", s.last("Fetch"), **fetch(topic, offset))


@scenario
def fetch_unknown_topics_and_partitions(s):
    topic = s.topic()
    for v in s.versions("Fetch"):
        s.ask("Fetch", v, **fetch(topic, partition=5))
        s.ask("Fetch", v, **fetch(topic, partition=-1))
        s.ask("Fetch", v, **fetch(type(topic)("no-such-topic", SOME_ID)))


@scenario
def fetch_odd_names_and_ids(s):
    topic = s.topic()
    for name in ("", "a/b", "x" * 250):
        s.ask("Fetch", 12, **fetch(type(topic)(name, SOME_ID)))
    s.ask("Fetch", 13, **fetch(type(topic)("", "AAAAAAAAAAAAAAAAAAAAAA")))


@scenario
def fetch_nothing(s):
    topic = s.topic()
    for v in (4, 7, 12, 13, s.last("Fetch")):
        s.ask("Fetch", v, replica_id=-1, max_wait_ms=0, min_bytes=0, topics=[])
        s.ask("Fetch", v, replica_id=-1, max_wait_ms=0, min_bytes=0,
              topics=[{"topic": topic.name, "topic_id": topic.id, "partitions": []}])


@scenario
def fetch_with_leader_epochs(s):
    topic = s.topic()
    write(s, topic, b"a")
    for v in (9, 12, 16, s.last("Fetch")):
        for epoch in (0, 1, 1000, -2):
            s.ask("Fetch", v, **fetch(topic, current_leader_epoch=epoch))


@scenario
def fetch_with_a_last_fetched_epoch(s):
    topic = s.topic()
    write(s, topic, b"a", b"b")
    for v in (12, s.last("Fetch")):
        for offset, epoch in ((1, 0), (2, 0), (1, 5), (5, 0), (0, -5)):
            s.ask("Fetch", v, **fetch(topic, offset, last_fetched_epoch=epoch))


@scenario
def fetch_with_limits(s):
    topic = s.topic()
    write(s, topic, *[b"x" * 100] * 5)
    for v in (4, s.last("Fetch")):
        for limit in (0, 1, 70, 200, 345, 400, 2**31 - 1):
            s.ask("Fetch", v, **fetch(topic, partition_max_bytes=limit))


@scenario
def fetch_with_a_limit_for_all(s):
    topic = s.topic(partitions=3)
    for partition in range(3):
        write(s, topic, *[b"x" * 100] * 3, partition=partition)
    asked = [{"partition": one, "fetch_offset": 0, "partition_max_bytes": 10_000} for one in (0, 1, 2)]
    for v in (4, s.last("Fetch")):
        for limit in (0, 1, 180, 600, 1200):
            s.ask("Fetch", v, replica_id=-1, max_wait_ms=0, min_bytes=1, max_bytes=limit,
                  topics=[{"topic": topic.name, "topic_id": topic.id, "partitions": asked}])


@scenario
def fetch_with_odd_limits(s):
    topic = s.topic()
    write(s, topic, b"a")
    for more in ({"partition_max_bytes": -1}, {"min_bytes": -1}, {"wait": -1}):
        s.ask("Fetch", 4, **fetch(topic, **more))
    s.ask("Fetch", 4, **{**fetch(topic), "max_bytes": -1})


@scenario
def fetch_waits_for_enough(s):
    topic, other = s.topic(), s.connection()
    pending = s.send("Fetch", 11, **fetch(topic, wait=4000, min_bytes=1))
    other.ask("ApiVersions", 0)
    write_by = batch([record(0, None, b"late")])
    other.ask("Produce", 8, acks=-1, timeout_ms=3000, topic_data=[
        {"name": topic.name, "partition_data": [{"index": 0, "records": write_by}]}])
    pending.read()


@scenario
def fetch_waits_beside_an_unknown_partition(s):
    topic = s.topic(partitions=2)
    asked = [{"partition": one, "fetch_offset": 0, "partition_max_bytes": 1000} for one in (0, 7)]
    s.ask("Fetch", 11, replica_id=-1, max_wait_ms=200, min_bytes=1, topics=[{"topic": topic.name, "partitions": asked}])
    asked[1] = {"partition": 1, "fetch_offset": 99, "partition_max_bytes": 1000}  # ... and not beside any other error
    s.ask("Fetch", 11, replica_id=-1, max_wait_ms=4000, min_bytes=1, topics=[{"topic": topic.name, "partitions": asked}])


@scenario
def fetch_several_topics_and_partitions(s):
    one, other = s.topic("-b", partitions=2), s.topic("-a")
    write(s, one, b"0")
    write(s, one, b"1", partition=1)
    write(s, other, b"2")
    both = [{"partition": 1, "fetch_offset": 0, "partition_max_bytes": 1000},
            {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}]
    for v in (4, 12, s.last("Fetch")):
        s.ask("Fetch", v, replica_id=-1, max_wait_ms=0, min_bytes=0, topics=[
            {"topic": one.name, "topic_id": one.id, "partitions": both},
            {"topic": other.name, "topic_id": other.id, "partitions": both[1:]}])


@scenario
def fetch_one_partition_twice_in_a_request(s):
    topic = s.topic()
    write(s, topic, b"a", b"b")
    asked = [{"partition": 0, "fetch_offset": one, "partition_max_bytes": 1000} for one in (0, 1)]
    for v in (4, s.last("Fetch")):
        s.ask("Fetch", v, replica_id=-1, max_wait_ms=0, min_bytes=0,
              topics=[{"topic": topic.name, "topic_id": topic.id, "partitions": asked}])


@scenario
def fetch_with_an_isolation_level_that_is_none(s):
    topic = s.topic()
    write(s, topic, b"a")
    for level in (2, -1):
        s.ask("Fetch", 4, **fetch(topic, isolation_level=level))


@scenario
def fetch_what_was_compressed(s):
    topic = s.topic(compression_type="gzip")
    write(s, topic, b"a" * 50, b"b", size=3)
    s.ask("Fetch", 4, **fetch(topic))
    s.ask("Fetch", s.last("Fetch"), **fetch(topic))


@scenario
def fetch_zstd_before_its_version(s):
    topic = s.topic(compression_type="zstd")
    write(s, topic, b"a" * 50)
    for v in (4, 9, 10):
        s.ask("Fetch", v, **fetch(topic))


@scenario
def fetch_as_a_follower(s):
    topic = s.topic()
    write(s, topic, b"a")
    for v in (4, 14):
        for replica in (1, 2, -2):
            s.ask("Fetch", v, **fetch(topic, replica_id=replica) | {"replica_id": replica})
    for v in (15, s.last("Fetch")):
        s.ask("Fetch", v, **fetch(topic, replica_state={"replica_id": 2, "replica_epoch": 1}))


@scenario
def fetch_with_a_rack_and_a_cluster(s):
    topic = s.topic()
    write(s, topic, b"a")
    s.ask("Fetch", 11, **fetch(topic, rack_id="some-rack"))
    for cluster in ("AAAAAAAAAAAAAAAAAAAAAQ", "another"):
        s.ask("Fetch", 12, **fetch(topic, cluster_id=cluster))


@scenario
def fetch_a_batch_with_the_brokers_time(s):
    topic = s.topic(message_timestamp_type="LogAppendTime")
    write(s, topic, b"a")
    s.ask("Fetch", 11, **fetch(topic))


@scenario
def fetch_from_a_deleted_topic(s):
    topic = s.topic()
    write(s, topic, b"a")
    s.quietly("DeleteTopics", 6, topics=[{"name": topic.name}], timeout_ms=5000)
    s.wait_for(topic.name, lambda one: one["error_code"] == "UNKNOWN_TOPIC_OR_PARTITION")
    for v in (4, 12, 13, s.last("Fetch")):
        s.ask("Fetch", v, **fetch(topic))
