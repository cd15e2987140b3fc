"""Shows that the nemesis finds what is missing: brokers whose settings promise less, or with a rule broken, and disturbed so that
it matters."""
import os
import random
import shutil
import signal
import tempfile
import time

from acts import Acts
from world import PARTITIONS, QUICK, TOPIC, Failure, World, judge, say

RATE, FAST, TIMES, POWER_CUTS, RANDOM_POWER_CUTS, HASTE = 500, 2000, 3, 4, 10, 4
FINDINGS = ("lost", "doubled", "out_of_order", "moved", "changed", "vanished")


def leader_alone_then_dead(world, draw):
    """acks=1 is the leader's word alone: it is killed while nobody follows."""
    for _ in range(TIMES):
        node = draw.choice([one["leader"] for one in world.partitions()])
        leader = next(member for member in world.members if member.node == node)
        others = [member for member in world.members if member is not leader]
        for member in others:
            world.pause(member)
        time.sleep(0.5)  # records that only the leader has
        world.kill(leader)
        for member in others:
            world.resume(member)
        time.sleep(1)
        world.launch(leader)
        world.heal()


def put_back(world, draw):
    """Every disk is what it was two seconds ago, as if restored from a copy: nobody can know what has been acknowledged since."""
    folders = [member.settings["log.dirs"] for member in world.members]
    for copy in (lambda folder: shutil.copytree(folder, folder + ".copy"), from_copy):
        time.sleep(draw.uniform(2, 3))
        for member in world.members:
            world.kill(member)
        for folder in folders:
            copy(folder)
        for member in world.members:
            world.launch(member)
        world.await_ready()
    time.sleep(2)  # other records come where those were


def from_copy(folder):
    shutil.rmtree(folder)
    os.rename(folder + ".copy", folder)


def power_of_all(world, draw):
    """All lose their power, one of them when it has slept and left the ISR. It comes back with the one whose disk is slow; that
    one leads, and knows alone what the third had acknowledged with it."""
    slow, third, asleep = world.members
    for _ in range(POWER_CUTS):
        world.pause(asleep)
        deadline = time.monotonic() + IN_SYNC_S
        while any(asleep.node in (one["id"] for one in partition["isrs"]) for partition in world.partitions()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"broker {asleep.node} sleeps and stays in sync")
            time.sleep(0.1)
        time.sleep(draw.uniform(0.5, 1.5))
        for member in world.members:
            member.process.send_signal(signal.SIGKILL)
        for member in world.members:
            world.kill(member)
        for member in (slow, asleep):
            world.launch(member)
        while any(partition["leader"] != slow.node for partition in world.partitions()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"broker {slow.node} does not lead all partitions: {world.partitions()}")
            time.sleep(0.1)
        world.launch(third)
        world.heal()


def one_or_more(world, draw):
    """One, two or all lose their power, again and again."""
    acts = Acts(world, draw, HASTE, lambda *_, **__: None)
    for _ in range(RANDOM_POWER_CUTS):
        acts.hold(0.5, 2)
        draw.choice([acts.kill_all, acts.kill_two, lambda: acts.kill("leader"), lambda: acts.kill("follower")])()


def play(world, draw, act, load_settings):
    if world.power_cuts:
        for member, slower_ms in zip(world.members, SYNC_MS):
            member.environment["OTTLA_DISK_SYNC_MS"] = str(slower_ms)
    world.start()
    world.topic(TOPIC, partitions=PARTITIONS, min_insync_replicas=2)
    world.begin_load(FAST if world.power_cuts else RATE, *load_settings)
    time.sleep(2)
    act(world, draw)
    world.heal()
    return world.end_load()


