#!/usr/bin/env python3
"""Runs the scenarios on an Apache Kafka and on us, and compares the answers. usage: run.py [PATTERN]

Passed: the answers are equal, or every difference has its row in explained.py. In a whole run these fail, too: a row
that explains nothing, a served version that no scenario asks for, a difference planted on purpose that is not reported.
The last line is "N passed, N failed".
"""
import importlib
import os
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "kafka-tools"), os.path.join(HERE, "..")]
import sides  # noqa: E402
from codec import Codec  # noqa: E402
from differences import Normaliser, differences, explanation  # noqa: E402
from explained import EXPLAINED  # noqa: E402
from plant import planted  # noqa: E402
from scenario import SCENARIOS  # noqa: E402
from talk import Talk  # noqa: E402

FAMILIES = sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "scenarios")) if name.endswith(".py"))
CLASSES = os.path.join(sides.ROOT, "build", "compat", "differential")
SETTINGS = {**sides.SETTINGS, "offsets.topic.num.partitions": "1", "log.retention.ms": "-1", "num.partitions": "2",
            "log.flush.interval.messages": "1", "group.min.session.timeout.ms": "100",
            "group.consumer.min.session.timeout.ms": "100", "group.consumer.min.heartbeat.interval.ms": "50",
            "log.initial.task.delay.ms": "600000", "group.consumer.assignment.interval.ms": "0"}
SHOWN_LINES, SHOWN_CHARACTERS = 40, 400


class Kafka(sides.Kafka):
    settings = SETTINGS

    def start_tools(self):
        pass


class Ottla(sides.Ottla):
    settings = {**SETTINGS, "cluster.id": "AAAAAAAAAAAAAAAAAAAAAQ"}

    def start_tools(self):
        pass


def prepare(side, codec):
    """Learns what is served, and waits until groups are."""
    talk = Talk("prepare", side, codec)
    side.served = {"ApiVersions": [0], "FindCoordinator": [0], "OffsetFetch": [7], "InitProducerId": [0]}
    told = {row["api_key"]: row for row in talk.quietly("ApiVersions", 0)["api_keys"]}
    deadline = time.monotonic() + 20
    while any(talk.quietly(api, **body)["error_code"] != "NONE" for api, body in (
            ("FindCoordinator", {"key": "prepare"}), ("OffsetFetch", {"group_id": "prepare", "topics": None}),
            ("InitProducerId", {"transactional_id": None, "transaction_timeout_ms": 60000}))):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{side.name} has no group coordinator, or no producer ids")
        time.sleep(0.05)
    talk.close()
    return told


def served_by_both(codec, kafka, ours):
    served = {}
    for name, api in codec.apis.items():
        both = kafka.get(api["key"]), ours.get(api["key"])
        if all(both):
            first = max(api["first"], *(row["min_version"] for row in both))
            served[name] = list(range(first, min(row["max_version"] for row in both) + 1))
    return served


def run_all(side, codec, scenarios):
    talks = []
    for name, function in scenarios.items():
        talk = Talk(name, side, codec)
        began = time.monotonic()
        try:
            function(talk)
            talk.trouble = None
        except Exception:  # noqa: BLE001: a scenario that breaks on one side must not stop the others
            talk.trouble = "broke off: " + " ".join(traceback.format_exc().split("\n")[-6:])
        talk.close()
        talk.seconds = time.monotonic() - began
        talks.append(talk)
    return talks


def both(action, pair):
    """At once; what goes wrong is raised here."""
    with ThreadPoolExecutor(len(pair)) as pool:
        return list(pool.map(action, pair))


def told(found):
    """A line for those that are the same in several answers."""
    same = {}
    for one in found:
        same.setdefault((one.api, one.path, one.kafka, one.ours), []).append(f"{one.number}(v{one.version})")
    return [f"{api} {path}: Kafka {kafka}, ours {ours}; answer {' '.join(where)}" for (api, path, kafka, ours), where in same.items()]


class Report:
    def __init__(self, since_ms):
        self.since_ms, self.until_ms = since_ms, int(time.time() * 1000) + 60_000
        self.used, self.failed, self.unexplained, self.explained = set(), 0, 0, 0

    def differences(self, talks, exchanges=None):
        exchanges = exchanges or [talk.exchanges for talk in talks]
        return list(differences(exchanges, [Normaliser(talk, self.since_ms, self.until_ms) for talk in talks]))

    def compared(self, talks):
        name, found = talks[0].scenario, []
        for one in self.differences(talks):
            index = explanation(name, one)
            if index is None:
                found.append(one)
            else:
                self.explained += 1
                self.used.add(index)
        self.unexplained += len(found)
        wrong = told(found)
        wrong += [f"{talk.side.name} {talk.trouble}" for talk in talks if talk.trouble]
        if wrong:
            self.failed += 1
            print(f"DIFFERENT {name} ({talks[0].seconds:.1f} s, {talks[1].seconds:.1f} s)")
            print("".join(f"    {line[:SHOWN_CHARACTERS]}\n" for line in wrong[:SHOWN_LINES]), end="")
        elif max(talk.seconds for talk in talks) > 1.5:
            print(f"slow      {name} ({talks[0].seconds:.1f} s, {talks[1].seconds:.1f} s)")

    def whole_run(self, all_talks, served):
        """What only a whole run can tell."""
        wrong = [f"explains nothing: {one}" for index, one in enumerate(EXPLAINED) if index not in self.used]
        asked = {(one.api, one.version) for _, ours in all_talks for one in ours.exchanges}
        for api, versions in served.items():
            left_out = [version for version in versions if (api, version) not in asked]
            wrong += [f"not asked: {api} {left_out}"] if left_out else []
        tried, missed = planted(self, all_talks)
        wrong += [f"planted and not reported: {one}" for one in missed]
        apis = len({one.split(" ")[0] for one in tried})
        wrong += [f"no difference was planted in {api}" for api in served if not any(one.startswith(api + " ") for one in tried)]
        print(f"{len(tried)} differences planted in {apis} APIs, {len(tried) - len(missed)} reported")
        print("".join(f"{line}\n" for line in wrong), end="")
        return len(wrong)


def run(wanted, pair, codec):
    both(lambda side: side.start(), pair)
    told = [prepare(side, codec) for side in pair]
    served = served_by_both(codec, *told)
    for side in pair:
        side.served = served
    for family in FAMILIES:
        importlib.import_module("scenarios." + family)
    scenarios = {name: function for name, function in SCENARIOS.items()
                 if wanted in f"{function.__module__.split('.')[1]}.{name}"}
    report = Report(int(time.time() * 1000) - 600_000)
    talks = list(zip(*both(lambda side: run_all(side, codec, scenarios), pair)))
    for one in talks:
        report.compared(one)
    failed = report.failed + (0 if wanted else report.whole_run(talks, served))
    print(f"{len(scenarios)} scenarios, {sum(ours.requests for _, ours in talks)} requests to each side, "
          f"{sum(len(ours.exchanges) for _, ours in talks)} answers compared in {sum(map(len, served.values()))} versions of "
          f"{len(served)} APIs: {report.unexplained} differences, {report.explained} more as explained")
    print(f"{len(scenarios) - report.failed} passed, {failed} failed")
    return 1 if failed or not scenarios else 0


def main():
    directory = tempfile.mkdtemp()
    pair = (Kafka("kafka", os.path.join(directory, "kafka")), Ottla("ottla", os.path.join(directory, "ottla")))
    codec = Codec(CLASSES)
    try:
        return run(sys.argv[1] if len(sys.argv) > 1 else "", pair, codec)
    finally:
        codec.stop()
        for side in pair:
            side.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
