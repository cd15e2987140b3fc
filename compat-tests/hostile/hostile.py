#!/usr/bin/env python3
"""Bytes that no honest client sends, and the right answer to each; what Apache Kafka 4.3.1 does with the same bytes is told beside it.

usage: hostile.py FILE [TEXT]     Writes the table to FILE, prints what failed and a summary. Last line: N passed, N failed.
TEXT: only rows with that in number and name.

A row passes if our answer is the expected one, the broker's memory grew by 64 MiB at the most while it came, and every
request of a well-behaved client beside it was answered within two seconds. HOSTILE_WITHOUT_KAFKA=1, for brokers built
with a sanitizer: ours alone, with more patience; memory is told, not judged, and rows about limits of memory, time and
descriptors stay out: a sanitizer needs much of all three.
"""
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass

import rows_frames
import rows_records  # noqa: F401
import rows_bombs  # noqa: F401
import rows_names  # noqa: F401
import rows_brokers  # noqa: F401
import rows_connections  # noqa: F401
import rows_valid  # noqa: F401
from table import ROWS, SILENT, WITHOUT_KAFKA, Row
from targets import Kafka, Ours

MEMORY_KIB, PATIENCE_SECONDS = 64 * 1024, 60.0 if WITHOUT_KAFKA else 2.0
SLOW_ANSWER_SECONDS = 1.0  # more than that is told of Kafka's
NOT_ASKED = "not asked"


def is_about_limits(one):
    return one.number in (35, 36) or "queued.max.request.bytes" in one.what


@dataclass
class Result:
    row: object
    ours: str
    began: float
    ended: float
    kafka: str = NOT_ASKED
    grown_kib: int = 0
    troubles: list = None

    def line(self):
        verdict = "FAIL" if self.troubles else "ok  "
        told = f"{verdict} row {self.row.number:2} {self.row.what}: {self.ours} | Kafka: {self.kafka} | "
        told += f"+{max(0, self.grown_kib) / 1024:.1f} MiB, {self.ended - self.began:.1f} s"
        return told + "".join(f" | {trouble}" for trouble in self.troubles)


def acted(side, one):
    """What came of it. What breaks off must not stop the others."""
    try:
        return one.act(side)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def of_kafka(kafka, one):
    if kafka is None:
        return NOT_ASKED
    began = time.monotonic()
    came = acted(kafka, one)
    took = time.monotonic() - began
    came += f" in {took:.1f} s" if took > SLOW_ANSWER_SECONDS and SILENT not in came else ""
    if not kafka.is_alive():
        kafka.start_again()
        return came + ", and it died"
    if SILENT in came and not kafka.serves():
        kafka.start_again()
        return came + ", and it served others no more"
    return came


def judge(result):
    result.troubles = [] if result.ours == result.row.expected else [f"expected {result.row.expected}"]
    if result.grown_kib > MEMORY_KIB and not WITHOUT_KAFKA:
        result.troubles.append("more than 64 MiB of memory")
    return result


class Sitting:
    """The rows that share a broker, with a well-behaved client beside it: those of one number, so that what one has
    made the broker keep does not hide what the next one takes."""

    def __init__(self, directory, rows):
        self.rows, self.settings, self.results = rows, rows[0].settings, []
        self.ours, self.seen = Ours(directory, self.settings), None

    def start(self, kafka):
        self.ours.start()

    def run(self, kafka, table):
        """Gives what went wrong beside the rows, which go to the table as they come."""
        if not self.ours.is_alive():
            self.start(kafka)
        self.run_rows(kafka, table)
        try:
            self.seen, ended_well = self.ours.stop()
        except (OSError, ValueError, StopIteration) as error:
            return [f"the broker or the well-behaved client died: {error!r}"]
        self.blame()
        return [] if ended_well else ["the broker did not end as it should: " + self.ours.log()[-2000:].decode(errors="replace")]

    def run_rows(self, kafka, table):
        for one in self.rows:
            self.results.append(self.result_of(one, kafka))
            print(self.results[-1].line(), file=table, flush=True)

    def result_of(self, one, kafka):
        if not self.ours.is_alive():
            return Result(one, "not asked: the broker is dead", 0, 0, troubles=[f"expected {one.expected}"])
        memory = self.ours.memory
        memory.begin()
        before, began = memory.before, time.monotonic()
        result = Result(one, acted(self.ours, one), began, time.monotonic())
        if not self.ours.is_alive():
            result.troubles = ["the broker died"]
            return result
        result.grown_kib = memory.kib("VmHWM") - before
        result.kafka = of_kafka(kafka, one)
        return judge(result)

    def blame(self):
        """What the well-behaved client met goes to the row that was on."""
        late = [(at, seconds) for at, seconds in self.seen["notable"] if seconds > PATIENCE_SECONDS]
        met = [(at, f"the well-behaved client waited {seconds:.1f} s") for at, seconds in late]
        met += [(at, f"the well-behaved client: {trouble}") for at, trouble in self.seen["failures"]]
        for at, trouble in met:
            on = [result for result in self.results if result.began <= at + 0.05]
            (on or self.results)[-1].troubles.append(trouble)


