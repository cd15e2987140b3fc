"""CreateTopics, DeleteTopics, CreatePartitions."""
from scenario import scenario

NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
SOME_ID = "c29tZS10b3BpYy1pZC1uby"
ILLEGAL = ["", ".", "..", "a/b", "a b", "\u00e9", "x" * 250, "a\0b", "a:b"]


def wish(name, partitions=1, factor=1, assignments=(), **configs):
    return {"name": name, "num_partitions": partitions, "replication_factor": factor,
            "assignments": [{"partition_index": index, "broker_ids": brokers} for index, brokers in assignments],
            "configs": [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()]}


def create(s, v, *topics, **more):
    return s.ask("CreateTopics", v, topics=list(topics), timeout_ms=5000, **more)


def names_or_ids(v, *topics):
    return {"topics": [{"name": one.name} for one in topics]} if v >= 6 else {"topic_names": [one.name for one in topics]}


@scenario
def create_topics(s):
    for v in s.versions("CreateTopics"):
        create(s, v, wish(s.name(f"-{v}"), 2))


@scenario
def create_a_topic_that_is_there(s):
    topic = s.topic()
    for v in s.versions("CreateTopics"):
        create(s, v, wish(topic.name))


@scenario
def create_topics_with_illegal_names(s):
    for name in ILLEGAL:
        create(s, 2, wish(name))
        create(s, s.last("CreateTopics"), wish(name))


@scenario
def create_topics_whose_names_collide(s):
    create(s, 7, wish("colliding.name"))
    create(s, 7, wish("colliding_name"))
    create(s, 7, wish("colliding.other"), wish("colliding_other"))


@scenario
def create_one_topic_twice_in_a_request(s):
    for v in (2, s.last("CreateTopics")):
        create(s, v, wish(s.name()), wish(s.name()), wish(s.name(f"-{v}")))


@scenario
def create_topics_with_odd_counts(s):
    for v in (2, 4, s.last("CreateTopics")):
        for partitions, factor in ((0, 1), (-2, 1), (1, 0), (1, -2), (1, 2), (1, 3), (1, 32767)):
            create(s, v, wish(s.name(), partitions, factor))


@scenario
def create_topics_with_defaults(s):
    for v in (2, 4, s.last("CreateTopics")):
        create(s, v, wish(s.name(f"-{v}"), -1, -1))


@scenario
def create_topics_with_assignments(s):
    for v in (2, s.last("CreateTopics")):
        create(s, v, wish(s.name(f"-good-{v}"), -1, -1, [(0, [1]), (1, [1])]))
        create(s, v, wish(s.name("-counts"), 2, 1, [(0, [1])]))
        create(s, v, wish(s.name("-gap"), -1, -1, [(0, [1]), (2, [1])]))
        create(s, v, wish(s.name("-twice"), -1, -1, [(0, [1]), (0, [1])]))
        create(s, v, wish(s.name("-same"), -1, -1, [(0, [1, 1])]))
        create(s, v, wish(s.name("-none"), -1, -1, [(0, [])]))
        create(s, v, wish(s.name("-nobody"), -1, -1, [(0, [7])]))
        create(s, v, wish(s.name("-uneven"), -1, -1, [(0, [1]), (1, [1, 2])]))
        create(s, v, wish(s.name("-from-one"), -1, -1, [(1, [1])]))


@scenario
def create_topics_with_configs(s):
    for v in (2, s.last("CreateTopics")):
        create(s, v, wish(s.name(f"-{v}"), cleanup_policy="compact,delete", retention_ms="1000", max_message_bytes="99"))


@scenario
def create_topics_with_bad_configs(s):
    for v in (2, s.last("CreateTopics")):
        create(s, v, wish(s.name("-name"), no_such="1"))
        create(s, v, wish(s.name("-number"), retention_ms="soon"))
        create(s, v, wish(s.name("-range"), segment_bytes="1"))
        create(s, v, wish(s.name("-choice"), cleanup_policy="shred"))
        create(s, v, wish(s.name("-null"), retention_ms=None))
        create(s, v, wish(s.name("-empty"), retention_ms=""))
        create(s, v, wish(s.name("-both"), min_compaction_lag_ms="10", max_compaction_lag_ms="5"))


@scenario
def create_topics_only_to_validate(s):
    for v in s.versions("CreateTopics"):
        create(s, v, wish(s.name()), validate_only=True)
        create(s, v, wish(s.name(), 0), wish("a/b"), validate_only=True)


