"""What the run.py of each client here shares: a broker of its own, the suite's tests on it, and the verdict (verdict.py).

usage of a client's run.py: run.py [--kafka] [PATTERN]
  --kafka    on an Apache Kafka instead, to see what does not pass there either: tells how its outcomes differ from the last of ours
  PATTERN    only the tests that have it in their names; nothing is judged
Each outcome is left in build/compat/suites/<client>/outcomes.tsv, with what the test said. Last line: N passed, N failed.
"""
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

import verdict

for folder in (".", "bench", "cluster"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))
from broker import ROOT, Broker
from cluster import Cluster


FURTHER_ATTEMPTS_MAX = 25


class Suite:
    """A client's: VERSION as "name version"; set_up() installs, run(brokers, pattern) starts one broker or more with
    brokers.start(), and gives test -> (state, why) for each test that the suite lists and whose name has the pattern in it."""

    def __init__(self, run_file):
        self.here = os.path.dirname(os.path.abspath(run_file))
        self.name = os.path.basename(self.here)
        self.build = os.path.join(ROOT, "build", "compat", "suites", self.name)
        self.toolchains = os.path.join(ROOT, "compat-tests", "toolchains.sh")
        os.makedirs(self.build, exist_ok=True)

    def command(self, words, log, seconds=600, **options):
        """Its exit status, -1 if it had not ended in time; what it says goes to `log` in the build folder. Ended with all it began."""
        path = os.path.join(self.build, log)
        with open(path, "wb") as out, subprocess.Popen(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                                       start_new_session=True, **options) as process:
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                return -1
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)  # those that outlive it, too
                except ProcessLookupError:
                    pass

    def install(self, words, log, **options):
        if self.command(words, log, 1800, **options) != 0:
            raise RuntimeError(f"{' '.join(words)[:200]} failed:\n{self.said(log)[-3000:]}")

    def said(self, log):
        with open(os.path.join(self.build, log), encoding="utf-8", errors="replace") as file:
            return file.read()

    def written_down(self, file):
        path = os.path.join(self.here, file)
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as text:
            return text.read()


class Ottlas:
    """Brokers, each on its own."""

    def __init__(self, folder):
        self.folder, self.started = folder, []

    def start(self, **settings):
        """With `_` for the dots of a setting's name; gives the address."""
        directory = os.path.join(self.folder, str(len(self.started)))
        os.makedirs(directory)
        self.started.append(Broker(directory, **settings))
        self.started[-1].start()
        return self.started[-1].bootstrap

    def start_three(self, **settings):
        """One cluster of three, each in a rack of its own (RACK1, RACK2, RACK3); the addresses of all."""
        selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
        cluster = Cluster(os.path.join(self.folder, str(len(self.started))), replica_selector_class=selector, **settings)
        for member in cluster.members:
            member.settings["broker.rack"] = f"RACK{member.node}"
        self.started += cluster.members
        cluster.start()
        return cluster.bootstrap

    def stop(self):
        """What is to be complained about."""
        found = []
        for broker in self.started:
            try:
                if broker.process.poll() is not None or broker.stop() != 0:
                    found.append(f"a broker ended with status {broker.process.returncode}")
            except subprocess.TimeoutExpired:
                found.append("a broker did not end within 30 s")
            with open(os.path.join(broker.directory, "broker.err"), encoding="utf-8", errors="replace") as text:
                found += [line.rstrip() for line in text if "[critical]" in line or "ERROR: " in line]
        return found


class Kafkas:
    def __init__(self, folder):
        self.folder, self.started = folder, []

    def start(self, **settings):
        from systems import KAFKA_SETTINGS, Kafka  # its jars: kafka-tools/setup.sh
        settings.pop("node_id", None)  # its voters are written down
        settings.pop("default_replication_factor", None)  # it is alone
        KAFKA_SETTINGS.update({name.replace("_", "."): str(value) for name, value in settings.items()})
        self.started.append(Kafka(os.path.join(self.folder, str(len(self.started)))))
        self.started[-1].start()
        return f"127.0.0.1:{self.started[-1].port}"

    start_three = start  # one has to do

    def stop(self):
        for kafka in self.started:
            kafka.kill()
        return []


