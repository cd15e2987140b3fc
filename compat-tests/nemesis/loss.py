"""Shows that the nemesis finds what is missing: brokers whose settings promise less, and disturbed so that it matters."""
import os
import random
import shutil
import tempfile
import time

from world import PARTITIONS, QUICK, TOPIC, Failure, World, say

RATE, TIMES = 500, 3
FINDINGS = ("lost", "doubled", "out_of_order", "moved", "changed", "vanished")


def leader_alone_then_dead(world, draw):
    """acks=1 is the leader's word alone: it is killed while nobody follows."""
    for _ in range(TIMES):
        leaders = [one["leader"] for one in world.partitions()]
        leader = next(member for member in world.members if member.node == draw.choice(leaders))
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


def play(world, draw, act, load_settings):
    world.start()
    world.topic(TOPIC, partitions=PARTITIONS, min_insync_replicas=2)
    world.begin_load(RATE, *load_settings)
    time.sleep(2)
    act(world, draw)
    world.heal()
    return world.end_load()


PLAIN = ("enable.idempotence=false",)
CASES = (
    ("acks=1, and a leader that dies alone", leader_alone_then_dead, PLAIN + ("acks=1",), ("lost",)),
    ("all disks put back to an earlier copy", put_back, PLAIN, ("lost", "changed")),
)


def main(seed, network):
    passed = failed = 0
    for number, (title, act, load_settings, must_find) in enumerate(CASES):
        with tempfile.TemporaryDirectory(prefix="nemesis-") as directory:
            world = World(directory, seed + number * 1000, False, network, **QUICK)
            try:
                told = play(world, random.Random(seed + number), act, load_settings)
                found = {name: told[name] for name in ("acknowledged",) + FINDINGS}
                is_found = all(told[name] > 0 for name in must_find)
            except Failure as failure:
                found, is_found = failure, False
            finally:
                world.end()
        say(f"{'ok  ' if is_found else 'FAIL'} {title}: {found}")
        passed += is_found
        failed += not is_found
    say(f"{passed} passed, {failed} failed")
    return failed != 0
