"""A network of the test's own: a bridge in a namespace that the test runs in, and a namespace for each broker. Whatever ends
the test ends the namespaces: the kernel takes all of this away with the last process in them."""
import os
import subprocess
import sys

INSIDE = "OTTLA_NEMESIS_NAMESPACE"
TEST = 254  # the last number of the test's own address
NOBODY = "02:00:00:00:ff:ff"


def enter():
    """Runs this program once more in a network namespace of its own, if the machine lets it. False if there is none."""
    if os.environ.get(INSIDE):
        return True
    for words in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        try:
            if subprocess.run([*words, "ip", "link", "add", "probe", "type", "bridge"], capture_output=True).returncode == 0:
                os.environ[INSIDE] = "yes"
                os.execvp(words[0], [*words, "--", sys.executable, *sys.argv])
        except FileNotFoundError:
            return False
    return False


def address(number):
    return f"10.77.0.{number}"


def hardware(number):
    return f"02:00:00:00:00:{number:02x}"


def ip(*words, inside=()):
    subprocess.run([*inside, "ip", *words], check=True, timeout=60)


class Network:
    """Everybody knows everybody's hardware address from the beginning; a direction is cut by letting the sender have a wrong
    one, so that what it sends is lost without a word. Connections stay open."""

    def __init__(self, count):
        self.holders, self.cuts = [], set()
        self.numbers = [*range(1, count + 1), TEST]
        ip("link", "set", "lo", "up")
        ip("link", "add", "middle", "address", hardware(TEST), "type", "bridge")
        ip("address", "add", f"{address(TEST)}/24", "dev", "middle")
        ip("link", "set", "middle", "up")
        try:
            for number in range(1, count + 1):
                self._add(number)
            for sender in self.numbers:
                for receiver in self.numbers:
                    self._tell(sender, receiver, hardware(receiver))
        except BaseException:
            self.end()
            raise

    def _add(self, number):
        # It says a word once it is in its namespace, and goes when its stdin does: with the test.
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo in; exec cat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.holders.append(holder)
        holder.stdout.readline()
        ip("link", "add", f"to-{number}", "type", "veth", "peer", "name", "eth0", "address", hardware(number),
           "netns", str(holder.pid))
        ip("link", "set", f"to-{number}", "master", "middle", "up")
        inside = self.prefix(number)
        ip("link", "set", "lo", "up", inside=inside)
        ip("address", "add", f"{address(number)}/24", "dev", "eth0", inside=inside)
        ip("link", "set", "eth0", "up", inside=inside)

    def prefix(self, number):
        """Words before a command that shall run where that broker lives."""
        return [] if number == TEST else ["nsenter", f"--net=/proc/{self.holders[number - 1].pid}/ns/net", "--"]

    def _tell(self, sender, receiver, at):
        if sender != receiver:
            ip("neigh", "replace", address(receiver), "lladdr", at, "dev", "middle" if sender == TEST else "eth0",
               "nud", "permanent", inside=self.prefix(sender))

    def cut(self, sender, receiver):
        self._tell(sender, receiver, NOBODY)
        self.cuts.add((sender, receiver))

    def isolate(self, number, clients_too=True, to=True, out=True):
        """Cuts what goes to a broker, what comes out of it, or both; on the way to brokers only, or to clients as well."""
        for other in self.numbers:
            if other != number and (clients_too or other != TEST):
                if out:
                    self.cut(number, other)
                if to:
                    self.cut(other, number)

    def heal(self):
        while self.cuts:
            sender, receiver = self.cuts.pop()
            self._tell(sender, receiver, hardware(receiver))

    def end(self):
        for holder in self.holders:
            holder.kill()
            holder.wait()
            holder.stdin.close()
            holder.stdout.close()
