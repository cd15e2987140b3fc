"""`ottla cluster`, for operate.py."""
import os
import re
import select
import signal
import socket
import subprocess

from broker import OTTLA
from cluster import eventually, free_ports


def base_port():
    """One with all the ports free that `ottla cluster` takes from there."""
    while True:
        base = free_ports(1)[0]
        try:
            probes = [socket.create_server(("127.0.0.1", base + above + node)) for above in (0, 100, 200) for node in range(3)]
        except (OSError, OverflowError):
            continue
        for probe in probes:
            probe.close()
        return base


class OneCommand:
    """`ottla cluster` on a directory."""

    def __init__(self, data, base):
        self.base = base
        self.process = subprocess.Popen([OTTLA, "cluster", "--brokers", "3", "--data", data, "--base-port", str(self.base)],
                                        stdout=subprocess.PIPE, text=True)
        self.brokers = ",".join(f"127.0.0.1:{self.base + node}" for node in range(3))
        self.ready = self.process.stdout.readline() if select.select([self.process.stdout], [], [], 60)[0] else ""
        self.children = [int(child) for child in subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True,
                                                                text=True, check=True).stdout.split()]

    def status(self, node=1):
        return subprocess.run([OTTLA, "cluster", "status", "--http", f"127.0.0.1:{self.base + 199 + node}"], capture_output=True,
                              text=True, timeout=20)

    def is_well(self):
        return self.status().returncode == 0

    def end(self, checks):
        self.process.send_signal(signal.SIGINT)
        checks.that("it ends when asked", self.process.wait(30) == 0, self.process.returncode)
        checks.that("and so do its brokers", not any(os.path.exists(f"/proc/{child}") for child in self.children), self.children)


def one_command(directory, checks):
    """`ottla cluster`: ready, told of, missed when it dies, and nothing is left when it ends; and once more."""
    base = base_port()
    with socket.create_server(("127.0.0.1", base + 101)):
        none = os.path.join(directory, "none")
        too_many = subprocess.run([OTTLA, "cluster", "--brokers", "7", "--data", none], capture_output=True, text=True, timeout=20)
        checks.that("seven brokers are too many, and nothing is left of them",
                    too_many.returncode == 1 and "from 1 to 5" in too_many.stderr and not os.path.exists(none), too_many)
        refused = subprocess.run([OTTLA, "cluster", "--data", os.path.join(directory, "refused"), "--base-port", str(base)],
                                 capture_output=True, text=True, timeout=30)
    checks.that("a broker that cannot start ends the command", refused.returncode == 1 and "broker 2 did not start" in refused.stderr,
                refused.stderr)
    data = os.path.join(directory, "data")
    command = OneCommand(data, base)
    try:
        wanted = f"ottla cluster ready: {command.brokers} http://127.0.0.1:{command.base + 200}\n"
        checks.that("one command starts three brokers", command.ready == wanted, command.ready)
        subprocess.run(["kcat", "-b", command.brokers, "-P", "-t", "numbers", "-X", "acks=all"], input="1\n", text=True, check=True,
                       timeout=60)
        checks.that("all is well", eventually(command.is_well), command.status().stdout)
        os.kill(command.children[2], signal.SIGKILL)
        missed = lambda: command.status().returncode == 1 and "; 3: fenced" in command.status().stdout
        checks.that("its status says who is missing", eventually(missed), command.status().stdout)
        command.end(checks)
        command = OneCommand(data, base)
        checks.that("once more, all is well", eventually(command.is_well), command.status().stdout)
        controller = int(re.search(r"active controller: broker (\d)", command.status().stdout)[1])
        left = 1 + controller % 3
        for node, child in enumerate(command.children, 1):
            if node != left:
                os.kill(child, signal.SIGKILL)
        told = []
        found = eventually(lambda: told.append(command.status(left)) or "old" in told[-1].stdout)
        wrong = [one.stdout for one in told if one.returncode == 0 and "controller: none" in one.stdout]
        checks.that("nothing is well without a controller", found and not wrong, wrong[:1] or told[-1].stdout)
        command.end(checks)
    finally:
        command.process.kill()
        command.process.wait()