class SlowSitting(Sitting):
    """The row that goes on beside all others, with a broker of its own."""

    def __init__(self, directory):
        super().__init__(directory, [Row(4, "a frame that never ends, a byte every half second", "closed at the deadline", None)])

    def start(self, kafka):
        self.ours.start()
        self.ours.memory.begin()
        self.began, self.slow = time.monotonic(), [rows_frames.Slow(side).start() for side in (self.ours, kafka) if side]

    def run_rows(self, kafka, table):
        result = Result(self.rows[0], self.slow[0].came(), self.began, time.monotonic(), grown_kib=self.ours.memory.grown_kib())
        if len(self.slow) > 1 and kafka.starts == 1:  # otherwise it was not Kafka's own will that ended the connection
            result.kafka = self.slow[1].came()
        self.results.append(judge(result))


def sittings(directory, wanted):
    groups = {}
    for one in [one for one in ROWS if not (WITHOUT_KAFKA and is_about_limits(one))]:
        if wanted in f"{one.number} {one.what}":
            groups.setdefault((not one.settings and one.number, *one.settings.items()), []).append(one)
    return [Sitting(os.path.join(directory, f"ottla-{number}"), rows) for number, rows in enumerate(groups.values())]


# What Kafka has by the same name, and may have at once with the others.
KAFKA_KNOWS = {"max.connections": "50", "max.connections.per.ip.overrides": "127.0.0.2:3", "connections.max.idle.ms": "1500"}


class Kafkas:
    """One as it is, and one with limits."""

    def __init__(self, directory, all_sittings):
        self.directory, self.running = directory, {}
        self.kinds = [] if WITHOUT_KAFKA else sorted({self.kind(one.settings) for one in all_sittings} - {None})

    @staticmethod
    def kind(settings):
        if not settings:
            return "plain"
        return "limited" if settings.keys() - {"connection.handshake.timeout.ms"} <= KAFKA_KNOWS.keys() else None

    def start(self):
        """The first rows are for the one as it is; the other one starts meanwhile."""
        for kind in reversed(self.kinds):
            self.running[kind] = Kafka(os.path.join(self.directory, kind), KAFKA_KNOWS if kind == "limited" else {})
            if kind == "plain":
                self.running[kind].ready()

    def of(self, settings):
        kafka = self.running.get(self.kind(settings))
        return kafka and kafka.ready()

    def stop(self):
        for one in self.running.values():
            one.stop()


def summary(all_sittings):
    worst = max((result for one in all_sittings for result in one.results), key=lambda result: result.grown_kib)
    print(f"largest growth of memory: {worst.grown_kib / 1024:.1f} MiB in row {worst.row.number} {worst.row.what}"
          + (" (not judged)" if WITHOUT_KAFKA else ""))
    seen = [one.seen for one in all_sittings if one.seen]
    took = sorted(seconds for one in seen for seconds in one["took"])
    if took:
        print(f"the well-behaved clients: {len(took):,} requests, {sum(len(one['failures']) for one in seen)} not answered, "
              f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, maximum {took[-1] * 1000:.1f} ms")


def run(directory, file, wanted):
    all_sittings, slow = sittings(directory, wanted), []
    kafkas = Kafkas(directory, all_sittings)
    try:
        kafkas.start()
        if not wanted:
            slow = [SlowSitting(os.path.join(directory, "ottla-slow"))]
            slow[0].start(kafkas.of({}))
        with open(file, "w", encoding="utf-8") as table:
            wrong = [f"{one.settings}: {trouble}" for one in all_sittings + slow for trouble in one.run(kafkas.of(one.settings), table)]
    finally:
        kafkas.stop()
        for one in all_sittings + slow:
            one.ours.end()
    all_sittings += slow
    results = sorted((result for one in all_sittings for result in one.results), key=lambda result: result.row.number)
    with open(file, "w", encoding="utf-8") as table:
        table.writelines(result.line() + "\n" for result in results)
    failed = [result for result in results if result.troubles]
    print("".join(result.line() + "\n" for result in failed) + "".join(f"{line}\n" for line in wrong), end="")
    summary(all_sittings)
    print(f"{len(results) - len(failed)} passed, {len(failed) + len(wrong)} failed", flush=True)
    return 1 if failed or wrong else 0


def main():
    # No row is about the disk, and all that are about many topics wait for it otherwise.
    directory = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # so that what was started is ended, too
    try:
        return run(directory, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
