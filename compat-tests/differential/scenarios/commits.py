"""OffsetCommit and OffsetFetch."""
from scenario import scenario
from scenarios.joining import join, joined, stable

SOME_ID = "c29tZS10b3BpYy1pZC1uby"


def commit(s, v, group, topic, offset, answer=None, partition=0, metadata="", **more):
    body = {"group_id": group, "generation_id_or_member_epoch": answer["generation_id"] if answer else -1,
            "member_id": answer["member_id"] if answer else "", "topics": [
                {"name": topic.name, "topic_id": topic.id, "partitions": [
                    {"partition_index": partition, "committed_offset": offset, "committed_metadata": metadata,
                     **{key: more.pop(key) for key in list(more) if key == "committed_leader_epoch"}}]}], **more}
    return s.ask("OffsetCommit", v, **body)


def fetch(s, v, group, topics, **more):
    """topics: of (Topic, partitions), or None."""
    named = topics and [{"name": one.name, "partition_indexes": partitions, **({"topic_id": one.id} if v >= 8 else {})}
                        for one, partitions in topics]
    body = {"groups": [{"group_id": group, "topics": named}]} if v >= 8 else {"group_id": group, "topics": named}
    return s.ask("OffsetFetch", v, **body, **more)


@scenario
def commit_and_fetch_in_each_version(s):
    topic = s.topic()
    for v in s.versions("OffsetCommit"):
        commit(s, v, s.name(), topic, 10 + v, metadata=f"by {v}", committed_leader_epoch=0)
        for other in s.versions("OffsetFetch"):
            fetch(s, other, s.name(), [(topic, [0])])


@scenario
def fetch_all_offsets(s):
    topic, other = s.topic("-a"), s.topic("-b", partitions=2)
    commit(s, 8, s.name(), topic, 5)
    commit(s, 8, s.name(), other, 6, partition=1)
    for v in s.versions("OffsetFetch", 2):
        fetch(s, v, s.name(), None)


@scenario
def fetch_offsets_that_were_never_committed(s):
    topic = s.topic()
    for v in s.versions("OffsetFetch"):
        fetch(s, v, "no-such-group", [(topic, [0, 7, -1])])
        fetch(s, v, "no-such-group", [])
        fetch(s, v, "", [(topic, [0])])
    for v in s.versions("OffsetFetch", 2):
        fetch(s, v, "no-such-group", None)


@scenario
def fetch_offsets_of_topics_that_are_not_there(s):
    topic = s.topic()
    gone = type(topic)("no-such-topic", SOME_ID)
    for v in s.versions("OffsetFetch"):
        fetch(s, v, s.name(), [(gone, [0]), (topic, [0])])


@scenario
def fetch_offsets_of_no_partitions(s):
    topic = s.topic()
    for v in (1, 7, s.last("OffsetFetch")):
        fetch(s, v, s.name(), [(topic, [])])


@scenario
def fetch_offsets_named_twice(s):
    topic = s.topic()
    commit(s, 8, s.name(), topic, 5)
    for v in (1, s.last("OffsetFetch")):
        fetch(s, v, s.name(), [(topic, [0, 0]), (topic, [0])])


@scenario
def fetch_offsets_of_several_groups(s):
    topic = s.topic()
    commit(s, 8, s.name("-a"), topic, 5)
    commit(s, 8, s.name("-b"), topic, 6)
    for v in s.versions("OffsetFetch", 8):
        s.ask("OffsetFetch", v, groups=[
            {"group_id": name, "topics": [{"name": topic.name, "topic_id": topic.id, "partition_indexes": [0]}]}
            for name in (s.name("-b"), "no-such-group", s.name("-a"))])
        s.ask("OffsetFetch", v, groups=[])
        s.ask("OffsetFetch", v, groups=[{"group_id": s.name("-a"), "topics": None}, {"group_id": s.name("-a"), "topics": None}])


@scenario
def fetch_stable_offsets(s):
    topic = s.topic()
    commit(s, 8, s.name(), topic, 5)
    for v in (7, s.last("OffsetFetch")):
        fetch(s, v, s.name(), [(topic, [0])], require_stable=True)


