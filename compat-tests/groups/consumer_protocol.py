"""The new consumer protocol (KIP-848) by stock clients, all of them at once: one member, three on twelve partitions, kill -9,
a clean leave, a regular expression, and a group that goes from the classic protocol to the new one and back.

usage: consumer_protocol.py BOOTSTRAP WORK_DIR CLIENT...   (the broker's group.consumer.session.timeout.ms is some seconds)
"""
import signal
import sys
import threading

from groups import Report, eventually, run


def leave(scene, which=0):
    scene.gone.append(scene.members.pop(which))
    return scene.gone[-1].end(signal.SIGTERM)


def is_over(scene):
    return scene.described().state.name == "EMPTY" and scene.committed() == scene.written


def play(scene, report):
    scene.write()
    scene.start(1)
    report.reads_all(scene, "one member reads all, each record once", once=True)
    scene.start(2)
    report.settles(scene, 3)
    scene.write()
    report.reads_all(scene, "three members read on, each record once", once=True)
    scene.gone.append(scene.members.pop(0))
    scene.gone[-1].end(signal.SIGKILL)
    scene.write()
    report.settles(scene, 2)
    report.reads_all(scene, "after kill -9 of one, the others read all", once=False)
    before = scene.read()
    status = leave(scene)
    report.settles(scene, 1)
    scene.write()
    report.reads_all(scene, f"after one left (status {status}), the last one reads all", once=False)
    twice = sum(1 for key, times in scene.read().items() if times > max(1, before.get(key, 0)))
    report.check(scene.client, "none of it read twice after the clean handover", twice == 0, f"{twice} twice")
    leave(scene)
    report.check(scene.client, "all left: the group is empty, its offsets are committed",
                 eventually(lambda: is_over(scene), 20) is not None,
                 f"{scene.described().state.name}, {scene.committed()} of {scene.written}")
    scene.admin.delete_consumer_groups([scene.group])[scene.group].result(30)
    report.check(scene.client, "the group can be deleted", scene.committed() <= 0, scene.committed())


def play_expression(scene, report):
    scene.start(1, topic="^" + scene.topic[:-1] + ".*")
    scene.write()
    report.reads_all(scene, "an expression finds the topic", once=True)
    leave(scene)


def play_migration(scene, report):
    scene.write()
    scene.start(2, protocol="classic")
    report.settles(scene, 2)
    scene.start(1, protocol="consumer")
    report.settles(scene, 3)
    report.check(scene.client, "a member of the new protocol makes the group one", scene.described().type.name == "CONSUMER")
    scene.write()
    report.reads_all(scene, "upgraded: all is read", once=False)
    leave(scene, 2)
    eventually(lambda: scene.described().type.name == "CLASSIC", 20)
    report.settles(scene, 2)
    report.check(scene.client, "without it the group is a classic one", scene.described().type.name == "CLASSIC")
    scene.write()
    report.reads_all(scene, "downgraded: all is read", once=False)
    while scene.members:
        leave(scene)


def main():
    bootstrap, work, clients = sys.argv[1], sys.argv[2], sys.argv[3:]
    report = Report()
    scenes = [(script, client) for client in clients for script in (play, play_expression)]
    scenes += [(play_migration, client) for client in clients if client == "confluent-kafka"]
    threads = [threading.Thread(target=run, args=(*one, bootstrap, work, report, "consumer")) for one in scenes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(report.table())
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed != 0 or not report.passed


if __name__ == "__main__":
    sys.exit(main())
