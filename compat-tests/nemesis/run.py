#!/usr/bin/env python3
"""A nemesis for three brokers: SIGKILL of one, two or all of them, pauses, clean stops, cuts of the network in one direction or
both, and power cuts, every few seconds, while idempotent producers write with acks=all and consumers follow. At the end of each
round all is healed: what was acknowledged is there once, in its order, where it was acknowledged; what was seen by a consumer is
still there; all replicas are in sync again, and hold the same bytes.

usage: run.py [--kills N] [--in-flight N] [--record] [--expect-loss]
    N acts that kill, 10 by default; others come between. --in-flight: requests that a producer has under way, 5 by default as
    librdkafka has it; with one, no batch can overtake another that was lost. Where one did, librdkafka begins a new epoch of its
    producer and sends all anew that was in flight: what is there twice for that is told, and no failure. --record: goes on where a run that broke off
    had stopped, and adds a line to compat-tests/RECORD.md. --expect-loss: with settings that promise less the same checks find
    what is missing. Last line: N passed, N failed.
SEED: the first seed instead of a random one. BUILD: another build directory than build/release.
Cuts need network namespaces (root, or user namespaces); without them they are left out, and that is said.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile

import loss
import network as networks
import stock
from acts import Acts
from world import PARTITIONS, QUICK, ROOT, TOPIC, Failure, World, judge, say

import long_run

SHORT_ROUND, LONG_ROUND = 5, 10  # kills
RATE = 1000
KEEP = os.path.join(ROOT, "build", "nemesis-failure")


def disturb(acts, kills, totals, others_per_kill):
    """Until so many acts have killed."""
    deck = []
    done = 0
    while done < kills:
        deck = deck or acts.deck(others_per_kill)
        kind, is_kill, act = deck.pop()
        acts.say(f"{kind}: ", end="")
        acts.hold(0.5, 3)
        act()
        totals["kinds"][kind] = totals["kinds"].get(kind, 0) + 1
        done += is_kill
        acts.world.look_after()
    acts.hold(0.5, 3)


def run_round(seed, kills, totals, network, power_cuts, is_short, in_flight):
    draw = random.Random(seed)
    is_quick = is_short or draw.random() < 0.6
    haste = 4 if is_short else draw.choice([1, 2, 4, 4])
    say(f"seed {seed}: {'power cuts' if power_cuts else 'kills'}, {'quick' if is_quick else 'usual'} timeouts, "
        f"haste {haste}")
    with tempfile.TemporaryDirectory(prefix="nemesis-") as directory:
        world = World(directory, seed, power_cuts, network, **(QUICK if is_quick else {}))
        clients = None
        try:
            world.start()
            world.topic(TOPIC, partitions=PARTITIONS, min_insync_replicas=2)
            world.begin_load(RATE, f"max.in.flight={in_flight}")
            if not power_cuts:  # that disk is in memory
                clients = stock.StockClients(world.cluster.bootstrap, directory)
                clients.start()
            disturb(Acts(world, draw, haste, say), kills, totals, 0.5 if is_short else 0.8)
            healed = world.heal()
            told = world.end_load()
            judge(told)
            wrong, by_others = clients.verdict() if clients else ([], 0)
            if wrong:
                raise Failure(f"other clients: {wrong}")
            for member in world.members:
                world.stop(member)
            wrong = world.complaints() or (not power_cuts and world.unequal_replicas())
            if wrong:
                raise Failure(f"afterwards: {wrong[:5]}")
        except BaseException as ended:
            if isinstance(ended, Failure):
                world.end()
                shutil.rmtree(KEEP, ignore_errors=True)
                shutil.copytree(directory, KEEP)
                say(f"what the brokers wrote and said is in {KEEP}")
            raise
        finally:
            world.end()
            if clients:
                clients.give_up()
    add_up(totals, told, kills, healed, by_others)
    say(f"in sync {healed:.1f} s after healing; {told['sent']} sent, all acknowledged, seen and there; "
        f"{by_others} by other clients; longest pause {told['longest_pause_s']} s"
        + f"; librdkafka did not come back from {told['hanging_closes']} closes" * bool(told["hanging_closes"])
        + f"; librdkafka told of {told['alarms']} truncations that were none" * bool(told["alarms"]))


def add_up(totals, told, kills, healed, by_others):
    totals["kills"] += kills
    totals["by_new_epoch"] = totals.get("by_new_epoch", 0) + told["doubled_by_new_epoch"]
    totals["acknowledged"] += told["acknowledged"] + by_others
    totals["healed_s"] = round(max(totals["healed_s"], healed), 1)
    totals["pause_s"] = max(totals["pause_s"], told["longest_pause_s"])


def describe(totals):
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(totals["kinds"].items()))
    return (f"{kinds}; {totals['acknowledged']} records acknowledged; all in sync "
            f"{totals['healed_s']} s after healing at the latest; lost, doubled, reordered, changed: 0; "
            f"sent anew by the client in a new epoch of its own, and there twice: {totals.get('by_new_epoch', 0)}")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--kills", type=int, default=10)
    words.add_argument("--in-flight", type=int, default=5)
    words.add_argument("--record", action="store_true")
    words.add_argument("--expect-loss", action="store_true")
    words = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not os.environ.get(networks.INSIDE):
        stock.set_up()
    has_network = networks.enter()
    if not has_network:
        say("no network namespaces here: nobody is cut off")
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    network = networks.Network(3) if has_network else None
    try:
        if words.expect_loss:
            return loss.main(seed, network)
        return nemesis(words, seed, network)
    finally:
        if network:
            network.end()


def nemesis(words, seed, network):
    totals = {"kills": 0, "kinds": {}, "acknowledged": 0, "healed_s": 0, "pause_s": 0, "rounds": 0}
    totals = (words.record and long_run.load_progress("nemesis")) or totals
    if totals["kills"]:
        say(f"going on after {totals['kills']} kills")
    is_short = words.kills <= 2 * SHORT_ROUND
    try:
        while totals["kills"] < words.kills:
            kills = min(SHORT_ROUND if is_short else LONG_ROUND, words.kills - totals["kills"])
            run_round(seed + 1000 * totals["rounds"], kills, totals, network, totals["rounds"] % 2 == 1, is_short,
                      words.in_flight)
            totals["rounds"] += 1
            if words.record:
                long_run.save_progress("nemesis", totals)
    except Failure as failure:
        say(f"FAIL {failure}")
        say(f"{totals['kills']} passed, 1 failed")
        return 1
    say(describe(totals))
    if words.record:
        run = f"{totals['kills']} kills of three brokers, requests in flight: {words.in_flight}"
        long_run.add_to_record("nemesis", run, describe(totals))
    say(f"{totals['kills']} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
