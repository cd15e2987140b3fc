"""Metadata, DescribeCluster, DescribeTopicPartitions."""
from scenario import scenario

NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
SOME_ID = "c29tZS10b3BpYy1pZC1uby"
ILLEGAL = ["", ".", "..", "a/b", "a b", "\u00e9", "x" * 250, "a\0b", "a:b", "../../etc"]


def only_own(s, answer):
    """What the scenarios before left behind is not compared."""
    answer["topics"] = [one for one in answer["topics"] if one["name"].startswith(s.name())]


@scenario
def metadata_of_one_topic(s):
    topic = s.topic(partitions=3)
    for v in s.versions("Metadata"):
        s.ask("Metadata", v, topics=[{"name": topic.name}], allow_auto_topic_creation=False)


@scenario
def metadata_of_an_unknown_topic(s):
    for v in s.versions("Metadata", 4):
        s.ask("Metadata", v, topics=[{"name": "no-such-topic"}], allow_auto_topic_creation=False)


@scenario
def metadata_of_no_topics(s):
    for v in s.versions("Metadata", 1):
        s.ask("Metadata", v, topics=[])


@scenario
def metadata_of_all_topics(s):
    s.topic("-a")
    s.topic("-b", partitions=2)
    for v in s.versions("Metadata"):
        only_own(s, s.ask("Metadata", v, topics=None if v else []))


@scenario
def metadata_of_a_topic_named_twice(s):
    topic = s.topic()
    for v in (1, 8, s.last("Metadata")):
        s.ask("Metadata", v, topics=[{"name": topic.name}, {"name": topic.name}])


@scenario
def metadata_of_known_and_unknown_topics(s):
    one, other = s.topic("-one"), s.topic("-other")
    for v in (4, 9, s.last("Metadata")):
        s.ask("Metadata", v, allow_auto_topic_creation=False,
              topics=[{"name": "no-such-b"}, {"name": other.name}, {"name": "no-such-a"}, {"name": one.name}])


@scenario
def metadata_of_illegal_names(s):
    for name in ILLEGAL:
        s.ask("Metadata", 4, topics=[{"name": name}], allow_auto_topic_creation=False)
        s.ask("Metadata", 12, topics=[{"name": name}], allow_auto_topic_creation=True)


@scenario
def metadata_by_id(s):
    topic = s.topic(partitions=2)
    for v in s.versions("Metadata", 12):
        s.ask("Metadata", v, topics=[{"topic_id": topic.id, "name": None}])
        s.ask("Metadata", v, topics=[{"topic_id": SOME_ID, "name": None}])
        s.ask("Metadata", v, topics=[{"topic_id": topic.id, "name": None}, {"topic_id": SOME_ID, "name": None}])


@scenario
def metadata_by_id_and_by_name_at_once(s):
    topic = s.topic()
    s.ask("Metadata", 12, topics=[{"topic_id": topic.id, "name": topic.name}])
    s.ask("Metadata", 12, topics=[{"topic_id": topic.id, "name": "another"}])
    s.ask("Metadata", 12, topics=[{"topic_id": topic.id, "name": None}, {"topic_id": NO_ID, "name": topic.name}])


@scenario
def metadata_with_neither_name_nor_id(s):
    for v in (10, 11, 12, 13):
        s.ask("Metadata", v, topics=[{"topic_id": NO_ID, "name": None}])


@scenario
def metadata_by_id_before_that_was_served(s):
    topic = s.topic()
    for v in (10, 11):
        s.ask("Metadata", v, topics=[{"topic_id": topic.id, "name": None}])
        s.ask("Metadata", v, topics=[{"topic_id": topic.id, "name": topic.name}])


@scenario
def metadata_creates_a_topic(s):
    for v in (0, 4, s.last("Metadata")):
        name = s.name(f"-{v}")
        s.eventually(lambda answer: answer["topics"][0]["error_code"] == "NONE",
                     "Metadata", v, topics=[{"name": name}], allow_auto_topic_creation=True)


@scenario
def metadata_with_authorized_operations(s):
    topic = s.topic()
    for v in s.versions("Metadata", 8):
        s.ask("Metadata", v, topics=[{"name": topic.name}], include_topic_authorized_operations=True,
              include_cluster_authorized_operations=True)


@scenario
def metadata_of_a_deleted_topic(s):
    topic = s.topic()
    s.quietly("DeleteTopics", 6, topics=[{"name": topic.name}], timeout_ms=5000)
    unknown = "UNKNOWN_TOPIC_OR_PARTITION"
    s.eventually(lambda answer: answer["topics"][0]["error_code"] == unknown,
                 "Metadata", 12, topics=[{"name": topic.name}], allow_auto_topic_creation=False)
    s.ask("Metadata", 12, topics=[{"name": None, "topic_id": topic.id}])


@scenario
def metadata_of_internal_topics(s):
    for v in (1, 12):
        s.ask("Metadata", v, topics=[{"name": "__consumer_offsets"}], allow_auto_topic_creation=False)


@scenario
def describe_cluster(s):
    for v in s.versions("DescribeCluster"):
        s.ask("DescribeCluster", v)
        s.ask("DescribeCluster", v, include_cluster_authorized_operations=True)
        s.ask("DescribeCluster", v, include_fenced_brokers=True)


@scenario
def describe_cluster_as_controllers_tell_it(s):
    for v in s.versions("DescribeCluster", 1):
        s.ask("DescribeCluster", v, endpoint_type=2)
        s.ask("DescribeCluster", v, endpoint_type=3)
        s.ask("DescribeCluster", v, endpoint_type=0)


@scenario
def describe_topic_partitions(s):
    topic, other = s.topic("-b", partitions=3), s.topic("-a", partitions=2)
    s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}])
    s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}, {"name": other.name}])
    s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}, {"name": topic.name}])
    s.ask("DescribeTopicPartitions", 0, topics=[{"name": "no-such-topic"}, {"name": other.name}])
    for name in ILLEGAL:
        s.ask("DescribeTopicPartitions", 0, topics=[{"name": name}])


@scenario
def describe_topic_partitions_in_pages(s):
    one, other = s.topic("-a", partitions=3), s.topic("-b", partitions=3)
    topics = [{"name": one.name}, {"name": other.name}]
    answer = s.ask("DescribeTopicPartitions", 0, topics=topics, response_partition_limit=2)
    while answer["next_cursor"]:
        answer = s.ask("DescribeTopicPartitions", 0, topics=topics, response_partition_limit=2, cursor=answer["next_cursor"])


@scenario
def describe_topic_partitions_with_odd_limits_and_cursors(s):
    topic = s.topic(partitions=3)
    for limit in (0, -1, 1, 2, 3, 2**31 - 1):
        s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}], response_partition_limit=limit)
    for partition in (-1, 0, 2, 3, 99):
        s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}],
              cursor={"topic_name": topic.name, "partition_index": partition})
    s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}], cursor={"topic_name": "a", "partition_index": 0})
    s.ask("DescribeTopicPartitions", 0, topics=[{"name": topic.name}], cursor={"topic_name": "z", "partition_index": 0})


@scenario
def describe_topic_partitions_of_all_topics(s):
    s.topic("-a")
    s.topic("-b")
    only_own(s, s.ask("DescribeTopicPartitions", 0, topics=[]))
