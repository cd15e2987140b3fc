"""JoinGroup and SyncGroup, classic groups."""
from scenario import scenario
from scenarios.subscriptions import subscription

RANGE = [{"name": "range", "metadata": subscription("stocks")}]


def join(connection, v, group, member="", protocols=None, kind="consumer", session=30_000, rebalance=30_000, **more):
    return connection.send("JoinGroup", v, group_id=group, member_id=member, session_timeout_ms=session,
                           rebalance_timeout_ms=rebalance, protocol_type=kind, protocols=RANGE if protocols is None else protocols,
                           **more)


def joined(connection, v, group, **more):
    """The answer to a member that has got its id."""
    answer = join(connection, v, group, **more).read()
    if answer["error_code"] == "MEMBER_ID_REQUIRED":
        answer = join(connection, v, group, member=answer["member_id"], **more).read()
    return answer


def sync(connection, v, group, answer, assignments=(), **more):
    body = {"group_id": group, "generation_id": answer["generation_id"], "member_id": answer["member_id"],
            "protocol_type": "consumer", "protocol_name": "range",
            "assignments": [{"member_id": member, "assignment": data} for member, data in assignments], **more}
    return connection.send("SyncGroup", v, **body)


def stable(s, group, v=9, connection=None, **more):
    """A group of one member, which has its assignment."""
    connection = connection or s.first
    answer = joined(connection, v, group, **more)
    sync(connection, 5, group, answer, [(answer["member_id"], b"mine")], protocol_type=more.get("kind", "consumer")).read()
    return answer


def beat(s, group, answer, v=4, **more):
    return s.ask("Heartbeat", v, **{"group_id": group, "generation_id": answer["generation_id"],
                                    "member_id": answer["member_id"], **more})


@scenario
def join_in_each_version(s):
    for v in s.versions("JoinGroup"):
        joined(s.first, v, s.name(f"-{v}"))


@scenario
def join_without_an_id_when_one_is_required(s):
    for v in (4, 5, 9):
        given = join(s.first, v, s.name(f"-{v}")).read()
        join(s.first, v, s.name(f"-{v}"), member=given["member_id"]).read()
        join(s.first, v, s.name(f"-{v}"), member="made-up").read()


@scenario
def join_with_an_id_of_ones_own(s):
    for v in s.versions("JoinGroup"):
        join(s.first, v, s.name(f"-{v}"), member="made-up").read()


@scenario
def join_a_group_without_a_name(s):
    for v in (0, 4, 9):
        join(s.first, v, "").read()


@scenario
def join_with_odd_session_timeouts(s):
    for v in (0, 5, 9):
        for session in (0, -1, 99, 100, 1_800_000, 1_800_001, 2**31 - 1):
            join(s.first, v, s.name(f"-{v}-{session}"), session=session).read()


@scenario
def join_with_odd_rebalance_timeouts(s):
    for rebalance in (0, -1, 2**31 - 1):
        joined(s.first, 5, s.name(f"-{rebalance}"), rebalance=rebalance)


@scenario
def join_without_protocols(s):
    for v in (0, 4, 9):
        join(s.first, v, s.name(f"-{v}"), protocols=[]).read()
        join(s.first, v, s.name(f"-{v}"), kind="").read()


@scenario
def join_with_another_protocol(s):
    group, other = s.name(), s.connection()
    stable(s, group)
    for v in (0, 5, 9):
        join(other, v, group, kind="connect").read()
        join(other, v, group, protocols=[{"name": "sticky", "metadata": b""}]).read()


@scenario
def join_with_names_beside_those_asked_for(s):
    both = [{"name": "sticky", "metadata": subscription("s")}, {"name": "range", "metadata": subscription("r")}]
    answer = joined(s.first, 9, s.name(), protocols=both)
    sync(s.first, 5, s.name(), answer, [(answer["member_id"], b"")], protocol_name="range").read()
    sync(s.first, 5, s.name(), answer, [(answer["member_id"], b"")], protocol_name="sticky").read()


@scenario
def join_with_one_protocol_named_twice(s):
    join(s.connection(seconds=0.5), 3, s.name(), protocols=[
        {"name": "range", "metadata": subscription("1")}, {"name": "range", "metadata": subscription("2")}]).read()


@scenario
def join_with_metadata_that_is_no_subscription(s):
    for metadata in (b"", b"x", b"topics"):
        join(s.connection(seconds=0.5), 3, s.name(f"-{len(metadata)}"), protocols=[{"name": "range", "metadata": metadata}]).read()


@scenario
def join_again_as_the_leader(s):
    group = s.name()
    answer = stable(s, group)
    for v in (0, 5, 9):
        again = join(s.first, v, group, member=answer["member_id"]).read()
        sync(s.first, 3, group, again, [(answer["member_id"], b"again")]).read()


