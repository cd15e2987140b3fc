"""ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, DescribeQuorum, UnregisterBroker, AddRaftVoter, RemoveRaftVoter: of one broker."""
from scenario import scenario

PREFERRED, UNCLEAN = 0, 1


def elect(s, v, topics, kind=PREFERRED):
    asked = None if topics is None else [{"topic": name, "partitions": partitions} for name, partitions in topics]
    return s.ask("ElectLeaders", v, election_type=kind, topic_partitions=asked, timeout_ms=5000)


def reassign(s, v, name, partition, replicas, **more):
    s.ask("AlterPartitionReassignments", v, timeout_ms=5000, topics=[
        {"name": name, "partitions": [{"partition_index": partition, "replicas": replicas}]}], **more)


@scenario
def elect_leaders_who_lead_already(s):
    topic = s.topic(partitions=2)
    for v in s.versions("ElectLeaders"):
        for kind in (PREFERRED, UNCLEAN):
            elect(s, v, [(topic.name, [0, 1])], kind)


@scenario
def elect_leaders_of_what_is_not_there(s):
    topic = s.topic()
    for v in s.versions("ElectLeaders"):
        elect(s, v, [("no-such-topic", [0, 1]), ("a/b", [0]), (topic.name, [7, -1, 0])])
        elect(s, v, [(topic.name, [])])
        elect(s, v, [])


@scenario
def elect_leaders_of_all_partitions(s):
    s.topic()
    for v in s.versions("ElectLeaders"):
        answer = elect(s, v, None)
        answer["replica_election_results"] = [one for one in answer["replica_election_results"] if one["topic"] == s.name()]


@scenario
def elections_of_odd_kinds(s):
    topic = s.topic()
    for kind in (2, -1):
        elect(s, s.last("ElectLeaders"), [(topic.name, [0])], kind)


@scenario
def reassign_partitions(s):
    topic = s.topic(partitions=2)
    for v in s.versions("AlterPartitionReassignments"):
        for replicas in ([1], [], [7], [1, 1], [1, 2], None):
            reassign(s, v, topic.name, 0, replicas)
    reassign(s, 1, topic.name, 0, [1, 2], allow_replication_factor_change=False)


@scenario
def reassign_what_is_not_there(s):
    topic = s.topic()
    for v in s.versions("AlterPartitionReassignments"):
        for replicas in ([1], None):
            reassign(s, v, "no-such-topic", 0, replicas)
            reassign(s, v, topic.name, 7, replicas)
            reassign(s, v, topic.name, -1, replicas)
        s.ask("AlterPartitionReassignments", v, timeout_ms=5000, topics=[])
        s.ask("AlterPartitionReassignments", v, timeout_ms=5000, topics=[{"name": topic.name, "partitions": []}])


@scenario
def list_reassignments(s):
    topic = s.topic()
    for topics in (None, [], [{"name": topic.name, "partition_indexes": [0, 7, -1]}],
                   [{"name": "no-such-topic", "partition_indexes": [0]}]):
        s.ask("ListPartitionReassignments", 0, timeout_ms=5000, topics=topics)


def quorum(s, v, *topics):
    """How far each has come, its log alone knows."""
    answer = s.ask("DescribeQuorum", v, topics=[
        {"topic_name": name, "partitions": [{"partition_index": index} for index in partitions]} for name, partitions in topics])
    for partition in [one for topic in answer["topics"] for one in topic["partitions"] if one["error_code"] == "NONE"]:
        for place, name in [(partition, "leader_epoch"), (partition, "high_watermark")] + [
                (replica, "log_end_offset") for replica in partition["current_voters"] + partition["observers"]]:
            place[name] = place[name] > 0


@scenario
def describe_quorum(s):
    for v in s.versions("DescribeQuorum"):
        quorum(s, v, ("__cluster_metadata", [0]))


@scenario
def describe_other_quorums(s):
    topic = s.topic()
    for v in s.versions("DescribeQuorum"):
        quorum(s, v, ("__cluster_metadata", [1]))
        quorum(s, v, (topic.name, [0]), ("no-such-topic", [0]))
        quorum(s, v)


@scenario
def unregister_brokers_that_are_not_there(s):
    for broker in (7, -1, 2**31 - 1):
        s.ask("UnregisterBroker", 0, broker_id=broker)


@scenario
def who_votes_of_a_broker_on_its_own(s):
    some, none = "abcdefghijklmnopqrstuw", "AAAAAAAAAAAAAAAAAAAAAA"
    for voter, directory in ((1, none), (1, some), (7, some), (-1, some)):
        for v in s.versions("AddRaftVoter"):
            s.ask("AddRaftVoter", v, cluster_id=None, timeout_ms=1000, voter_id=voter, voter_directory_id=directory,
                  listeners=[{"name": "CONTROLLER", "host": "127.0.0.1", "port": 9999}],
                  **({"ack_when_committed": True} if v > 0 else {}))
        s.ask("RemoveRaftVoter", 0, cluster_id=None, voter_id=voter, voter_directory_id=directory)
