"""DescribeConfigs, AlterConfigs, IncrementalAlterConfigs, ListConfigResources."""
from scenario import scenario

TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3


def describe(s, v, kind, name, keys=None, **more):
    s.ask("DescribeConfigs", v, resources=[{"resource_type": kind, "resource_name": name, "configuration_keys": keys}], **more)


def alter(s, v, kind, name, configs, **more):
    s.ask("AlterConfigs", v, resources=[{"resource_type": kind, "resource_name": name, "configs": [
        {"name": key, "value": value} for key, value in configs]}], **more)


def change(s, kind, name, configs, v=1, **more):
    s.ask("IncrementalAlterConfigs", v, resources=[{"resource_type": kind, "resource_name": name, "configs": [
        {"name": key, "config_operation": operation, "value": value} for key, operation, value in configs]}], **more)


def once_told(s, kind, name, key, value, **more):
    """Kafka's broker hears of a change after the one who made it."""
    def told(answer):
        return [one["value"] for one in answer["results"][0]["configs"]] == [value]
    s.eventually(told, "DescribeConfigs", 4, **more, include_synonyms=True,
                 resources=[{"resource_type": kind, "resource_name": name, "configuration_keys": [key]}])


@scenario
def describe_all_configs_of_a_topic(s):
    topic = s.topic(retention_ms=1000, cleanup_policy="compact")
    for v in s.versions("DescribeConfigs"):
        describe(s, v, TOPIC, topic.name)
        describe(s, v, TOPIC, topic.name, include_synonyms=True)


@scenario
def describe_some_configs(s):
    topic = s.topic()
    for v in s.versions("DescribeConfigs"):
        describe(s, v, TOPIC, topic.name, ["retention.ms", "no.such", "segment.bytes"])
        describe(s, v, TOPIC, topic.name, [])


@scenario
def describe_the_broker(s):
    for v in s.versions("DescribeConfigs"):
        describe(s, v, BROKER, "1", ["node.id", "num.partitions", "log.retention.ms", "message.max.bytes"], include_synonyms=True)


@scenario
def describe_the_brokers_defaults(s):
    for v in (1, s.last("DescribeConfigs")):
        describe(s, v, BROKER, "", include_synonyms=True)


@scenario
def describe_brokers_that_are_not_there(s):
    for name in ("7", "-1", "one", "1 ", "99999999999"):
        describe(s, 4, BROKER, name)


@scenario
def describe_topics_that_are_not_there(s):
    for name in ("no-such-topic", "", "a/b", "x" * 250):
        describe(s, 1, TOPIC, name)
        describe(s, 4, TOPIC, name)


@scenario
def describe_kinds_that_are_not_there(s):
    for kind in (0, 1, 3, 99, -1):
        describe(s, 4, kind, "x")


@scenario
def describe_several_resources(s):
    topic = s.topic()
    asked = [(TOPIC, topic.name), (TOPIC, "no-such-topic"), (BROKER, "1"), (TOPIC, topic.name)]
    s.ask("DescribeConfigs", 4, resources=[
        {"resource_type": kind, "resource_name": name, "configuration_keys": ["segment.bytes", "num.partitions"]}
        for kind, name in asked])
    s.ask("DescribeConfigs", 4, resources=[])


@scenario
def describe_groups_configs(s):
    for name in ("some-group", ""):
        for v in (1, s.last("DescribeConfigs")):
            describe(s, v, GROUP, name, include_synonyms=True)


@scenario
def alter_a_topic(s):
    topic = s.topic(segment_bytes=2_000_000)
    for v in s.versions("AlterConfigs"):
        alter(s, v, TOPIC, topic.name, [("retention.ms", f"{1000 + v}")])
        once_told(s, TOPIC, topic.name, "retention.ms", f"{1000 + v}")
    describe(s, 4, TOPIC, topic.name, ["segment.bytes"])


@scenario
def alter_a_topic_wrongly(s):
    topic = s.topic()
    for configs in ([("no.such", "1")], [("retention.ms", "soon")], [("retention.ms", None)], [("retention.ms", "-2")],
                    [("cleanup.policy", "shred")], [("", "1")], [("retention.ms", "1"), ("retention.ms", "2")],
                    [("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")]):
        alter(s, 0, TOPIC, topic.name, configs)
        alter(s, 2, TOPIC, topic.name, configs, validate_only=True)


@scenario
def alter_what_is_not_there(s):
    for kind, name in ((TOPIC, "no-such-topic"), (TOPIC, ""), (TOPIC, "a/b"), (BROKER, "7"), (BROKER, "one"), (GROUP, ""),
                       (LOGGER, "1"), (0, "x"), (99, "x")):
        alter(s, 2, kind, name, [("retention.ms", "1")])
        change(s, kind, name, [("retention.ms", SET, "1")])


@scenario
def alter_only_to_validate(s):
    topic = s.topic()
    alter(s, 2, TOPIC, topic.name, [("retention.ms", "5")], validate_only=True)
    change(s, TOPIC, topic.name, [("retention.ms", SET, "5")], validate_only=True)
    describe(s, 4, TOPIC, topic.name, ["retention.ms"])