@scenario
def create_several_topics_of_which_some_are_wrong(s):
    create(s, 7, wish(s.name("-c")), wish("a/b"), wish(s.name("-a"), 0), wish(s.name("-b"), 2))


@scenario
def create_no_topics(s):
    for v in (2, s.last("CreateTopics")):
        create(s, v)


@scenario
def create_internal_topics(s):
    create(s, 7, wish("__consumer_offsets"))
    create(s, 7, wish("__cluster_metadata"))


@scenario
def delete_topics(s):
    for v in s.versions("DeleteTopics"):
        topic = s.topic(f"-{v}")
        s.ask("DeleteTopics", v, timeout_ms=5000, **names_or_ids(v, topic))


@scenario
def delete_topics_that_are_not_there(s):
    for v in s.versions("DeleteTopics"):
        s.ask("DeleteTopics", v, timeout_ms=5000, topic_names=["no-such-topic"], topics=[{"name": "no-such-topic"}])


@scenario
def delete_topics_by_id(s):
    topic = s.topic()
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": None, "topic_id": SOME_ID}])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": None, "topic_id": topic.id}])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": None, "topic_id": topic.id}])


@scenario
def delete_topics_oddly_named(s):
    topic = s.topic()
    for name in ILLEGAL:
        s.ask("DeleteTopics", 5, timeout_ms=5000, topic_names=[name])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": None, "topic_id": NO_ID}])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": topic.name, "topic_id": topic.id}])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": topic.name, "topic_id": SOME_ID}])


@scenario
def delete_one_topic_twice_in_a_request(s):
    topic, other = s.topic("-a"), s.topic("-b")
    s.ask("DeleteTopics", 5, timeout_ms=5000, topic_names=[topic.name, topic.name, other.name])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": topic.name}, {"name": None, "topic_id": topic.id}])


@scenario
def delete_no_topics(s):
    s.ask("DeleteTopics", 1, timeout_ms=5000, topic_names=[])
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[])


@scenario
def delete_and_create_again(s):
    topic = s.topic()
    s.ask("DeleteTopics", 6, timeout_ms=5000, topics=[{"name": topic.name}])
    s.eventually(lambda answer: answer["topics"][0]["error_code"] == "NONE",
                 "CreateTopics", 7, timeout_ms=5000, topics=[wish(topic.name)])


def grow(s, v, name, count, assignments=None, **more):
    placed = None if assignments is None else [{"broker_ids": brokers} for brokers in assignments]
    s.ask("CreatePartitions", v, timeout_ms=5000, topics=[{"name": name, "count": count, "assignments": placed}], **more)


@scenario
def create_partitions(s):
    for v in s.versions("CreatePartitions"):
        topic = s.topic(f"-{v}")
        grow(s, v, topic.name, 3)
        s.eventually(lambda answer: len(answer["topics"][0]["partitions"]) == 3, "Metadata", 9, topics=[{"name": topic.name}])


@scenario
def create_partitions_with_odd_counts(s):
    topic = s.topic(partitions=2)
    for v in (0, s.last("CreatePartitions")):
        for count in (2, 1, 0, -1):
            grow(s, v, topic.name, count)


@scenario
def create_partitions_with_assignments(s):
    topic = s.topic()
    for v in (0, s.last("CreatePartitions")):
        for assignments in ([], [[1], [1]], [[7]], [[]], [[1, 1]], [[1, 2]]):
            grow(s, v, topic.name, 2, assignments)
    grow(s, 3, topic.name, 2, [[1]])


@scenario
def create_partitions_of_what_is_not_there(s):
    for name in ("no-such-topic", "", "a/b"):
        grow(s, 0, name, 3)
        grow(s, s.last("CreatePartitions"), name, 3)


@scenario
def create_partitions_only_to_validate(s):
    topic = s.topic()
    for v in (0, s.last("CreatePartitions")):
        grow(s, v, topic.name, 3, validate_only=True)
        grow(s, v, topic.name, 1, validate_only=True)
    s.ask("Metadata", 9, topics=[{"name": topic.name}])


@scenario
def create_partitions_twice_in_a_request(s):
    topic = s.topic()
    twice = [{"name": topic.name, "count": 2, "assignments": None}, {"name": topic.name, "count": 3, "assignments": None}]
    s.ask("CreatePartitions", 3, timeout_ms=5000, topics=twice)
    s.ask("CreatePartitions", 3, timeout_ms=5000, topics=[])


@scenario
def create_partitions_of_an_internal_topic(s):
    grow(s, 3, "__consumer_offsets", 1)
