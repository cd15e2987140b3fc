"""What the nemesis does. Each act disturbs, waits and undoes it: of a kill and of a cut nothing is left but the consequences."""
import signal
import time

ROLES = ("leader", "follower", "controller")
LONGEST_PAUSE_S = 15


class Acts:
    """`haste`: all waiting is so many times shorter. `say` hears whom it was done to."""

    def __init__(self, world, draw, haste, say):
        self.world, self.draw, self.haste, self.say = world, draw, haste, say

    def hold(self, least, most):
        deadline = time.monotonic() + self.draw.uniform(least, most) / self.haste
        while time.monotonic() < deadline:
            self.world.look_after()
            time.sleep(max(0, min(0.2, deadline - time.monotonic())))

    def pick(self, role):
        """A broker that has this role just now, by what any other tells; any broker if nobody can tell."""
        known = self.world.metadata()
        partitions = self.world.partitions() if known else []
        number = None
        if role == "controller" and known:
            number = known["controllerid"]
        elif partitions:
            partition = self.draw.choice(partitions)
            followers = [one["id"] for one in partition["replicas"] if one["id"] != partition["leader"]]
            number = partition["leader"] if role == "leader" else self.draw.choice(followers)
        named = [member for member in self.world.members if member.node == number]
        return named[0] if named else self.draw.choice(self.world.members)

    def restart(self, members):
        for member in self.draw.sample(members, len(members)):
            self.world.launch(member)
            if self.draw.random() < 0.3:
                self.hold(0, 1)

    def kill(self, role):
        member = self.pick(role)
        self.world.kill(member)
        self.say(f"broker {member.node}")
        self.hold(0, 4)
        self.restart([member])

    def kill_two(self):
        for member in (gone := self.draw.sample(self.world.members, 2)):
            self.world.kill(member)
        self.say(f"brokers {', '.join(str(member.node) for member in gone)}")
        self.hold(0, 3)
        self.restart(gone)

    def kill_all(self):
        for member in self.world.members:  # the signals first: none shall see another one's end
            member.process.send_signal(signal.SIGKILL)
        for member in self.world.members:
            self.world.kill(member)
        self.say("all of them")
        self.hold(0, 2)
        self.restart(self.world.members)

    def kill_starting(self):
        """Killed, and again while it starts."""
        member = self.pick(self.draw.choice(ROLES))
        self.world.kill(member)
        self.world.launch(member)
        wait = self.draw.uniform(0.005, 0.3)
        time.sleep(wait)
        self.world.kill(member)
        self.say(f"broker {member.node}, {wait * 1000:.0f} ms after its start")
        self.restart([member])

    def pause(self, role):
        member = self.pick(role)
        self.world.pause(member)
        self.say(f"broker {member.node}")
        self.hold(1, LONGEST_PAUSE_S)
        self.world.resume(member)

    def kill_beside_paused(self):
        """The leader dies while a follower sleeps: who wakes up must not lead without what was acknowledged meanwhile."""
        member, other = self.pick("leader"), self.pick("follower")
        if other is member:
            other = next(one for one in self.world.members if one is not member)
        self.world.pause(other)
        self.hold(0, 4)
        self.world.kill(member)
        self.say(f"broker {member.node}, while broker {other.node} was paused")
        self.hold(0, 2)
        self.world.resume(other)
        self.hold(0, 2)
        self.restart([member])

    def stop(self, role):
        self.world.await_ready()
        member = self.pick(role)
        self.world.stop(member)
        self.say(f"broker {member.node}")
        self.hold(0, 3)
        self.restart([member])

    def cut(self, members, **how):
        for member in members:
            self.world.network.isolate(member.node, **how)
            self.world.cut_off.add(member)
        self.say(f"broker{'s'[len(members) == 1:]} {', '.join(str(member.node) for member in members)}")
        self.hold(1, 10)
        self.world.network.heal()
        self.world.cut_off.difference_update(members)

    def cut_one(self, role, **how):
        self.cut([self.pick(role)], **how)

    def cut_two(self):
        """No majority is left anywhere: nothing new can be acknowledged, and all goes on when it is back."""
        self.cut(self.draw.sample(self.world.members, 2), clients_too=self.draw.random() < 0.5)

    def deck(self, others_per_kill):
        """(kind, does it kill, act) in an order drawn by chance, so many others to each that kills."""
        word = "power cut" if self.world.power_cuts else "kill"
        kills = [(f"{word} of a {role}", True, lambda role=role: self.kill(role)) for role in ROLES + ("leader",)]
        kills += [(f"{word} of two at once", True, self.kill_two), (f"{word} of all three at once", True, self.kill_all),
                  (f"{word} while starting", True, self.kill_starting),
                  (f"{word} of a leader beside a paused follower", True, self.kill_beside_paused)]
        others = [("pause", False, lambda: self.pause(self.draw.choice(ROLES))),
                  ("clean stop", False, lambda: self.stop(self.draw.choice(ROLES)))]
        if self.world.network:
            others += [("cut off", False, lambda: self.cut_one(self.draw.choice(ROLES))),
                       ("two cut off at once", False, self.cut_two),
                       ("leader cut off from brokers", False, lambda: self.cut_one("leader", clients_too=False)),
                       ("controller cut off from brokers", False, lambda: self.cut_one("controller", clients_too=False)),
                       ("not heard", False, lambda: self.cut_one(self.draw.choice(ROLES), to=False)),
                       ("hears nothing", False, lambda: self.cut_one(self.draw.choice(ROLES), out=False))]
        self.draw.shuffle(kills)
        deck = kills + self.draw.sample(others, min(len(others), int(len(kills) * others_per_kill)))
        self.draw.shuffle(deck)
        return deck
