"""aiokafka: plain producer and consumer, assigned partitions."""
import asyncio
import contextlib
import os
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CommitFailedError, TransactionalIdAuthorizationFailed

from python_client import main, read_records, say_read, told_to_stop, write_records


async def metadata(bootstrap, topic):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    print(len(await producer.partitions_for(topic)))
    await producer.stop()


async def produce(bootstrap, topic, codec, records):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec,
                                enable_idempotence="IDEMPOTENT" in os.environ)
    await producer.start()
    futures = [await producer.send(topic, value, key=key, headers=headers, partition=partition)
               for partition, key, value, headers in read_records(records)]
    for future in futures:
        await future
    await producer.stop()


async def consume(bootstrap, topic, out):
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    await consumer._client.force_metadata_update()
    # partitions_for_topic answers None until the topic has been asked for once
    consumer._client.add_topic(topic)
    await consumer._client.force_metadata_update()
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    await consumer.seek_to_beginning()
    ends = await consumer.end_offsets(partitions)
    read = {partition.partition: [] for partition in partitions}
    left = sum(ends.values())
    while left > 0:
        for partition, messages in (await consumer.getmany(timeout_ms=1000)).items():
            read[partition.partition] += [(m.key, m.value, m.headers) for m in messages]
            left -= len(messages)
    write_records(out, read)
    with contextlib.suppress(asyncio.CancelledError):  # its own, of a fetch that waits to be tried again
        await consumer.stop()


async def member(bootstrap, group, topic, protocol="classic", instance=None):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                                session_timeout_ms=6000, heartbeat_interval_ms=1000, enable_auto_commit=False,
                                group_instance_id=instance)
    await consumer.start()
    while not told_to_stop():
        read = [(m.partition, m.offset) for ms in (await consumer.getmany(timeout_ms=200)).values() for m in ms]
        say_read(read)
        if read:
            try:
                await consumer.commit()
            except CommitFailedError as refused:  # a rebalance came in between: read again by whoever has it now
                print(refused, file=sys.stderr)
    await consumer.stop()


async def transaction(bootstrap, topic):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="compat")
    try:
        await asyncio.wait_for(producer.start(), 20)
        await producer.begin_transaction()
    except TransactionalIdAuthorizationFailed as refused:
        print(refused)
        return 0
    finally:
        await producer.stop()
    return 1


def running(coroutine):
    return lambda *arguments: asyncio.run(coroutine(*arguments))


if __name__ == "__main__":
    main({"metadata": running(metadata), "produce": running(produce), "consume": running(consume), "member": running(member),
          "transaction": running(transaction)})
