"""What became of every record: sent, acknowledged at an offset, seen by those who read along, there at the end."""
import collections
import random
import threading

LARGEST = 400  # bytes of filling


def content_of(producer, partition, sequence):
    """"<producer> <sequence> " and bytes that only this record has."""
    draw = random.Random(f"{producer}/{partition}/{sequence}")
    return b"%d %d " % (producer, sequence) + draw.randbytes(draw.randrange(LARGEST))


class Ledger:
    """Records are told apart by their producer and a sequence number, which counts for each producer and partition."""

    def __init__(self, partitions):
        self.lock = threading.Lock()
        self.sent = collections.Counter()  # by (producer, partition)
        self.acknowledged = {}  # (producer, partition, sequence): offset, or a negative number if it was not told
        self.given_up = {}  # the same: why
        self.seen = [{} for _ in range(partitions)]  # of each partition, offset: (producer, sequence)
        self.changed = []
        self.unknown = 0
        self.new_epochs = collections.Counter()  # that the client itself has begun, by producer

    def next_sequence(self, producer, partition):
        with self.lock:
            self.sent[producer, partition] += 1
            return self.sent[producer, partition] - 1

    def delivered(self, producer, partition, sequence, offset, error):
        with self.lock:
            if error:
                self.given_up[producer, partition, sequence] = error
            else:
                self.acknowledged[producer, partition, sequence] = -1 if offset is None else offset

    def identify(self, partition, value):
        """(producer, sequence) of a record that was sent just like this, or None."""
        try:
            producer, sequence = (int(word) for word in value.split(b" ", 2)[:2])
        except ValueError:
            return None
        is_known = 0 <= sequence < self.sent[producer, partition] and value == content_of(producer, partition, sequence)
        return (producer, sequence) if is_known else None

    def saw(self, partition, offset, value):
        """By somebody who reads along: what an offset holds is for ever."""
        what = self.identify(partition, value)
        with self.lock:
            self.unknown += what is None
            before = self.seen[partition].setdefault(offset, what)
            if before != what:
                self.changed.append((partition, offset, before, what))

    def judge(self, final):
        """`final`: of each partition, offset: value, all that is there at the end."""
        told = collections.Counter(sent=sum(self.sent.values()), acknowledged=len(self.acknowledged),
                                   given_up=len(self.given_up), seen_along=sum(map(len, self.seen)), changed=len(self.changed),
                                   unknown=self.unknown)
        told.update(lost=0, doubled=0, doubled_by_new_epoch=0, out_of_order=0, moved=0, vanished=0, gaps=0)
        examples = [f"changed {one}" for one in self.changed]
        for partition, records in enumerate(final):
            there = {}
            last = {}
            told["read"] += len(records)
            if sorted(records) != list(range(len(records))):
                told["gaps"] += 1
                examples.append(f"offsets of partition {partition} are not 0 to {len(records) - 1}")
            for offset in sorted(records):
                what = self.identify(partition, records[offset])
                if what is None:
                    told["unknown"] += 1
                    examples.append(f"unknown {partition}/{offset}")
                    continue
                producer, sequence = what
                if what in there:
                    # What was in flight when its client began a new epoch the client itself has sent anew.
                    told["doubled_by_new_epoch" if self.new_epochs[producer] else "doubled"] += 1
                    examples.append(f"doubled {what} at {partition}/{there[what]} and {offset}")
                elif sequence < last.get(producer, -1):
                    told["out_of_order"] += 1
                    examples.append(f"out of order {what} at {partition}/{offset}")
                there.setdefault(what, []).append(offset)
                last[producer] = max(sequence, last.get(producer, -1))
                if self.seen[partition].get(offset, what) != what:
                    told["changed"] += 1
                    examples.append(f"changed {partition}/{offset}: {self.seen[partition][offset]} seen, {what} there")
            for offset in self.seen[partition].keys() - records.keys():
                told["vanished"] += 1
                examples.append(f"vanished {partition}/{offset}: {self.seen[partition][offset]}")
            self._judge_acknowledged(partition, there, told, examples)
        return {**told, "examples": examples[:20], "why_given_up": sorted(set(self.given_up.values()))[:5]}

    def _judge_acknowledged(self, partition, there, told, examples):
        for (producer, its_partition, sequence), offset in self.acknowledged.items():
            if its_partition != partition:
                continue
            found = there.get((producer, sequence))
            if found is None:
                told["lost"] += 1
                examples.append(f"lost {(producer, sequence)} acknowledged at {partition}/{offset}")
            elif offset >= 0 and offset not in found:
                told["moved"] += 1
                examples.append(f"moved {(producer, sequence)} acknowledged at {partition}/{offset}, there at {found}")