@scenario
def two_members(s):
    group, other = s.name(), s.connection()
    first = stable(s, group)
    given = join(other, 9, group).read()
    waiting = join(other, 9, group, member=given["member_id"])
    s.eventually(lambda answer: answer["error_code"] == "REBALANCE_IN_PROGRESS", "Heartbeat", 4, group_id=group,
                 generation_id=first["generation_id"], member_id=first["member_id"])
    leader = join(s.first, 9, group, member=first["member_id"]).read()
    follower = waiting.read()
    pending = sync(other, 5, group, follower)
    sync(s.first, 5, group, leader, [(leader["member_id"], b"one"), (follower["member_id"], b"two")]).read()
    pending.read()
    for v in s.versions("Heartbeat"):
        beat(s, group, leader, v)
    s.ask("DescribeGroups", 5, groups=[group])


@scenario
def a_member_whose_metadata_changed(s):
    group = s.name()
    answer = stable(s, group)
    again = join(s.first, 9, group, member=answer["member_id"], protocols=[{"name": "range", "metadata": subscription("changed")}]).read()
    beat(s, group, answer)
    sync(s.first, 5, group, answer).read()
    sync(s.first, 5, group, again, [(again["member_id"], b"new")]).read()


@scenario
def sync_in_each_version(s):
    for v in s.versions("SyncGroup"):
        group = s.name(f"-{v}")
        answer = joined(s.first, 5, group)
        sync(s.first, v, group, answer, [(answer["member_id"], b"mine")]).read()
        sync(s.first, v, group, answer).read()


@scenario
def sync_what_is_wrong(s):
    group = s.name()
    answer = joined(s.first, 5, group)
    for v in (0, 3, 5):
        sync(s.first, v, "no-such-group", answer).read()
        sync(s.first, v, "", answer).read()
        sync(s.first, v, group, answer, generation_id=99).read()
        sync(s.first, v, group, answer, generation_id=-1).read()
        sync(s.first, v, group, answer, member_id="made-up").read()
        sync(s.first, v, group, answer, member_id="").read()
    sync(s.first, 5, group, answer, protocol_type="connect").read()
    sync(s.first, 5, group, answer, protocol_name="sticky").read()
    sync(s.first, 5, group, answer, protocol_type=None).read()
    sync(s.first, 5, group, answer, protocol_name=None).read()
    sync(s.first, 5, group, answer, protocol_type=None, protocol_name=None).read()


@scenario
def sync_with_assignments_for_strangers(s):
    group = s.name()
    answer = joined(s.first, 5, group)
    sync(s.first, 5, group, answer, [("stranger", b"x"), (answer["member_id"], b"mine")]).read()
    sync(s.first, 5, group, answer).read()


@scenario
def sync_with_no_assignment_for_oneself(s):
    group = s.name()
    answer = joined(s.first, 5, group)
    sync(s.first, 5, group, answer).read()


@scenario
def a_member_that_does_not_come_back(s):
    group, other = s.name(), s.connection()
    stable(s, group, session=200, rebalance=200)
    answer = joined(other, 9, group)
    sync(other, 5, group, answer, [(answer["member_id"], b"")]).read()
    s.ask("DescribeGroups", 5, groups=[group])


@scenario
def a_static_member_comes_back(s):
    group, other = s.name(), s.connection()
    first = stable(s, group, v=5, group_instance_id="one")
    again = joined(other, 5, group, group_instance_id="one")
    s.ask("Heartbeat", 3, group_id=group, generation_id=first["generation_id"], member_id=first["member_id"], group_instance_id="one")
    s.ask("Heartbeat", 3, group_id=group, generation_id=again["generation_id"], member_id=again["member_id"], group_instance_id="one")
    sync(s.first, 5, group, first, group_instance_id="one").read()
    sync(s.first, 5, group, again, group_instance_id="one").read()
    join(s.first, 5, group, member=first["member_id"], group_instance_id="one").read()
    s.ask("DescribeGroups", 5, groups=[group])


@scenario
def a_static_leader_comes_back_by_the_newest_version(s):
    group, other = s.name(), s.connection()
    stable(s, group, v=9, group_instance_id="one")
    again = joined(other, 9, group, group_instance_id="one")
    sync(other, 5, group, again, group_instance_id="one").read()


@scenario
def odd_static_members(s):
    for number, instance in enumerate(("", ".", "a b", "x" * 300, "/")):
        join(s.first, 5, s.name(f"-{number}"), group_instance_id=instance).read()
    group = s.name()
    join(s.first, 5, group, member="made-up", group_instance_id="one").read()
    joined(s.first, 5, group, group_instance_id="two")
    s.ask("Heartbeat", 3, group_id=group, generation_id=1, member_id="x", group_instance_id="nobody")
    s.ask("Heartbeat", 3, group_id=group, generation_id=1, member_id="x", group_instance_id="two")
