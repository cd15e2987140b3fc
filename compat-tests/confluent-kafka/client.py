"""confluent-kafka (librdkafka): plain producer and consumer, assigned partitions."""
import os
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from python_client import main, read_records, say_read, told_to_stop, write_records


def metadata(bootstrap, topic):
    producer = Producer({"bootstrap.servers": bootstrap})
    for _ in range(20):
        found = producer.list_topics(topic, timeout=10).topics[topic]
        if not found.error:
            break
    print(len(found.partitions))


def produce(bootstrap, topic, codec, records):
    failures = []
    acknowledged = []

    def delivered(error, message):
        (failures if error else acknowledged).append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": "IDEMPOTENT" in os.environ})
    sent = 0
    for partition, key, value, headers in read_records(records):
        while True:
            try:
                producer.produce(topic, value, key, partition, on_delivery=delivered, headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
        sent += 1
    producer.flush(60)
    print(failures[:3])
    return 0 if len(acknowledged) == sent and not failures else 1


def consume(bootstrap, topic, out):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False,
                         "enable.partition.eof": True})
    numbers = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
    read = {number: [] for number in numbers}
    open_partitions = set(numbers)
    while open_partitions:
        for message in consumer.consume(1000, timeout=1):
            if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())
            elif message.error():
                raise KafkaException(message.error())
            else:
                read[message.partition()].append((message.key(), message.value(), message.headers()))
    consumer.close()
    write_records(out, read)


def member(bootstrap, group, topic, protocol="classic", instance=None):
    settings = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                "group.protocol": "consumer" if protocol == "consumer" else "classic", "enable.auto.commit": False}
    if protocol != "consumer":
        settings |= {"session.timeout.ms": 6000, "heartbeat.interval.ms": 1000}
    if protocol == "cooperative":
        settings["partition.assignment.strategy"] = "cooperative-sticky"
    if instance:
        settings["group.instance.id"] = instance
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    while not told_to_stop():
        messages = [m for m in consumer.consume(100, timeout=0.2) if not m.error()]
        say_read((m.partition(), m.offset()) for m in messages)
        if messages:
            try:
                consumer.commit(asynchronous=False)
            except KafkaException as refused:  # a rebalance came in between: read again by whoever has it now
                print(refused, file=sys.stderr)
    consumer.close()


def transaction(bootstrap, topic):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": "compat"})
    try:
        producer.init_transactions(20)
    except KafkaException as refused:
        print(refused)
        return 0 if refused.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED else 1
    return 1


if __name__ == "__main__":
    main({"metadata": metadata, "produce": produce, "consume": consume, "member": member, "transaction": transaction})
