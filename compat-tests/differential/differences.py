"""Answers made comparable, and compared field by field."""
import json
import re
from typing import NamedTuple

from explained import EXPLAINED, UNORDERED

# In Kafka's form and in ours, which is shorter: what a broker makes ends with it.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=-)[A-Za-z0-9_-]{22}$")
TIME = re.compile(r"\b\d{13}\b")
UUID_BASE64 = re.compile(r"^[A-Za-z0-9_-]{22}$")
NO_UUID = "AAAAAAAAAAAAAAAAAAAAAA"
KEYS = ("name", "topic_name", "topic", "topic_id", "partition", "partition_index", "group_id", "resource_name", "api_key", "log_dir",
        "producer_id", "resource_type", "member_id")
NAMES = ("name", "topic_name", "topic")
# Values that are told by no other side: how long each took.
MASKED = {"throttle_time_ms", "push_interval_ms"}


class Difference(NamedTuple):
    number: int      # of the exchange
    api: str
    version: int
    path: str
    kafka: str
    ours: str


class Normaliser:
    """Of one side's answers to one scenario: what is generated gets a name by the order of its appearance."""

    def __init__(self, talk, since_ms, until_ms):
        self.port, self.since_ms, self.until_ms = int(talk.bootstrap.rsplit(":", 1)[1]), since_ms, until_ms
        self.names = {("topic_id", one): f"<id of {name}>" for one, name in talk.topic_ids.items()}
        self.data = talk.side.data

    def named(self, kind, value):
        return self.names.setdefault((kind, value), f"<{kind} {len(self.names) + 1}>")

    def normal(self, exchange):
        return self.value(exchange.api, "", "", exchange.answer)

    def value(self, api, path, name, value):
        if isinstance(value, dict):
            return {key: self.value(api, f"{path}.{key}" if path else key, key, one) for key, one in value.items()}
        if isinstance(value, list):
            unordered = any(re.fullmatch(one_api, api) and re.fullmatch(pattern, path) for one_api, pattern, _ in UNORDERED)
            if unordered:
                value = sorted(value, key=lambda one: sorting_key(self.known(one)))
            told = [self.value(api, path + "[]", name, one) for one in value]
            return aligned(told) if unordered else told
        return self.leaf(name, value)

    def known(self, value):
        """With the names that were given already; what is generated and new has none yet."""
        if isinstance(value, dict):
            return {key: self.known(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.known(one) for one in value]
        if isinstance(value, str):
            value = self.names.get(("topic_id", value), value)
            return UUID.sub(lambda found: self.names.get(("uuid", found[0]), ""), value)
        return value

    def leaf(self, name, value):
        if name in MASKED:
            return "<masked>"
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            if name == "port" and value == self.port:
                return "<port>"
            if self.since_ms <= value <= self.until_ms:
                return "<now>"
            if name == "usable_bytes" and value > 10**6:
                return "<free>"  # of one disk, at two moments
            if name in ("producer_id", "session_id") and value >= (name == "session_id"):
                return self.named(name, value)
            return value
        if not isinstance(value, str):
            return value
        if UUID_BASE64.match(value) and value != NO_UUID and name in ("topic_id", "member_id"):
            return self.named(name, value)
        value = value.replace(f"127.0.0.1:{self.port}", "<address>").replace(self.data, "<data>")
        value = TIME.sub(lambda found: "<now>" if self.since_ms <= int(found[0]) <= self.until_ms else found[0], value)
        return UUID.sub(lambda found: self.named("uuid", found[0]), value) if name in ("member_id", "leader") else value


def sorting_key(value):
    """What tells an element from others: names, and numbers within them; a topic's id only where it has no name."""
    known = [key for key in KEYS if key in value] if isinstance(value, dict) else []
    if any(value[key] for key in known if key in NAMES):
        known = [key for key in known if key != "topic_id"]
    return [str(value[key]) for key in known], json.dumps(value, sort_keys=True)


class Aligned(dict):
    """The elements of an array whose order means nothing, by what tells them apart."""


def aligned(elements):
    if not all(isinstance(one, dict) for one in elements):
        return elements
    by_key = Aligned()
    for one in elements:
        key = " ".join(re.sub(r"[][]", "", key) for key in sorting_key(one)[0])
        while key in by_key:
            key += " again"
        by_key[key] = one
    return by_key


def leaves_that_differ(path, kafka, ours):
    if isinstance(kafka, dict) and isinstance(ours, dict):
        for key in list(kafka) + [key for key in ours if key not in kafka]:
            below = f"{path}[{key}]" if isinstance(kafka, Aligned) else f"{path}.{key}".lstrip(".")
            yield from leaves_that_differ(below, kafka.get(key, "absent"), ours.get(key, "absent"))
    elif isinstance(kafka, list) and isinstance(ours, list):
        for i in range(max(len(kafka), len(ours))):
            yield from leaves_that_differ(f"{path}[{i}]", kafka[i] if i < len(kafka) else "absent",
                                          ours[i] if i < len(ours) else "absent")
    elif kafka != ours or type(kafka) is not type(ours):
        yield path, json.dumps(kafka), json.dumps(ours)


def differences(exchanges, normalisers):
    """exchanges: Kafka's and ours, of one scenario."""
    kafka, ours = exchanges
    if len(kafka) != len(ours):
        yield Difference(0, "", 0, "number of answers", str(len(kafka)), str(len(ours)))
    for number, (theirs, mine) in enumerate(zip(kafka, ours), 1):
        if (theirs.api, theirs.version) != (mine.api, mine.version):
            yield Difference(number, mine.api, mine.version, "asked", theirs.api, mine.api)
            continue
        values = [normaliser.normal(one) for normaliser, one in zip(normalisers, (theirs, mine))]
        for path, kafkas, our in leaves_that_differ("", *values):
            yield Difference(number, mine.api, mine.version, path, kafkas, our)


def explanation(scenario, difference):
    """Its index in EXPLAINED, or None."""
    paths = re.sub(r"\[[^]]*\]", "[]", difference.path), difference.path
    for index, one in enumerate(EXPLAINED):
        columns = ((one.scenario, scenario), (one.api, difference.api), (one.kafka, difference.kafka), (one.ours, difference.ours))
        if all(re.fullmatch(pattern, text) for pattern, text in columns) and \
                any(re.fullmatch(one.path, path) for path in paths):
            return index
    return None
