"""The load that the nemesis disturbs, on librdkafka: producers write to all partitions, readers follow, one of them going back
now and then, and a member of a group commits what it read. At the end of stdin the producers stop; when all is acknowledged,
everything is read once more, and one JSON object says what became of it.

usage: load.py BOOTSTRAP TOPIC PARTITIONS RECORDS_A_SECOND [NAME=VALUE of the producers]...
"""
import faulthandler
import json
import logging
import os
import random
import signal
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from ledger import Ledger, content_of

PRODUCERS = 2
# What librdkafka says of a leader that was deposed and is cut off: it knows nothing of the epoch that is asked for, and says so, as
# Kafka's do. Or of what it asked of an older position than it compares the answer with, if records were taken from its queue meanwhile.
# Whether anything is really gone is seen at the end: what a reader has seen must be there.
TRUNCATION = "log truncation detected"
MOVED = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
         KafkaError._TRANSPORT)
PATIENCE_S, CLOSE_S = 120, 20
QUICK = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 20, "log_level": 2,
         "topic.metadata.refresh.fast.interval.ms": 50, "allow.auto.create.topics": False,
         "socket.timeout.ms": 3000}  # whoever is cut off says nothing


class EpochWatch(logging.StreamHandler):
    """What a producer logs, on stderr; and how often it has begun a new epoch of its own."""

    def __init__(self, ledger, number):
        super().__init__()
        self.setFormatter(logging.Formatter(f"%(asctime)s.%(msecs)03d producer {number}: %(message)s", "%H:%M:%S"))
        self.ledger, self.number = ledger, number

    def emit(self, record):
        if "bumped epoch to" in record.getMessage():
            with self.ledger.lock:
                self.ledger.new_epochs[self.number] += 1
        super().emit(record)


