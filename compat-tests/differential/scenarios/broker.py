"""DescribeLogDirs, UpdateFeatures."""
from scenario import scenario
from scenarios.offsets import write


@scenario
def describe_log_dirs(s):
    topic = s.topic(partitions=2)
    write(s, topic, 1000)
    for v in s.versions("DescribeLogDirs"):
        s.ask("DescribeLogDirs", v, topics=[{"topic": topic.name, "partitions": [0, 1]}])


@scenario
def describe_log_dirs_of_what_is_not_there(s):
    topic = s.topic()
    for v in (1, s.last("DescribeLogDirs")):
        s.ask("DescribeLogDirs", v, topics=[{"topic": topic.name, "partitions": [5, -1]}])
        s.ask("DescribeLogDirs", v, topics=[{"topic": "no-such-topic", "partitions": [0]}])
        s.ask("DescribeLogDirs", v, topics=[{"topic": topic.name, "partitions": []}])
        s.ask("DescribeLogDirs", v, topics=[])


@scenario
def describe_log_dirs_named_twice(s):
    topic = s.topic()
    s.ask("DescribeLogDirs", 4, topics=[{"topic": topic.name, "partitions": [0, 0]}])


def update(s, v, feature, level, **more):
    s.ask("UpdateFeatures", v, timeout_ms=3000, feature_updates=[{"feature": feature, "max_version_level": level, **more}])


@scenario
def update_features(s):
    for v in s.versions("UpdateFeatures"):
        update(s, v, "group.version", 1)
        update(s, v, "no.such.feature", 1)
        update(s, v, "group.version", 99)
        update(s, v, "group.version", -1)
        update(s, v, "group.version", 0)
        update(s, v, "", 1)


@scenario
def update_features_only_to_validate(s):
    for v in (1, s.last("UpdateFeatures")):
        s.ask("UpdateFeatures", v, timeout_ms=3000, validate_only=True,
              feature_updates=[{"feature": "group.version", "max_version_level": 1}])


@scenario
def update_features_with_odd_kinds(s):
    for v in (1, s.last("UpdateFeatures")):
        for kind in (0, 4, -1):
            update(s, v, "group.version", 1, upgrade_type=kind)


@scenario
def update_no_features(s):
    for v in s.versions("UpdateFeatures"):
        s.ask("UpdateFeatures", v, timeout_ms=3000, feature_updates=[])


@scenario
def update_one_feature_twice(s):
    both = [{"feature": "group.version", "max_version_level": 1}, {"feature": "group.version", "max_version_level": 1}]
    s.ask("UpdateFeatures", 1, timeout_ms=3000, feature_updates=both)
