"""kafka-python: plain producer and consumer, assigned partitions."""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import TransactionalIdAuthorizationFailedError

from python_client import main, read_records, write_records


def metadata(bootstrap, topic):
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    print(len(producer.partitions_for(topic)))
    producer.close()


def produce(bootstrap, topic, codec, records):
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec)
    futures = [producer.send(topic, value, key=key, headers=headers, partition=partition)
               for partition, key, value, headers in read_records(records)]
    producer.flush()
    for future in futures:
        future.get(timeout=60)
    producer.close()


def consume(bootstrap, topic, out):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    read = {partition.partition: [] for partition in partitions}
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for partition, messages in consumer.poll(timeout_ms=1000).items():
            read[partition.partition] += [(m.key, m.value, m.headers) for m in messages]
    consumer.close()
    write_records(out, read)


def transaction(bootstrap, topic):
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id="compat")
    try:
        producer.init_transactions()
    except TransactionalIdAuthorizationFailedError as refused:
        print(refused)
        return 0
    return 1


if __name__ == "__main__":
    main({"metadata": metadata, "produce": produce, "consume": consume, "transaction": transaction})
