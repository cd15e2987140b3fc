"""The broker dies while three members read, and comes back on the same data directory: what was committed is still there, the
members keep their assignment, and nothing is lost. usage: restart.py WORK_DIR CLIENT...   (OTTLA names the binary)
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile

from groups import Report, Scene, eventually


class Broker:
    def __init__(self, directory, port):
        self.directory, self.port = directory, port
        self.log = open(os.path.join(directory, "broker.err"), "a")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [os.environ["OTTLA"], "serve", "--set", f"listeners=PLAINTEXT://127.0.0.1:{self.port}", "--set", "http.listener=",
             "--set", f"log.dirs={self.directory}/data"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        if not self.process.stdout.readline().startswith("ottla ready"):
            raise RuntimeError("the broker did not start")

    def end(self, how):
        self.process.send_signal(how)
        return self.process.wait(20)


def play(broker, scene, report, how):
    name = "kill -9" if how == signal.SIGKILL else "a clean stop"
    scene.start(3)
    report.settles(scene, 3)
    scene.write()
    report.reads_all(scene, "three members read all", once=True)
    before = {m.member_id for m in scene.described().members}
    committed = eventually(lambda: scene.committed() == scene.written, 20)
    broker.end(how)
    broker.start()
    report.check(scene.client, f"after {name} of the broker no committed offset is lost",
                 committed is not None and scene.committed() == scene.written, f"{scene.committed()} of {scene.written}")
    kept = {m.member_id for m in scene.described().members}
    report.check(scene.client, "the members are known as before", kept == before, f"{len(kept & before)} of {len(before)}")
    scene.write()
    report.settles(scene, 3)
    report.reads_all(scene, "they read on, each record once", once=True)


def main():
    work, clients = sys.argv[1], sys.argv[2:]
    report = Report()
    for client in clients:
        for how in (signal.SIGKILL, signal.SIGTERM):
            with tempfile.TemporaryDirectory() as directory:
                with socket.socket() as probe:  # a port that is free now, and again after the restart
                    probe.bind(("127.0.0.1", 0))
                    port = probe.getsockname()[1]
                broker = Broker(directory, port)
                scene = Scene(client, f"127.0.0.1:{port}", work)
                try:
                    play(broker, scene, report, how)
                except Exception as error:
                    report.check(client, "the scene ends", False, repr(error))
                finally:
                    scene.end()
                    broker.end(signal.SIGKILL)
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed != 0


if __name__ == "__main__":
    sys.exit(main())
