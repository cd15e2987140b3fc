"""kafka-python: plain producer and consumer, assigned partitions."""
import os
import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (CommitFailedError, KafkaConnectionError, RebalanceInProgressError,
                          TransactionalIdAuthorizationFailedError)

from python_client import main, read_records, say_read, told_to_stop, write_records


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


def partitions_of(consumer, topic):
    """It asks one broker, and once: not enough where brokers are restarted (IDEMPOTENT)."""
    for _ in range(50 if os.environ.get("IDEMPOTENT") else 0):
        try:
            return consumer.partitions_for_topic(topic)
        except KafkaConnectionError:
            time.sleep(0.1)
    return consumer.partitions_for_topic(topic)


def consume(bootstrap, topic, out):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for number in sorted(partitions_of(consumer, topic))]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    read = {partition.partition: [] for partition in partitions}
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for partition, messages in consumer.poll(timeout_ms=1000).items():
            read[partition.partition] += [(m.key, m.value, m.headers) for m in messages]
    consumer.close()
    write_records(out, read)


def member(bootstrap, group, topic, protocol="classic", instance=None):
    more = {"partition_assignment_strategy": [CooperativeStickyAssignor]} if protocol == "cooperative" else {}
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                             session_timeout_ms=6000, heartbeat_interval_ms=1000, enable_auto_commit=False,
                             group_instance_id=instance, **more)
    # A subscription that comes while its first request for metadata is under way may ask for the topic's five minutes later.
    consumer.partitions_for_topic(topic)
    consumer.subscribe([topic])
    while not told_to_stop():
        # Not shorter: a leader that learns of the topic's partitions after its first assignment joins again, and if poll() ends
        # between its assignment and the answer to it, 3.0.12 believes for ever that this goes on, and sends no heartbeat.
        read = [(m.partition, m.offset) for messages in consumer.poll(timeout_ms=2000).values() for m in messages]
        say_read(read)
        if read:
            try:
                consumer.commit()
            # A rebalance came in between, or is under way: read again by whoever has it then.
            except (CommitFailedError, RebalanceInProgressError) as refused:
                print(refused, file=sys.stderr)
    consumer.close()


def transaction(bootstrap, topic):
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id="compat")
    try:
        producer.init_transactions()
    except TransactionalIdAuthorizationFailedError as refused:
        print(refused)
        return 0
    return 1


if __name__ == "__main__":
    main({"metadata": metadata, "produce": produce, "consume": consume, "member": member, "transaction": transaction})
