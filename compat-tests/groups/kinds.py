"""Other kinds of members of the classic protocol: cooperative ones, which keep reading while partitions move, and static
ones, whose restart nobody notices.

usage: kinds.py BOOTSTRAP WORK_DIR BROKER_LOG [NAME=]CLIENT...   (NAME: cooperative or static; both by default)
"""
import concurrent.futures
import re
import signal
import sys

from groups import AT_ONCE, Report, eventually, run

broker_log = ""
# Rebalances that a client may ask for itself: franz-go's leader joins anew, now and then, after it was started again.
OF_ITS_OWN = {"franz-go": 1}


def rebalances(scene):
    """How many generations the broker told of."""
    with open(broker_log, encoding="utf-8") as log:
        return len(re.findall(rf"group {scene.group}: generation \d+ with [1-9]", log.read()))


def play_cooperative(scene, report):
    scene.write()
    scene.start(1)
    report.settles(scene, 1)
    report.reads_all(scene, "one cooperative member reads all, each record once", once=True)
    scene.start(2)
    report.settles(scene, 3)
    scene.write()
    report.reads_all(scene, "three cooperative members read on, each record once", once=True)
    scene.gone.append(scene.members.pop(0))
    scene.gone[-1].end(signal.SIGTERM)
    report.settles(scene, 2)
    scene.write()
    report.reads_all(scene, "after one left, the others read on, each record once", once=True)


def play_static(scene, report):
    for instance in ("one", "two", "three"):
        scene.start(1, instance=instance)
    report.settles(scene, 3)
    scene.write()
    report.reads_all(scene, "three static members read all, each record once", once=True)
    eventually(lambda: scene.committed() == scene.written, 10)
    before = rebalances(scene)
    for _ in range(3):  # a rolling restart
        scene.gone.append(scene.members.pop(0))
        scene.gone[-1].end(signal.SIGTERM)
        scene.start(1, instance=scene.gone[-1].instance)
        scene.write()
        report.reads_all(scene, "one was started again: all is read, each record once", once=True)
        eventually(lambda: scene.committed() == scene.written, 10)
    more = rebalances(scene) - before
    report.check(scene.client, "nobody had to rebalance", more <= OF_ITS_OWN.get(scene.client, 0), f"{before}, then {more} more")
    report.settles(scene, 3)


def main():
    global broker_log
    bootstrap, work, broker_log, wanted = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    report = Report()
    scripts = {"cooperative": play_cooperative, "static": play_static}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as some:
        for one in wanted:
            name, _, client = one.rpartition("=")
            for kind, script in scripts.items():
                if name in ("", kind):
                    some.submit(run, script, client, bootstrap, work, report, "cooperative" if kind == "cooperative" else "classic")
    print(report.table())
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed != 0 or not report.passed


if __name__ == "__main__":
    sys.exit(main())
