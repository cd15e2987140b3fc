"""ConsumerGroupHeartbeat and ConsumerGroupDescribe (KIP-848)."""
from scenario import scenario
from scenarios.commits import commit, fetch
from scenarios.joining import joined, stable, sync
from scenarios.subscriptions import assignment, subscription


def beat(s, group, member="", epoch=0, v=1, connection=None, **more):
    """By default one that joins."""
    if epoch == 0:
        more = {"rebalance_timeout_ms": 60_000, "subscribed_topic_names": ["no-such-topic"], "topic_partitions": [], **more}
    return (connection or s.first).ask("ConsumerGroupHeartbeat", v, group_id=group, member_id=member, member_epoch=epoch, **more)


def settled(s, group, answer, partitions, connection=None):
    """Beats until the member owns as many partitions as it should."""
    def told(one):
        return one["assignment"] and sum(len(topic["partitions"]) for topic in one["assignment"]["topic_partitions"]) == partitions
    member, owned = answer["member_id"], answer["assignment"]["topic_partitions"] if answer["assignment"] else []
    for _ in range(100):
        if told(answer):
            break
        answer = (connection or s.first).send("ConsumerGroupHeartbeat", 1, group_id=group, member_id=member, topic_partitions=owned,
                                              member_epoch=answer["member_epoch"]).peek()
    return s.keep(s.exchange("ConsumerGroupHeartbeat", 1), answer)


def own(answer):
    return answer["assignment"]["topic_partitions"]


def new_topic(s, suffix="", partitions=1):
    """Which the coordinator knows: Kafka's hears of it later than others, and then begins a new epoch."""
    topic, watcher = s.topic(suffix, partitions), {"group_id": s.name("-watcher"), "member_id": "watcher" + suffix}
    while True:
        told = s.quietly("ConsumerGroupHeartbeat", 1, member_epoch=0, rebalance_timeout_ms=60_000, topic_partitions=[],
                         subscribed_topic_names=[topic.name], **watcher)
        s.quietly("ConsumerGroupHeartbeat", 1, member_epoch=-1, **watcher)
        if told["assignment"] and told["assignment"]["topic_partitions"]:
            return topic


def describe(s, group, v=1, **more):
    s.ask("ConsumerGroupDescribe", v, group_ids=[group], **more)


@scenario
def one_consumer(s):
    topic = new_topic(s, partitions=3)
    for v, member in ((0, ""), (1, "made-by-the-client")):
        group = s.name(f"-{v}")
        answer = settled(s, group, beat(s, group, member, v=v, subscribed_topic_names=[topic.name]), 3)
        beat(s, group, answer["member_id"], answer["member_epoch"], v, topic_partitions=own(answer))
        beat(s, group, answer["member_id"], answer["member_epoch"], v)
        describe(s, group, v)
        beat(s, group, answer["member_id"], -1, v)
        describe(s, group, v)


@scenario
def a_consumer_that_brings_no_id(s):
    beat(s, s.name(), "", v=0)
    beat(s, s.name(), "", v=1)
    beat(s, s.name(), "made-by-the-client", v=0)


@scenario
def consumers_that_join_wrongly(s):
    group, good = s.name(), "some"
    for more in ({"rebalance_timeout_ms": -1}, {"rebalance_timeout_ms": 0}, {"subscribed_topic_names": None},
                 {"subscribed_topic_names": []}, {"topic_partitions": None}, {"server_assignor": "no-such"},
                 {"server_assignor": ""}, {"instance_id": ""}, {"rack_id": ""}, {"subscribed_topic_names": ["a/b", ""]},
                 {"topic_partitions": [{"topic_id": "c29tZS10b3BpYy1pZC1uby", "partitions": [0]}]}):
        beat(s, group, good, **more)
    beat(s, "", good)
    beat(s, group, "x" * 500)


@scenario
def consumers_with_wrong_epochs(s):
    group = s.name()
    answer = beat(s, group, "some")
    for epoch in (99, -3, -2, 2**31 - 1):
        beat(s, group, "some", epoch)
    beat(s, group, "stranger", answer["member_epoch"])
    beat(s, group, "stranger", -1)
    beat(s, "no-such-group", "some", 5)
    beat(s, "no-such-group", "some", -1)
    beat(s, group, "some", 0)
    describe(s, group)


