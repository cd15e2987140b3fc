"""DescribeGroups, ListGroups, DeleteGroups, OffsetDelete."""
from scenario import scenario
from scenarios.commits import commit
from scenarios.joining import join, joined, stable
from scenarios.subscriptions import subscription


def list_groups(s, v, **more):
    """Only this scenario's own are compared."""
    answer = s.first.send("ListGroups", v, **more).read()
    answer["groups"] = [one for one in answer["groups"] if one["group_id"].startswith(s.name())]


def in_each_state(s):
    """Names: empty, preparing, completing, stable."""
    names = [s.name(one) for one in ("-empty", "-preparing", "-completing", "-stable")]
    commit(s, 8, names[0], s.topic(), 5)
    stable(s, names[1])
    given = join(s.first, 9, names[1]).read()
    join(s.connection(), 9, names[1], member=given["member_id"])
    joined(s.first, 9, names[2])
    stable(s, names[3])
    s.eventually(lambda answer: [one["group_state"] for one in answer["groups"]] ==
                 ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"], "DescribeGroups", 5, groups=names)
    return names


@scenario
def describe_groups_in_each_state(s):
    names = in_each_state(s)
    for v in s.versions("DescribeGroups"):
        s.ask("DescribeGroups", v, groups=names)


@scenario
def describe_groups_that_are_not_there(s):
    for v in s.versions("DescribeGroups"):
        s.ask("DescribeGroups", v, groups=["no-such-group"])
        s.ask("DescribeGroups", v, groups=[""])
        s.ask("DescribeGroups", v, groups=[])


@scenario
def describe_groups_named_twice(s):
    stable(s, s.name())
    s.ask("DescribeGroups", 5, groups=[s.name(), s.name()])


@scenario
def describe_groups_with_authorized_operations(s):
    stable(s, s.name())
    for v in (3, s.last("DescribeGroups")):
        s.ask("DescribeGroups", v, groups=[s.name(), "no-such-group"], include_authorized_operations=True)


@scenario
def describe_groups_of_connect_workers(s):
    joined(s.first, 5, s.name(), kind="connect", protocols=[{"name": "default", "metadata": b"x"}])
    s.ask("DescribeGroups", 5, groups=[s.name()])


@scenario
def list_groups_in_each_state(s):
    in_each_state(s)
    for v in s.versions("ListGroups"):
        list_groups(s, v)
    for states in (["Stable"], ["stable"], ["Empty", "Dead"], ["PreparingRebalance"], ["CompletingRebalance"], ["nonsense"], [""]):
        list_groups(s, 4, states_filter=states)
    for kinds in (["classic"], ["Classic"], ["consumer"], ["share"], ["nonsense"], [""], ["classic", "consumer"]):
        list_groups(s, 5, types_filter=kinds)
    list_groups(s, 5, types_filter=["classic"], states_filter=["Stable"])


@scenario
def delete_groups_in_each_state(s):
    names = in_each_state(s)
    s.ask("DeleteGroups", s.last("DeleteGroups"), groups_names=names)
    s.ask("DescribeGroups", 5, groups=names[:1])


@scenario
def delete_groups_in_each_version(s):
    for v in s.versions("DeleteGroups"):
        commit(s, 8, s.name(f"-{v}"), s.topic(f"-{v}"), 5)
        s.ask("DeleteGroups", v, groups_names=[s.name(f"-{v}")])
        s.ask("OffsetFetch", 7, group_id=s.name(f"-{v}"), topics=None)


@scenario
def delete_groups_that_are_not_there(s):
    for v in (0, s.last("DeleteGroups")):
        for names in (["no-such-group"], [""], [], ["no-such-group", "no-such-group"]):
            s.ask("DeleteGroups", v, groups_names=names)


def forget(s, group, topic, *partitions):
    s.ask("OffsetDelete", 0, group_id=group, topics=[
        {"name": topic.name, "partitions": [{"partition_index": one} for one in partitions]}])


@scenario
def delete_offsets(s):
    topic = s.topic(partitions=2)
    commit(s, 8, s.name(), topic, 5)
    forget(s, s.name(), topic, 0, 1)
    s.ask("OffsetFetch", 7, group_id=s.name(), topics=None)


@scenario
def delete_offsets_of_what_is_not_there(s):
    topic = s.topic()
    commit(s, 8, s.name(), topic, 5)
    forget(s, s.name(), topic, 9, -1)
    forget(s, s.name(), type(topic)("no-such-topic", ""), 0)
    forget(s, "no-such-group", topic, 0)
    forget(s, "", topic, 0)
    s.ask("OffsetDelete", 0, group_id=s.name(), topics=[])
    s.ask("OffsetDelete", 0, group_id=s.name(), topics=[{"name": topic.name, "partitions": []}])


@scenario
def delete_offsets_of_a_group_that_is_subscribed(s):
    topic, other = s.topic("-read"), s.topic("-other")
    answer = stable(s, s.name(), protocols=[{"name": "range", "metadata": subscription(topic.name)}])
    commit(s, 8, s.name(), topic, 5, answer)
    commit(s, 8, s.name(), other, 6, answer)
    forget(s, s.name(), topic, 0)
    forget(s, s.name(), other, 0)


@scenario
def delete_offsets_of_a_group_that_says_nothing_of_topics(s):
    topic = s.topic()
    answer = stable(s, s.name(), kind="other")
    commit(s, 8, s.name(), topic, 5, answer)
    forget(s, s.name(), topic, 0)
