"""ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, DescribeQuorum, UnregisterBroker: one broker."""
from scenario import scenario


def elect(s, v, partitions, kind=0):
    s.ask("ElectLeaders", v, election_type=kind, timeout_ms=3000,
          topic_partitions=partitions and [{"topic": name, "partitions": indexes} for name, indexes in partitions])


@scenario
def elect_leaders(s):
    topic = s.topic(partitions=2)
    for v in s.versions("ElectLeaders"):
        elect(s, v, [(topic.name, [0, 1])])
        elect(s, v, [(topic.name, [2, -1])])
        elect(s, v, [("no-such-topic", [0]), (topic.name, [0])])
        elect(s, v, [(topic.name, [])])
        elect(s, v, [])


@scenario
def elect_leaders_of_everything(s):
    s.topic(partitions=2)
    for v in s.versions("ElectLeaders"):
        elect(s, v, None)


@scenario
def elect_leaders_who_need_not_be_in_sync(s):
    topic = s.topic()
    for v in (1, s.last("ElectLeaders")):
        elect(s, v, [(topic.name, [0])], kind=1)
        elect(s, v, None, kind=1)
        elect(s, v, [("", [0])], kind=1)


@scenario
def elect_leaders_in_an_odd_way(s):
    topic = s.topic()
    for v in (1, s.last("ElectLeaders")):
        elect(s, v, [(topic.name, [0])], kind=2)
        elect(s, v, [(topic.name, [0])], kind=-1)


def reassign(s, v, topics, **more):
    s.ask("AlterPartitionReassignments", v, timeout_ms=3000, topics=[
        {"name": name, "partitions": [{"partition_index": index, "replicas": replicas} for index, replicas in partitions]}
        for name, partitions in topics], **more)


@scenario
def reassign_partitions(s):
    topic = s.topic(partitions=2)
    for v in s.versions("AlterPartitionReassignments"):
        reassign(s, v, [(topic.name, [(0, [1]), (1, [1])])])
        reassign(s, v, [(topic.name, [(0, [])])])
        reassign(s, v, [(topic.name, [(0, [1, 1])])])
        reassign(s, v, [(topic.name, [(0, [1, 2])])])
        reassign(s, v, [(topic.name, [(0, [-1])])])
        reassign(s, v, [(topic.name, [(0, [2]), (1, [1])])])
        reassign(s, v, [(topic.name, [])])
        reassign(s, v, [])


@scenario
def reassign_what_is_not_there(s):
    topic = s.topic()
    for v in s.versions("AlterPartitionReassignments"):
        reassign(s, v, [("no-such-topic", [(0, [1])])])
        reassign(s, v, [(topic.name, [(7, [1]), (-1, [1])])])
        reassign(s, v, [("", [(0, None)])])


@scenario
def cancel_a_reassignment_that_is_not(s):
    topic = s.topic()
    for v in s.versions("AlterPartitionReassignments"):
        reassign(s, v, [(topic.name, [(0, None)])])


@scenario
def reassign_with_the_number_of_replicas_kept(s):
    topic = s.topic()
    v = s.last("AlterPartitionReassignments")
    for may in (True, False):
        reassign(s, v, [(topic.name, [(0, [1])])], allow_replication_factor_change=may)
        reassign(s, v, [(topic.name, [(0, [1, 2])])], allow_replication_factor_change=may)
        reassign(s, v, [(topic.name, [(0, None)])], allow_replication_factor_change=may)


@scenario
def list_reassignments(s):
    topic = s.topic(partitions=2)
    for v in s.versions("ListPartitionReassignments"):
        s.ask("ListPartitionReassignments", v, timeout_ms=3000, topics=None)
        for asked in ([{"name": topic.name, "partition_indexes": [0, 1]}], [{"name": topic.name, "partition_indexes": [9, -1]}],
                      [{"name": "no-such-topic", "partition_indexes": [0]}], []):
            s.ask("ListPartitionReassignments", v, timeout_ms=3000, topics=asked)


@scenario
def describe_the_quorum(s):
    for v in s.versions("DescribeQuorum"):
        s.ask("DescribeQuorum", v, topics=[{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}])


@scenario
def describe_quorums_that_are_not_there(s):
    topic = s.topic()
    for v in s.versions("DescribeQuorum"):
        for name, indexes in (("__cluster_metadata", [1]), (topic.name, [0]), ("no-such-topic", [0])):
            s.ask("DescribeQuorum", v, topics=[{"topic_name": name, "partitions": [{"partition_index": i} for i in indexes]}])


@scenario
def unregister_brokers_that_are_not_there(s):
    for v in s.versions("UnregisterBroker"):
        for broker in (99, -1):
            s.ask("UnregisterBroker", v, broker_id=broker)
