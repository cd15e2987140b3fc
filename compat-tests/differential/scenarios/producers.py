"""InitProducerId, sequences, DescribeProducers."""
from scenario import scenario
from wire import batch, record

MADE_UP = 4_000_000_000


def send(s, topic, version=8, producer=(MADE_UP, 0, 0), count=1, acks=-1):
    records = batch([record(i) for i in range(count)], producer=producer)
    return s.ask("Produce", version, acks=acks, timeout_ms=3000, topic_data=[
        {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": 0, "records": records}]}])


def describe(s, topic):
    s.ask("DescribeProducers", 0, topics=[{"name": topic.name, "partition_indexes": [0]}])


@scenario
def init_producer_id(s):
    for v in s.versions("InitProducerId"):
        s.ask("InitProducerId", v, transactional_id=None, transaction_timeout_ms=60000)


@scenario
def init_producer_ids_are_not_given_twice(s):
    for _ in range(3):
        s.ask("InitProducerId", 0, transactional_id=None, transaction_timeout_ms=2**31 - 1)
    s.ask("InitProducerId", 0, transactional_id=None, transaction_timeout_ms=-1)


@scenario
def init_producer_id_again(s):
    given = s.ask("InitProducerId", 3, transactional_id=None, transaction_timeout_ms=60000)
    for v in (3, 4, 5):
        s.ask("InitProducerId", v, transactional_id=None, producer_id=given["producer_id"], producer_epoch=0)
    s.ask("InitProducerId", 4, transactional_id=None, producer_id=given["producer_id"], producer_epoch=7)


@scenario
def init_producer_id_with_half_an_identity(s):
    for v in (3, 5):
        s.ask("InitProducerId", v, transactional_id=None, producer_id=77, producer_epoch=-1)
        s.ask("InitProducerId", v, transactional_id=None, producer_id=-1, producer_epoch=3)
        s.ask("InitProducerId", v, transactional_id=None, producer_id=-2, producer_epoch=-2)
        s.ask("InitProducerId", v, transactional_id=None, producer_id=77, producer_epoch=32767)


@scenario
def init_producer_id_with_an_empty_transactional_id(s):
    for v in (0, 4, 5):
        s.ask("InitProducerId", v, transactional_id="", transaction_timeout_ms=60000)


@scenario
def transactional_producers(s):
    s.quietly("FindCoordinator", 1, key=s.name(), key_type=1)  # Kafka makes the topic of transactions then
    for v in (0, 3, 5):
        s.eventually(lambda answer: answer["error_code"] not in ("NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS"),
                     "InitProducerId", v, transactional_id=s.name(f"-{v}"), transaction_timeout_ms=60000)


@scenario
def sequences_in_order(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 0), count=3)
    send(s, topic, producer=(MADE_UP, 0, 3))
    send(s, topic, producer=(MADE_UP, 0, 4), count=2)
    describe(s, topic)


@scenario
def sequences_sent_twice(s):
    topic = s.topic()
    for sequence in range(7):
        send(s, topic, producer=(MADE_UP, 0, sequence))
    for sequence in (6, 4, 2, 1, 0):  # the last five are remembered
        send(s, topic, producer=(MADE_UP, 0, sequence))
    send(s, topic, version=13, producer=(MADE_UP, 0, 6))


@scenario
def a_batch_sent_twice_with_another_count(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 0), count=3)
    send(s, topic, producer=(MADE_UP, 0, 0), count=2)
    send(s, topic, producer=(MADE_UP, 0, 1), count=2)
    send(s, topic, producer=(MADE_UP, 0, 2), count=2)


@scenario
def a_gap_in_the_sequences(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 0))
    for v in (3, 8, 13):
        send(s, topic, version=v, producer=(MADE_UP, 0, 5))
    send(s, topic, producer=(MADE_UP, 0, 1))


@scenario
def a_first_sequence_that_is_not_zero(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 5))
    send(s, topic, producer=(MADE_UP, 0, 6))
    send(s, topic, producer=(MADE_UP, 0, 0))


@scenario
def producer_epochs_go_up(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 3, 0))
    send(s, topic, producer=(MADE_UP, 4, 0))
    for v in (3, 8, 13):
        send(s, topic, version=v, producer=(MADE_UP, 3, 1))
    describe(s, topic)


@scenario
def a_new_epoch_that_does_not_begin_with_zero(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 0))
    send(s, topic, producer=(MADE_UP, 1, 1))
    send(s, topic, producer=(MADE_UP, 1, 0))


@scenario
def odd_producers(s):
    topic = s.topic()
    for producer in ((MADE_UP, -1, 0), (MADE_UP, 0, -1), (-1, 0, 0), (-1, -1, 0), (-2, 0, 0), (MADE_UP, -1, -1)):
        send(s, topic, producer=producer)


@scenario
def sequences_wrap_around(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 2**31 - 2))
    send(s, topic, producer=(MADE_UP, 0, 2**31 - 1))
    send(s, topic, producer=(MADE_UP, 0, 0))


@scenario
def a_batch_that_wraps_around(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 2**31 - 2), count=4)
    send(s, topic, producer=(MADE_UP, 0, 2))
    send(s, topic, producer=(MADE_UP, 0, 2**31 - 2), count=4)


@scenario
def an_idempotent_producer_and_fewer_acks(s):
    topic = s.topic()
    send(s, topic, producer=(MADE_UP, 0, 0), acks=1)
    send(s, topic, producer=(MADE_UP, 0, 1), acks=1)


@scenario
def a_transactional_id_in_produce(s):
    topic = s.topic()
    records = batch([record()])
    for v in (8, 11, 13):
        s.ask("Produce", v, transactional_id="some", acks=-1, timeout_ms=3000, topic_data=[
            {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": 0, "records": records}]}])


@scenario
def describe_producers(s):
    topic = s.topic(partitions=2)
    describe(s, topic)
    send(s, topic, producer=(MADE_UP, 2, 0), count=2)
    send(s, topic, producer=(MADE_UP + 1, 5, 9))
    s.ask("DescribeProducers", 0, topics=[{"name": topic.name, "partition_indexes": [1, 0]}])


@scenario
def describe_producers_of_what_is_not_there(s):
    topic = s.topic()
    s.ask("DescribeProducers", 0, topics=[])
    s.ask("DescribeProducers", 0, topics=[{"name": topic.name, "partition_indexes": []}])
    s.ask("DescribeProducers", 0, topics=[{"name": topic.name, "partition_indexes": [0, 1, -1]}])
    s.ask("DescribeProducers", 0, topics=[{"name": "no-such-topic", "partition_indexes": [0, 1]}])
    s.ask("DescribeProducers", 0, topics=[{"name": "a/b", "partition_indexes": [0]}])