class Load:
    def __init__(self, bootstrap, topic, partitions, rate, settings):
        self.common = {"bootstrap.servers": bootstrap, **QUICK}
        self.topic, self.partitions, self.rate, self.settings = topic, partitions, rate, settings
        self.ledger, self.problems, self.longest_pause, self.committed = Ledger(partitions), [], 0.0, {}
        self.hanging_closes = self.alarms = 0
        self.epochs = {}  # the newest leader epoch that was seen, by partition
        self.stop_writing, self.stop_reading = threading.Event(), threading.Event()

    def run(self):
        producers = [threading.Thread(target=self.guarded, args=(self.produce, number)) for number in range(PRODUCERS)]
        readers = [threading.Thread(target=self.guarded, args=(one,)) for one in (self.follow, self.go_back, self.read_as_member)]
        for thread in producers + readers:
            thread.start()
        sys.stdin.read()
        for stop, threads in ((self.stop_writing, producers), (self.stop_reading, readers)):
            stop.set()
            for thread in threads:
                thread.join()
        told = self.ledger.judge(self.read_all())
        forgotten = self.forgotten_commits()
        told["examples"] = self.problems[:5] + forgotten + told["examples"]
        told.update(problems=len(self.problems), forgotten_commits=len(forgotten), longest_pause_s=round(self.longest_pause, 1),
                    hanging_closes=self.hanging_closes, alarms=self.alarms)
        return told

    def guarded(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as failed:  # pylint: disable=broad-exception-caught
            self.problems.append(f"{work.__name__}: {failed!r}")

    def produce(self, number):
        last = [time.monotonic()]

        def delivered(sequence):
            def report(error, message):
                now = time.monotonic()
                if not error:
                    self.longest_pause = max(self.longest_pause, now - last[0])
                    last[0] = now
                self.ledger.delivered(number, message.partition(), sequence, message.offset(), error and str(error))
            return report

        # Its log tells why it has begun another epoch, if it has: what was in flight then may be there twice.
        log = logging.getLogger(f"producer {number}")
        log.setLevel(logging.DEBUG)
        log.addHandler(EpochWatch(self.ledger, number))
        producer = Producer({**self.common, "acks": "all", "enable.idempotence": True, "message.timeout.ms": 0, "linger.ms": 2,
                             "debug": "eos", "log_level": 7, **self.settings}, logger=log)
        draw = random.Random(number)
        began, count = time.monotonic(), 0
        while not self.stop_writing.is_set():
            due = int((time.monotonic() - began) * self.rate / PRODUCERS)
            # Where nothing is acknowledged for long it does not pile up what would come all at once.
            if due <= count or len(producer) > self.rate * 5:
                began, count = (began, count) if due <= count else (time.monotonic(), 0)
                producer.poll(0.005)
                continue
            for _ in range(min(due - count, draw.randrange(1, 20))):
                partition = draw.randrange(self.partitions)
                sequence = self.ledger.next_sequence(number, partition)
                producer.produce(self.topic, content_of(number, partition, sequence), b"key %d" % (sequence % 10), partition,
                                 on_delivery=delivered(sequence))
                count += 1
            producer.poll(0)
        left = producer.flush(PATIENCE_S)
        if left:
            self.problems.append(f"{left} records neither acknowledged nor refused within {PATIENCE_S} s")

    def consumer(self, **more):
        # An offset that is not there any more is a fault of the broker here, and nothing to start over from.
        return Consumer({**self.common, "group.id": "unused", "enable.auto.commit": False, "auto.offset.reset": "error",
                         "check.crcs": True, "fetch.wait.max.ms": 100, "fetch.error.backoff.ms": 20,
                         **{name.replace("_", "."): value for name, value in more.items()}})

    def poll(self, consumer, note, seconds=0.2):
        messages = consumer.consume(500, timeout=seconds)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            self.epochs[message.partition()] = max(message.leader_epoch() or 0, self.epochs.get(message.partition(), 0))
            note(message.partition(), message.offset(), message.value())
        return messages

    def close(self, consumer):
        """librdkafka's own close does not always come back after brokers have come and gone; that is told, and no more."""
        closing = threading.Thread(target=consumer.close, daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        self.hanging_closes += closing.is_alive()

    def at(self, offsets):
        return [TopicPartition(self.topic, partition, offset) for partition, offset in offsets.items()]

    def follow(self):
        consumer = self.consumer()
        consumer.assign(self.at({partition: OFFSET_BEGINNING for partition in range(self.partitions)}))
        while not self.stop_reading.is_set():
            self.follow_on(consumer)
        deadline = time.monotonic() + PATIENCE_S
        while sum(map(len, self.ledger.seen)) < len(self.ledger.acknowledged) and time.monotonic() < deadline:
            self.follow_on(consumer)
        self.close(consumer)

    def follow_on(self, consumer):
        try:
            self.poll(consumer, self.ledger.saw)
        except KafkaException as refused:
            if TRUNCATION not in str(refused):
                raise
            self.alarms += 1
            # It waited to be told whether its offset is still right, and then believes older metadata: on from there once more.
            with self.ledger.lock:
                positions = {number: max(seen, default=-1) + 1 for number, seen in enumerate(self.ledger.seen)}
            consumer.assign(self.at(positions))

    def go_back(self):
        """Reads the newest part of each partition again and again, from whoever leads it then."""
        draw = random.Random(7)
        while not self.stop_reading.is_set():
            with self.ledger.lock:
                ends = [max(seen, default=0) for seen in self.ledger.seen]
            consumer = self.consumer()
            # With the epoch it does not take a leader that was deposed and does not know it yet for the present one.
            consumer.assign([TopicPartition(self.topic, number, max(0, end - draw.randrange(3000)),
                                            leader_epoch=self.epochs.get(number, 0)) for number, end in enumerate(ends)])
            until = time.monotonic() + draw.uniform(0.5, 3)
            try:
                while time.monotonic() < until and not self.stop_reading.is_set():
                    self.poll(consumer, self.ledger.saw)
            except KafkaException as refused:
                if TRUNCATION not in str(refused):
                    raise
                self.alarms += 1
            self.close(consumer)

    def read_as_member(self):
        consumer = self.consumer(group_id="members", auto_offset_reset="earliest", session_timeout_ms=6000)
        consumer.subscribe([self.topic])
        while not self.stop_reading.is_set():
            try:
                messages = self.poll(consumer, self.ledger.saw)
            except KafkaException as refused:
                # By a coordinator that has moved, or died while it was asked: librdkafka tells it, and asks the next one by itself.
                if refused.args[0].code() not in MOVED:
                    raise
                continue
            if not messages:
                continue
            try:
                for one in consumer.commit(asynchronous=False):
                    if not one.error and one.offset >= 0:  # negative where nothing was read yet
                        self.committed[one.partition] = max(one.offset, self.committed.get(one.partition, 0))
            except KafkaException:
                pass  # its coordinator is away, or the group begins anew: nothing was promised
        self.close(consumer)

    def forgotten_commits(self):
        if not self.committed:
            return []
        consumer = self.consumer(group_id="members")
        asked = self.at({partition: 0 for partition in self.committed})
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                told = consumer.committed(asked, timeout=PATIENCE_S)
                break
            except KafkaException:  # the group has just moved: the client finds its new coordinator
                if time.monotonic() > deadline:
                    raise
        self.close(consumer)
        return [f"partition {one.partition}: {self.committed[one.partition]} committed, then {one.offset} {one.error or ''}"
                for one in told if one.error or one.offset < self.committed[one.partition]]

    def end_of(self, consumer, partition):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=PATIENCE_S)[1]
            except KafkaException:  # leaders go back to where they should be
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def read_all(self):
        final = [{} for _ in range(self.partitions)]
        consumer = self.consumer()
        left = {number: self.end_of(consumer, number) for number in range(self.partitions)}
        consumer.assign(self.at({number: 0 for number in left}))
        deadline = time.monotonic() + PATIENCE_S
        while any(len(final[number]) < left[number] for number in left) and time.monotonic() < deadline:
            self.poll(consumer, lambda partition, offset, value: final[partition].__setitem__(offset, value))
        # What lies behind the end that was told would be there as well.
        while self.poll(consumer, lambda partition, offset, value: final[partition].__setitem__(offset, value), 0.5):
            pass
        self.close(consumer)
        if any(len(final[number]) < left[number] for number in left):
            self.problems.append(f"not all was read: ends {left}, read {[len(one) for one in final]}")
        return final


def main():
    faulthandler.register(signal.SIGUSR1)
    bootstrap, topic, partitions, rate = sys.argv[1:5]
    settings = dict(word.split("=", 1) for word in sys.argv[5:])
    print(json.dumps(Load(bootstrap, topic, int(partitions), float(rate), settings).run()), flush=True)
    os._exit(0)  # whoever hangs in a close does not end


if __name__ == "__main__":
    main()
