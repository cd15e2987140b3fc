"""What librdkafka's admin client alone can ask: AlterConfigs in its first form, lists that grow, what is refused."""
import sys
import uuid
import warnings

from confluent_kafka import KafkaException
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   ResourceType)

TOPIC = "own-" + uuid.uuid4().hex
SET_SOMEWHERE = (1, 2, 3, 8)  # by a topic, a broker, all brokers, a group
warnings.simplefilter("ignore", DeprecationWarning)  # alter_configs is what we are here for
admin = AdminClient({"bootstrap.servers": sys.argv[1]})


def only(futures):
    return next(iter(futures.values())).result()


def told(kind, name):
    entries = only(admin.describe_configs([ConfigResource(kind, name)]))
    return {one.name: one.value for one in entries.values() if one.source in SET_SOMEWHERE}


def alter(kind, name, **settings):
    changed = {key.replace("_", "."): value for key, value in settings.items()}
    only(admin.alter_configs([ConfigResource(kind, name, set_config=changed)]))


def append(name, value):
    resource = ConfigResource(ResourceType.TOPIC, TOPIC)
    resource.add_incremental_config(ConfigEntry(name, value, incremental_operation=AlterConfigOpType.APPEND))
    only(admin.incremental_alter_configs([resource]))


def expect(found, wanted):
    if found != wanted:
        sys.exit(f"{found} instead of {wanted}")


def expect_refusal(code, **settings):
    try:
        alter(ResourceType.TOPIC, TOPIC, **settings)
    except KafkaException as refused:
        expect(refused.args[0].name(), code)
    else:
        sys.exit(f"{settings} should have been refused")


expect(len(admin.list_topics(timeout=10).brokers), 1)  # asks for all topics, with bytes left over at the end
only(admin.create_topics([NewTopic(TOPIC, 1, config={"segment.ms": "5000"})]))
alter(ResourceType.TOPIC, TOPIC, retention_ms="7000")  # what is not named goes back to its default
expect(told(ResourceType.TOPIC, TOPIC), {"retention.ms": "7000"})
append("cleanup.policy", "compact")
expect(told(ResourceType.TOPIC, TOPIC), {"retention.ms": "7000", "cleanup.policy": "delete,compact"})
expect_refusal("INVALID_CONFIG", no_such="1")
expect_refusal("INVALID_CONFIG", retention_ms="soon")
expect(told(ResourceType.TOPIC, TOPIC), {"retention.ms": "7000", "cleanup.policy": "delete,compact"})
alter(ResourceType.BROKER, "1", log_cleaner_threads="2")  # Kafka knows it, here it has no effect
expect(told(ResourceType.BROKER, "1"), {"log.cleaner.threads": "2"})
alter(ResourceType.BROKER, "1")
expect(told(ResourceType.BROKER, "1"), {})
only(admin.create_partitions([NewPartitions(TOPIC, 3)]))
expect(len(admin.list_topics(TOPIC).topics[TOPIC].partitions), 3)
only(admin.delete_topics([TOPIC]))
