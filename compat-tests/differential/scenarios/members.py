"""Heartbeat, LeaveGroup, FindCoordinator."""
from scenario import scenario
from scenarios.joining import beat, join, joined, stable, sync


@scenario
def find_coordinator(s):
    for v in s.versions("FindCoordinator"):
        s.ask("FindCoordinator", v, **({"coordinator_keys": ["a", "b", "a", ""]} if v >= 4 else {"key": "a"}))


@scenario
def find_coordinator_of_a_group_without_a_name(s):
    for v in (0, 1, 3):
        s.ask("FindCoordinator", v, key="")


@scenario
def find_no_coordinators(s):
    s.ask("FindCoordinator", 4, coordinator_keys=[])
    s.ask("FindCoordinator", 6, coordinator_keys=[])


@scenario
def find_coordinators_of_kinds_that_are_not_there(s):
    for kind in (3, -1, 99):
        s.ask("FindCoordinator", 1, key="a", key_type=kind)
        s.ask("FindCoordinator", 4, coordinator_keys=["a"], key_type=kind)


@scenario
def find_coordinators_of_share_groups(s):
    for v in (4, 5, 6):
        s.ask("FindCoordinator", v, coordinator_keys=["not a share key"], key_type=2)
    s.ask("FindCoordinator", 3, key="a", key_type=2)


@scenario
def find_coordinators_of_transactions(s):
    s.quietly("FindCoordinator", 1, key="a", key_type=1)
    s.ask("FindCoordinator", 4, coordinator_keys=[""], key_type=1)


@scenario
def heartbeat_in_each_version(s):
    group = s.name()
    answer = stable(s, group)
    for v in s.versions("Heartbeat"):
        beat(s, group, answer, v)


@scenario
def heartbeat_what_is_wrong(s):
    group = s.name()
    answer = stable(s, group)
    for v in (0, 3, 4):
        beat(s, "no-such-group", answer, v)
        beat(s, "", answer, v)
        beat(s, group, answer, v, member_id="made-up")
        beat(s, group, answer, v, member_id="")
        for generation in (0, -1, 99):
            beat(s, group, answer, v, generation_id=generation)


@scenario
def heartbeat_before_the_assignment(s):
    group = s.name()
    answer = joined(s.first, 9, group)
    beat(s, group, answer)


@scenario
def heartbeat_with_an_id_that_was_only_given(s):
    group = s.name()
    given = join(s.first, 4, group).read()
    beat(s, group, {"generation_id": 0, "member_id": given["member_id"]})
    beat(s, group, {"generation_id": -1, "member_id": given["member_id"]})


@scenario
def heartbeat_after_the_session(s):
    group = s.name()
    answer = stable(s, group, session=150, rebalance=150)
    s.eventually(lambda told: told["groups"][0]["group_state"] == "Empty", "DescribeGroups", 5, groups=[group])
    beat(s, group, answer)


@scenario
def leave_in_each_version(s):
    for v in s.versions("LeaveGroup"):
        group = s.name(f"-{v}")
        member = stable(s, group)["member_id"]
        s.ask("LeaveGroup", v, group_id=group, **({"members": [{"member_id": member}]} if v >= 3 else {"member_id": member}))
        s.ask("DescribeGroups", 5, groups=[group])


@scenario
def leave_what_one_is_not_in(s):
    group = s.name()
    stable(s, group)
    for v in (0, 2):
        s.ask("LeaveGroup", v, group_id=group, member_id="made-up")
        s.ask("LeaveGroup", v, group_id=group, member_id="")
        s.ask("LeaveGroup", v, group_id="no-such-group", member_id="made-up")
        s.ask("LeaveGroup", v, group_id="", member_id="made-up")
    for v in (3, 5):
        for name in (group, "no-such-group", ""):
            s.ask("LeaveGroup", v, group_id=name, members=[{"member_id": "made-up"}, {"member_id": "", "group_instance_id": "no"}])


@scenario
def leave_nobody(s):
    group = s.name()
    stable(s, group)
    for v in (3, 5):
        s.ask("LeaveGroup", v, group_id=group, members=[])
        s.ask("LeaveGroup", v, group_id="no-such-group", members=[])


@scenario
def leave_by_instance(s):
    group = s.name()
    first = stable(s, group, v=5, group_instance_id="one")
    s.ask("LeaveGroup", 3, group_id=group, members=[{"member_id": "wrong", "group_instance_id": "one"}])
    s.ask("LeaveGroup", 3, group_id=group, members=[{"member_id": first["member_id"], "group_instance_id": "other"}])
    s.ask("LeaveGroup", 5, group_id=group, members=[{"member_id": "", "group_instance_id": "one", "reason": "why not"}])
    s.ask("DescribeGroups", 5, groups=[group])


@scenario
def leave_twice_in_a_request(s):
    group = s.name()
    member = stable(s, group)["member_id"]
    s.ask("LeaveGroup", 4, group_id=group, members=[{"member_id": member}, {"member_id": member}])


@scenario
def leave_with_an_id_that_was_only_given(s):
    group = s.name()
    given = join(s.first, 4, group).read()
    s.ask("LeaveGroup", 3, group_id=group, members=[{"member_id": given["member_id"]}])
    s.ask("LeaveGroup", 3, group_id=group, members=[{"member_id": given["member_id"]}])


@scenario
def leave_while_another_waits(s):
    group, other = s.name(), s.connection()
    first = stable(s, group)
    given = join(other, 9, group).read()
    waiting = join(other, 9, group, member=given["member_id"])
    s.eventually(lambda answer: answer["error_code"] == "REBALANCE_IN_PROGRESS", "Heartbeat", 4, group_id=group,
                 generation_id=first["generation_id"], member_id=first["member_id"])
    s.ask("LeaveGroup", 5, group_id=group, members=[{"member_id": first["member_id"]}])
    answer = waiting.read()
    sync(other, 5, group, answer, [(answer["member_id"], b"all")]).read()