@scenario
def alter_nothing(s):
    topic = s.topic()
    for v in (0, 2):
        s.ask("AlterConfigs", v, resources=[])
        alter(s, v, TOPIC, topic.name, [])
    for v in (0, 1):
        s.ask("IncrementalAlterConfigs", v, resources=[])
        change(s, TOPIC, topic.name, [], v)


@scenario
def alter_one_resource_twice_in_a_request(s):
    topic = s.topic()
    both = [{"resource_type": TOPIC, "resource_name": topic.name, "configs": [{"name": "retention.ms", "value": value}]}
            for value in ("1", "2")]
    s.connection(seconds=0.5).ask("AlterConfigs", 2, resources=both)
    s.connection(seconds=0.5).ask("IncrementalAlterConfigs", 1, resources=[
        {**one, "configs": [{**one["configs"][0], "config_operation": SET}]} for one in both])


@scenario
def change_a_topic_and_change_it_back(s):
    topic = s.topic()
    for v in (0, 1):
        change(s, TOPIC, topic.name, [("segment.bytes", SET, f"{3_000_000 + v}")], v)
        once_told(s, TOPIC, topic.name, "segment.bytes", f"{3_000_000 + v}")
        change(s, TOPIC, topic.name, [("segment.bytes", DELETE, None)], v)
        once_told(s, TOPIC, topic.name, "segment.bytes", "1073741824")


@scenario
def change_lists(s):
    topic = s.topic(cleanup_policy="delete")
    for operation, value, then in ((APPEND, "compact", "delete,compact"), (APPEND, "compact", "delete,compact"),
                                   (SUBTRACT, "delete", "compact"), (SUBTRACT, "delete", "compact")):
        change(s, TOPIC, topic.name, [("cleanup.policy", operation, value)])
        once_told(s, TOPIC, topic.name, "cleanup.policy", then)
    change(s, TOPIC, topic.name, [("cleanup.policy", APPEND, "shred")])


@scenario
def change_a_topic_wrongly(s):
    topic = s.topic()
    for configs in ([("no.such", SET, "1")], [("no.such", DELETE, None)], [("retention.ms", APPEND, "1")],
                    [("retention.ms", SUBTRACT, "1")], [("retention.ms", 4, "1")],
                    [("retention.ms", SET, None)], [("retention.ms", SET, "")], [("retention.ms", SET, "soon")],
                    [("", SET, "1")], [("retention.ms", SET, "1"), ("retention.ms", SET, "2")],
                    [("retention.ms", SET, "1"), ("retention.ms", DELETE, None)], [("retention.ms", DELETE, None)]):
        change(s, TOPIC, topic.name, configs)


@scenario
def change_the_broker(s):
    change(s, BROKER, "1", [("log.cleaner.threads", SET, "2")])
    once_told(s, BROKER, "1", "log.cleaner.threads", "2")
    change(s, BROKER, "1", [("log.cleaner.threads", DELETE, None)])
    once_told(s, BROKER, "1", "log.cleaner.threads", "1")
    change(s, BROKER, "", [("message.max.bytes", SET, "900000")])
    once_told(s, BROKER, "1", "message.max.bytes", "900000")
    change(s, BROKER, "", [("message.max.bytes", DELETE, None)])
    once_told(s, BROKER, "1", "message.max.bytes", "1048588")


@scenario
def change_the_broker_wrongly(s):
    for configs in ([("num.partitions", SET, "9")], [("message.max.bytes", SET, "many")], [("node.id", SET, "5")],
                    [("log.cleaner.threads", SET, "-1")], [("listeners", SET, "x")]):
        change(s, BROKER, "1", configs)
        change(s, BROKER, "", configs)


@scenario
def change_a_group(s):
    group = s.name()
    change(s, GROUP, group, [("consumer.session.timeout.ms", SET, "50000")])
    once_told(s, GROUP, group, "consumer.session.timeout.ms", "50000")
    for value in ("50", "long", None, "-1"):
        change(s, GROUP, group, [("consumer.session.timeout.ms", SET, value)])
    change(s, GROUP, group, [("no.such", SET, "1")])
    change(s, GROUP, group, [("consumer.session.timeout.ms", DELETE, None)])
    once_told(s, GROUP, group, "consumer.session.timeout.ms", "45000")


@scenario
def list_config_resources(s):
    topic = s.topic()
    s.eventually(lambda answer: topic.name in str(answer), "ListConfigResources", 1, resource_types=[TOPIC])
    s.ask("ListConfigResources", 0)
    for kinds in ([BROKER], [CLIENT_METRICS], [LOGGER], [BROKER, BROKER]):
        s.ask("ListConfigResources", 1, resource_types=kinds)
    for kinds in ([99], [0], [-1], [BROKER, 99]):
        s.ask("ListConfigResources", 1, resource_types=kinds)


@scenario
def list_config_resources_of_groups(s):
    group = s.name()
    change(s, GROUP, group, [("consumer.session.timeout.ms", SET, "50000")])
    s.eventually(lambda answer: group in str(answer), "ListConfigResources", 1, resource_types=[GROUP])