@scenario
def fetch_offsets_with_a_members_epoch(s):
    topic = s.topic()
    commit(s, 8, s.name(), topic, 5)
    for v in (9, 10):
        for member, epoch in ((None, -1), ("", -1), ("made-up", -1), ("made-up", 0), ("made-up", 5), (None, 5)):
            s.ask("OffsetFetch", v, groups=[{"group_id": s.name(), "member_id": member, "member_epoch": epoch, "topics": [
                {"name": topic.name, "topic_id": topic.id, "partition_indexes": [0]}]}])


@scenario
def commit_to_what_is_not_there(s):
    topic = s.topic()
    for v in s.versions("OffsetCommit"):
        commit(s, v, s.name(), topic, 1, partition=5)
        commit(s, v, s.name(), topic, 1, partition=-1)
        commit(s, v, s.name(), type(topic)("no-such-topic", SOME_ID), 1)
    commit(s, 9, s.name(), type(topic)("a/b", SOME_ID), 1)


@scenario
def commit_nothing(s):
    topic = s.topic()
    for v in (2, s.last("OffsetCommit")):
        s.ask("OffsetCommit", v, group_id=s.name(), topics=[])
        s.ask("OffsetCommit", v, group_id=s.name(), topics=[{"name": topic.name, "topic_id": topic.id, "partitions": []}])


@scenario
def commit_odd_values(s):
    topic = s.topic()
    for v in (2, s.last("OffsetCommit")):
        for offset in (0, -1, -2, 2**63 - 1):
            commit(s, v, s.name(), topic, offset, committed_leader_epoch=-5)
            fetch(s, 7, s.name(), [(topic, [0])])


@scenario
def commit_metadata(s):
    topic = s.topic()
    for metadata in ("x" * 4096, "x" * 4097, None, "\u00e9" * 3000):
        for v in (2, s.last("OffsetCommit")):
            commit(s, v, s.name(), topic, 1, metadata=metadata)
    fetch(s, 7, s.name(), [(topic, [0])])


@scenario
def commit_without_a_group(s):
    topic = s.topic()
    for v in (2, 7, s.last("OffsetCommit")):
        commit(s, v, "", topic, 1)


@scenario
def commit_to_a_group_that_is_not_there_as_a_member(s):
    topic = s.topic()
    for v in (2, 7, s.last("OffsetCommit")):
        commit(s, v, s.name(), topic, 1, {"generation_id": 3, "member_id": "made-up"})
        commit(s, v, s.name(), topic, 1, {"generation_id": -1, "member_id": "made-up"})
        commit(s, v, s.name(), topic, 1, {"generation_id": 0, "member_id": ""})


@scenario
def commit_as_a_member(s):
    topic, group = s.topic(), s.name()
    answer = stable(s, group)
    for v in s.versions("OffsetCommit"):
        commit(s, v, group, topic, v, answer)
        commit(s, v, group, topic, v, {**answer, "generation_id": 9})
        commit(s, v, group, topic, v, {**answer, "member_id": "made-up"})
        commit(s, v, group, topic, v)
    fetch(s, 7, group, None)


@scenario
def commit_before_the_assignment(s):
    topic, group = s.topic(), s.name()
    answer = joined(s.first, 9, group)
    for v in (2, s.last("OffsetCommit")):
        commit(s, v, group, topic, 1, answer)
        commit(s, v, group, topic, 1)


@scenario
def commit_during_a_rebalance(s):
    topic, group = s.topic(), s.name()
    answer = stable(s, group)
    given = join(s.first, 9, group).read()
    join(s.connection(), 9, group, member=given["member_id"])
    s.eventually(lambda told: told["groups"][0]["group_state"] == "PreparingRebalance", "DescribeGroups", 5, groups=[group])
    commit(s, 8, group, topic, 1, answer)
    commit(s, 8, group, topic, 1, {**answer, "generation_id": 0})


@scenario
def commit_as_a_static_member(s):
    topic, group = s.topic(), s.name()
    answer = stable(s, group, v=5, group_instance_id="one")
    for v in (7, s.last("OffsetCommit")):
        commit(s, v, group, topic, 1, answer, group_instance_id="one")
        commit(s, v, group, topic, 1, {**answer, "member_id": "old"}, group_instance_id="one")
        commit(s, v, group, topic, 1, answer, group_instance_id="nobody")


@scenario
def commit_with_a_retention_time(s):
    topic = s.topic()
    commit(s, 2, s.name(), topic, 7, retention_time_ms=60_000)
    fetch(s, 7, s.name(), [(topic, [0])])
