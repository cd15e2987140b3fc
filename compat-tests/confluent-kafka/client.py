"""confluent-kafka (librdkafka): plain producer and consumer, assigned partitions."""
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from python_client import main, read_records, write_records


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

    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec})
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


def transaction(bootstrap, topic):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": "compat"})
    try:
        producer.init_transactions(20)
    except KafkaException as refused:
        print(refused)
        return 0 if refused.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED else 1
    return 1


if __name__ == "__main__":
    main({"metadata": metadata, "produce": produce, "consume": consume, "transaction": transaction})