def keep(path, outcomes):
    with open(path, "w", encoding="utf-8") as file:
        for name, (state, why) in sorted(outcomes.items()):
            file.write(f"{state}\t{name}\t{' '.join(why.split())[:2000]}\n")


def kept(path):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 2) for line in file]
    return {name: (state, why) for state, name, why in rows}


def run_on(brokers, suite, pattern):
    try:
        outcomes = suite.run(brokers, pattern)
    except BaseException:
        brokers.stop()
        raise
    return outcomes, brokers.stop()


def further_attempts(suite, folder, outcomes):
    """Those that must pass and did not, each on a broker of its own, twice at most: where other work keeps the machine busy a
    client loses its patience, or its records, and one that brings its runner down takes others with it. It is told."""
    missed = [name for name in verdict.allowed_in(suite.written_down("tests.allow"))
              if outcomes.get(name, (verdict.PASSED, ""))[0] != verdict.PASSED]
    if len(missed) > FURTHER_ATTEMPTS_MAX:
        return
    for number, name in enumerate(missed):
        state, why = outcomes[name]
        for attempt in ("second", "third"):
            if outcomes[name][0] != verdict.PASSED:
                told, _ = run_on(Ottlas(os.path.join(folder, f"{attempt}-{number}")), suite, name)
                print(f"note {suite.name}: {name}: {state} ({why[:300]}), at the {attempt} attempt {told.get(name, ('gone',))[0]}")
                outcomes[name] = told.get(name, outcomes[name])


def tell_differences(suite, outcomes):
    ours = kept(os.path.join(suite.build, "outcomes.tsv"))
    for name, (state, why) in sorted(outcomes.items()):
        here, why_here = ours.get(name, ("?", ""))
        if here != state or state != verdict.PASSED:
            print(f"{name}: kafka {state}, ottla {here}\n    kafka: {why[:300]}\n    ottla: {why_here[:300]}")


def judge(suite, outcomes, complaints, cost):
    allowed = verdict.allowed_in(suite.written_down("tests.allow"))
    findings = verdict.findings_in(suite.written_down("FINDINGS.md"))
    bad = verdict.wrong(outcomes, allowed, findings) + complaints
    for line in bad:
        print(f"FAIL {suite.name}: {line[:1000]}")
    for name in verdict.better(outcomes, findings):
        print(f"note {suite.name}: {name}: passed, though FINDINGS.md has it")
    listed, ran, passed = verdict.score(outcomes)
    print(f"score: {suite.VERSION}: {listed} listed, {ran} ran, {passed} passed, {cost}")
    good = sum(outcomes.get(name, ("", ""))[0] == verdict.PASSED for name in allowed)
    print(f"{good} passed, {len(bad)} failed")
    return bool(bad) or good == 0


def main(suite):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was begun is ended
    words = [word for word in sys.argv[1:] if word != "--kafka"]
    on_kafka, pattern = "--kafka" in sys.argv[1:], words[0] if words else ""
    suite.set_up()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcomes, complaints = run_on((Kafkas if on_kafka else Ottlas)(folder), suite, pattern)
        if not on_kafka and not pattern:
            further_attempts(suite, folder, outcomes)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = f"{time.monotonic() - began:.0f} s, {used.ru_utime + used.ru_stime:.0f} CPU s with its set-up"
    if pattern or on_kafka:
        keep(os.path.join(suite.build, "outcomes.kafka.tsv" if on_kafka else "outcomes.some.tsv"), outcomes)
        if on_kafka:
            tell_differences(suite, outcomes)
        else:
            print("\n".join(f"{state}: {name}: {why[-600:]}" for name, (state, why) in sorted(outcomes.items())))
        return sum(state != verdict.PASSED for state, _ in outcomes.values()) != 0
    keep(os.path.join(suite.build, "outcomes.tsv"), outcomes)
    return judge(suite, outcomes, complaints, cost)
