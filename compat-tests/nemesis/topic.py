"""Makes a topic with three replicas. usage: topic.py BOOTSTRAP NAME PARTITIONS [NAME=VALUE]..."""
import sys

from confluent_kafka.admin import AdminClient, NewTopic

bootstrap, name, partitions = sys.argv[1:4]
config = dict(word.split("=", 1) for word in sys.argv[4:])
new = NewTopic(name, int(partitions), replication_factor=3, config=config)
admin = AdminClient({"bootstrap.servers": bootstrap})
admin.create_topics([new], request_timeout=30)[name].result()