PLAIN = ("enable.idempotence=false",)
IN_ORDER = ("max.in.flight=1",)
NOTHING = {"OTTLA_MUTANT": "0"}
IN_SYNC_S = 30
# A broker whose disk has lied finds at its next start that what was durable is gone, and takes no part: no replica of it comes in
# sync again, or it does not lead what it should, and nothing need be lost.
REFUSALS = ("not all replicas are in sync", "does not lead all partitions")
ALL_THERE, LOSS, LOSS_OR_REFUSAL = "all is there", "a loss", "a loss, or a broker that takes no part"
ATTEMPTS = 3  # it is by chance who leads after a power cut, and what of its log is left
SYNC_MS = (300, 20, 20)  # at most, of the three disks that lose their power: the first acknowledges last
CASES = (  # what, what is done, with which producers, what must be found
    ("acks=1, and a leader that dies alone", leader_alone_then_dead, PLAIN + ("acks=1",), ("lost",)),
    ("all disks put back to an earlier copy", put_back, PLAIN, ("lost", "changed")),
)
BROKEN = (  # what is broken, what is done, where it is told, what must come of it
    ("nothing", power_of_all, NOTHING, ALL_THERE),
    ("what is written counts, and not what is synced", power_of_all, {"OTTLA_MUTANT": "1"}, LOSS),
    ("a leader acknowledges before its sync", power_of_all, {"OTTLA_MUTANT": "13"}, LOSS),
    ("a disk whose syncs do nothing and say that all is well", power_of_all, {"OTTLA_DISK_LIES": "1"}, LOSS_OR_REFUSAL),
    ("nothing", one_or_more, NOTHING, ALL_THERE),
    ("a follower cuts its log at its high watermark", one_or_more, {"OTTLA_MUTANT": "6"}, LOSS),
)


def find(seed, network, act, load_settings, broken=None):
    """What the load tells in the end."""
    with tempfile.TemporaryDirectory(prefix="nemesis-") as directory:
        world = World(directory, seed, bool(broken), network, broken, **QUICK)
        world.in_sync_s = IN_SYNC_S
        try:
            return play(world, random.Random(seed), act, load_settings)
        finally:
            world.end()


def less_is_promised(seed, network, act, load_settings, must_find):
    """(is it found, what was found)"""
    try:
        told = find(seed, network, act, load_settings)
    except Failure as failure:
        return False, failure
    return all(told[name] > 0 for name in must_find), {name: told[name] for name in ("acknowledged",) + FINDINGS}


def rule_is_broken(seed, network, act, broken, must_come):
    """(is it found, what was found): in the history that the clients saw, as it is where nothing is broken."""
    seen = []
    for attempt in range(1 if must_come == ALL_THERE else ATTEMPTS):
        try:
            told = find(seed + 100 * attempt, network, act, IN_ORDER, broken)
        except (Failure, RuntimeError) as failure:
            seen.append(str(failure)[:200])
            if must_come == LOSS_OR_REFUSAL and any(words in seen[-1] for words in REFUSALS):
                return True, seen
            continue
        found = {name: told[name] for name in FINDINGS if told[name]}
        seen.append(f"{told['acknowledged']} acknowledged, {found or 'all there'}")
        if must_come == ALL_THERE:
            try:
                judge(told)
            except Failure as failure:
                return False, str(failure)[:300]
            return True, seen
        if told["read"] > 0 and any(told[name] for name in ("lost", "vanished", "changed")):
            return True, seen
    return False, seen


def main(seed, network):
    passed = failed = 0

    def check(title, outcome):
        nonlocal passed, failed
        say(f"{'ok  ' if outcome[0] else 'FAIL'} {title}: {outcome[1]}")
        passed, failed = passed + outcome[0], failed + (not outcome[0])

    for number, (title, *case) in enumerate(CASES):
        check(title, less_is_promised(seed + 1000 * number, network, *case))
    for title, act, environment, must_come in BROKEN:
        check(f"{act.__name__}, broken: {title}", rule_is_broken(seed, network, act, environment, must_come))
    say(f"{passed} passed, {failed} failed")
    return failed != 0
