#!/usr/bin/env python3
"""Runs commands.py on both sides and compares; a table; the last line is "N passed, N failed".

Passed: the outputs are equal once ids, addresses, paths and times have been taken out, or every line that differs
matches an explanation. An explanation that explains nothing in the whole run counts as failed, too.
"""
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import sides
from commands import CHANGES, COMMANDS, CUT, MAIN


def normalised(text, side, paths):
    text = text.replace(side.bootstrap, "BROKER").replace(side.data, "DATA")
    host, port = side.bootstrap.split(":")
    text = re.sub(rf"{host}:{port}|\b{port}\b", "BROKER", text)
    for path in paths:
        text = text.replace(path, "FILE")
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID", text)
    text = re.sub(r"TopicId: \S{22}", "TopicId: ID", text)
    text = re.sub(r'"timestamp":\d+', '"timestamp":0', text)
    text = re.sub(r"\b1[67]\d{11}\b", "TIME", text)
    text = re.sub(r"(avg_throughput\W+|\"target_throughput\":)[\d.E-]+", r"\g<1>0", text)
    text = re.sub(r"console-consumer-\d+", "console-consumer-N", text)
    text = re.sub(r"^\{.*\}$", lambda found: sorted_json(found[0]), text, flags=re.MULTILINE)
    text = re.sub(r'"size": [1-9]\d*', '"size": N', text)
    # Which of them a console consumer's group goes to, whose name is random:
    text = re.sub(r'("__consumer_offsets-\d+", "size": )\w+', r"\1N", text)
    lines = [re.sub(r" +", " ", line.rstrip()) for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("\tat ")]


def sorted_json(text):
    """Lists and fields in one order; kafka-log-dirs prints from a hash map."""
    def ordered(value):
        if isinstance(value, dict):
            return {name: ordered(one) for name, one in sorted(value.items())}
        if isinstance(value, list):
            return sorted((ordered(one) for one in value), key=json.dumps)
        return value
    return json.dumps(ordered(json.loads(text)))


class Row:
    def __init__(self, command, answers, used):
        self.command, self.unexplained, self.reasons = command, [], set()
        for pattern, reason in set(command.may_differ) & set(CUT):
            cut = [[re.sub(pattern, "", line).rstrip() for line in answer] for answer in answers]
            if cut != list(answers):
                used.add(pattern)
                self.reasons.add(reason)
            answers = [[line for line in answer if line] for answer in cut]
        lines = [sorted(answer) if command.any_order else answer for answer in answers]
        for line in difflib.ndiff(*lines):
            if line[0] in "+-":
                reason = self.reason(line[2:], used)
                if reason:
                    self.reasons.add(reason)
                else:
                    self.unexplained.append(("Kafka: " if line[0] == "-" else "Ottla: ") + line[2:])

    def reason(self, line, used):
        for pattern, reason in self.command.may_differ:
            if re.search(pattern, line):
                used.add(pattern)
                return reason
        return None

    def verdict(self):
        return "DIFFERENT" if self.unexplained else "explained" if self.reasons else "equal"


def run_all(side, commands, answers):
    for number, command in enumerate(commands):
        words = command.text.split()
        paths = []
        if command.file:
            paths.append(os.path.join(side.directory, f"file{number}"))
            with open(paths[0], "w", encoding="utf-8") as file:
                file.write(command.file)
            words = [word.replace("{file}", paths[0]) for word in words]
        if command.after_deletion:
            time.sleep(1)
        began = time.monotonic()
        arguments = [word.replace("{bootstrap}", side.bootstrap) for word in words[1:]]
        if "{bootstrap}" not in words:
            arguments = ["--bootstrap-server", side.bootstrap] + arguments
        status, out, err = side.run(MAIN[words[0]], arguments, command.stdin, command.seconds)
        took = time.monotonic() - began
        answers.append(([f"status {status}"] + normalised(out, side, paths) + normalised(err, side, paths), took))


def run_both(pair, commands):
    answers = [[], []]
    threads = [threading.Thread(target=run_all, args=(side, commands, mine)) for side, mine in zip(pair, answers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def compare(pair, commands):
    for thread in [threading.Thread(target=side.start) for side in pair]:
        thread.start()
        thread.join()
    kafka, ours = run_both(pair, commands)
    if len(kafka) != len(commands) or len(ours) != len(commands):
        print(f"only {len(kafka)} and {len(ours)} of {len(commands)} commands were run")
        return [], set()
    used, rows = set(), []
    for command, (theirs, their_seconds), (mine, my_seconds) in zip(commands, kafka, ours):
        rows.append(Row(command, (theirs, mine), used))
        print(f"{rows[-1].verdict():9} {their_seconds:5.1f} {my_seconds:5.1f}  {command.text}")
        for reason in sorted(rows[-1].reasons):
            print(f"{'':24}{reason}")
        for line in rows[-1].unexplained[:40]:
            print(f"{'':24}{line[:400]}")
    return rows, used


def changes_survive(ours):
    """What was changed is told the same after kill -9, and has the effect that it had."""
    def configs(words):
        return ours.run(MAIN["configs"], ["--bootstrap-server", ours.bootstrap] + words.split())

    def told():
        return [configs("--describe " + change.split(" --add-config")[0]) for change in CHANGES] + \
            [configs("--describe --topic placed --all")]
    ours.run(MAIN["topics"], ["--bootstrap-server", ours.bootstrap, "--create", "--topic", "placed", "--if-not-exists"])
    altered = [configs("--alter " + change)[0] for change in CHANGES]
    before = told()
    ours.broker.kill()
    ours.broker.start()
    after = told()
    seen = "".join(out for _, out, _ in before)
    complete = all(f"{pair}" in seen for change in CHANGES for pair in change.split("--add-config ")[1].split(",")) and \
        "segment.bytes=2000000" in before[-1][1] and "compression.type=zstd" in before[-1][1]
    survived = altered == ["0"] * len(CHANGES) and complete and before == after
    print(f"changes {'survive' if survived else 'DO NOT SURVIVE'} kill -9")
    return survived


def definitions_are_kafkas():
    folder = os.path.join(sides.ROOT, "broker", "kafka_settings")
    same = subprocess.run(sides.JAVA + ["Definitions", "check", folder], check=False).returncode == 0
    print("the tables of settings are " + ("Kafka's" if same else "NOT Kafka's"))
    return same


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    commands = [command for command in COMMANDS if wanted in command.text]
    directory = tempfile.mkdtemp()
    pair = (sides.Kafka("kafka", os.path.join(directory, "kafka")),
            sides.Ottla("ottla", os.path.join(directory, "ottla")))
    print("outcome   Kafka Ottla  command (seconds)")
    try:
        rows, used = compare(pair, commands)
        others = [changes_survive(pair[1]), definitions_are_kafkas()]
    finally:
        for side in pair:
            side.stop()
        shutil.rmtree(directory, ignore_errors=True)
    failed = sum(1 for row in rows if row.unexplained) + (len(commands) - len(rows))
    idle = {pattern for command in commands for pattern, _ in command.may_differ} - used
    for pattern in idle if not wanted else ():
        print(f"explains nothing: {pattern}")
        failed += 1
    equal = sum(1 for row in rows if row.verdict() == "equal")
    print(f"{len(commands)} commands: {equal} equal, {sum(1 for row in rows if row.verdict() == 'explained')} differ as "
          f"explained, {sum(1 for row in rows if row.unexplained)} differ")
    passed = len(rows) - sum(1 for row in rows if row.unexplained) + sum(others)
    failed += others.count(False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