@scenario
def a_consumer_that_joins_again(s):
    topic, group = new_topic(s), s.name()
    answer = settled(s, group, beat(s, group, "some", subscribed_topic_names=[topic.name]), 1)
    again = settled(s, group, beat(s, group, "some", subscribed_topic_names=[topic.name]), 1)
    beat(s, group, "some", again["member_epoch"], topic_partitions=own(again))
    beat(s, group, "some", answer["member_epoch"] - 1, topic_partitions=[])


@scenario
def two_consumers(s):
    topic, group = new_topic(s, partitions=4), s.name()
    first = settled(s, group, beat(s, group, "first", subscribed_topic_names=[topic.name]), 4)
    second = beat(s, group, "second", subscribed_topic_names=[topic.name])
    first = settled(s, group, beat(s, group, "first", first["member_epoch"], topic_partitions=own(first)), 2)
    first = beat(s, group, "first", first["member_epoch"], topic_partitions=own(first))
    second = settled(s, group, second, 2)
    beat(s, group, "second", second["member_epoch"], topic_partitions=own(second))
    describe(s, group)
    beat(s, group, "first", -1)
    settled(s, group, beat(s, group, "second", second["member_epoch"], topic_partitions=own(second)), 4)


@scenario
def consumers_by_each_assignor(s):
    topic = new_topic(s, partitions=3)
    for assignor in ("range", "uniform"):
        group = s.name(f"-{assignor}")
        settled(s, group, beat(s, group, "one", subscribed_topic_names=[topic.name], server_assignor=assignor), 3)
        describe(s, group)


@scenario
def a_consumer_changes_its_subscription(s):
    topic, other, group = new_topic(s, "-a", partitions=2), new_topic(s, "-b"), s.name()
    answer = settled(s, group, beat(s, group, "one", subscribed_topic_names=[topic.name]), 2)
    answer = beat(s, group, "one", answer["member_epoch"], subscribed_topic_names=[other.name], topic_partitions=own(answer))
    settled(s, group, answer, 1)
    describe(s, group)


@scenario
def a_consumer_with_an_expression(s):
    new_topic(s, "-one", partitions=2)
    new_topic(s, "-two")
    answer = beat(s, s.name(), "some", subscribed_topic_names=None, subscribed_topic_regex=s.name("-(one|two)"))
    settled(s, s.name(), answer, 3)
    describe(s, s.name())


@scenario
def expressions_that_are_none(s):
    for number, expression in enumerate(("(", "[a", "a{99999}", "(?=x)", "*")):
        beat(s, s.name(f"-{number}"), "some", subscribed_topic_names=None, subscribed_topic_regex=expression)
    beat(s, s.name("-empty"), "some", subscribed_topic_names=None, subscribed_topic_regex="")


@scenario
def a_static_consumer(s):
    topic, group = new_topic(s), s.name()
    answer = settled(s, group, beat(s, group, "one", instance_id="x", subscribed_topic_names=[topic.name]), 1)
    beat(s, group, "two", instance_id="x", subscribed_topic_names=[topic.name])
    beat(s, group, "one", -2, instance_id="x")
    beat(s, group, "one", answer["member_epoch"], instance_id="x")
    again = settled(s, group, beat(s, group, "two", instance_id="x", subscribed_topic_names=[topic.name]), 1)
    beat(s, group, "one", answer["member_epoch"], instance_id="x")
    beat(s, group, "two", again["member_epoch"], instance_id="x", topic_partitions=own(again))
    beat(s, group, "two", -2, instance_id="unknown")
    describe(s, group)


@scenario
def commit_as_a_consumer(s):
    topic, group = new_topic(s), s.name()
    answer = settled(s, group, beat(s, group, "one", subscribed_topic_names=[topic.name]), 1)
    for v in (2, 8, 9, 10):
        for member, epoch in (("one", answer["member_epoch"]), ("one", 0), ("one", 99), ("stranger", 1), ("", -1)):
            commit(s, v, group, topic, v, {"generation_id": epoch, "member_id": member})
    for v in (9, 10):
        for member, epoch in (("one", answer["member_epoch"]), ("one", 99), ("stranger", 1), (None, -1)):
            s.ask("OffsetFetch", v, groups=[{"group_id": group, "member_id": member, "member_epoch": epoch, "topics": [
                {"name": topic.name, "topic_id": topic.id, "partition_indexes": [0]}]}])
    fetch(s, 7, group, None)


@scenario
def classic_requests_to_a_group_of_consumers(s):
    group = s.name()
    answer = beat(s, group, "one")
    epoch = answer["member_epoch"]
    s.ask("Heartbeat", 4, group_id=group, generation_id=epoch, member_id="one")
    s.ask("SyncGroup", 5, group_id=group, generation_id=epoch, member_id="one", protocol_type="consumer", protocol_name="range")
    s.ask("LeaveGroup", 5, group_id=group, members=[{"member_id": "stranger"}])
    s.ask("DescribeGroups", 5, groups=[group])
    s.ask("DescribeGroups", 6, groups=[group])
    s.ask("DeleteGroups", 2, groups_names=[group])
    s.ask("LeaveGroup", 5, group_id=group, members=[{"member_id": "one"}])


@scenario
def requests_of_consumers_to_a_classic_group(s):
    group = s.name()
    stable(s, group, kind="other")
    beat(s, group, "one")
    beat(s, group, "one", 5)
    beat(s, group, "one", -1)
    describe(s, group)


@scenario
def a_classic_group_goes_over(s):
    topic, group, other = new_topic(s, partitions=2), s.name(), s.connection()
    protocols = [{"name": "range", "metadata": subscription(topic.name)}]
    answer = joined(other, 9, group, protocols=protocols)
    sync(other, 5, group, answer, [(answer["member_id"], assignment(topic.name, 0, 1))]).read()
    beat(s, group, "new", subscribed_topic_names=[topic.name])
    s.ask("Heartbeat", 4, group_id=group, generation_id=answer["generation_id"], member_id=answer["member_id"])
    s.ask("ListGroups", 5, types_filter=["none"])
    s.ask("DescribeGroups", 6, groups=[group])
    describe(s, group)


@scenario
def an_empty_classic_group_goes_over(s):
    topic, group = new_topic(s), s.name()
    commit(s, 8, group, topic, 5)
    settled(s, group, beat(s, group, "new", subscribed_topic_names=[topic.name]), 1)
    fetch(s, 7, group, None)


@scenario
def a_classic_member_joins_consumers(s):
    topic, group, other = new_topic(s, partitions=2), s.name(), s.connection()
    settled(s, group, beat(s, group, "one", subscribed_topic_names=[topic.name]), 2)
    protocols = [{"name": "range", "metadata": subscription(topic.name)}]
    answer = joined(other, 9, group, protocols=protocols)
    sync(other, 5, group, answer).read()


@scenario
def describe_groups_of_consumers_that_are_not_there(s):
    commit(s, 8, s.name("-offsets"), s.topic(), 5)
    for v in s.versions("ConsumerGroupDescribe"):
        for names in (["no-such-group"], [""], [], [s.name("-offsets")], ["no-such-group", "no-such-group"]):
            s.ask("ConsumerGroupDescribe", v, group_ids=names)


@scenario
def describe_groups_of_consumers_with_authorized_operations(s):
    beat(s, s.name(), "one")
    for v in s.versions("ConsumerGroupDescribe"):
        s.ask("ConsumerGroupDescribe", v, group_ids=[s.name(), "no-such-group"], include_authorized_operations=True)


@scenario
def delete_a_group_of_consumers(s):
    topic, group = new_topic(s), s.name()
    answer = settled(s, group, beat(s, group, "one", subscribed_topic_names=[topic.name]), 1)
    commit(s, 9, group, topic, 3, {"generation_id": answer["member_epoch"], "member_id": "one"})
    s.ask("OffsetDelete", 0, group_id=group, topics=[{"name": topic.name, "partitions": [{"partition_index": 0}]}])
    s.ask("DeleteGroups", 2, groups_names=[group])
    beat(s, group, "one", -1)
    s.ask("DeleteGroups", 2, groups_names=[group])
    describe(s, group)
