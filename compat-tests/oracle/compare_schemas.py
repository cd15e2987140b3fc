#!/usr/bin/env python3
"""Compares what `ottla_oracle describe` says of our messages with the schemas in the kafka-clients jar.

usage: compare_schemas.py OTTLA_ORACLE KAFKA_CLIENTS_JAR FOLDER_OF_MESSAGE_HEADERS

For every message and every version that we serve: the API key, whether the version is flexible, and of each field in
order its name, type, whether it may be null, tag, default, and "never compact". In the headers: that each name stands
beside the member of that name. Lists what Kafka serves and we do not.
The last line is "MESSAGES COMPARISONS DIFFERENCES"; a message counts once for each version.
"""
import json
import pathlib
import re
import subprocess
import sys
import zipfile
from typing import NamedTuple

FOREVER = 32767


class Field(NamedTuple):
    path: str
    type: str
    nullable: bool
    tag: int
    plain: bool
    default: object  # None: null


class Versions(NamedTuple):
    first: int
    last: int

    def __contains__(self, version):
        return self.first <= version <= self.last

    def __str__(self):
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


NO_VERSIONS = Versions(1, 0)


def versions_of(text):
    """"none", "3", "0-12" or "8+"."""
    if text == "none":
        return NO_VERSIONS
    match = re.fullmatch(r"(\d+)(?:(\+)|-(\d+))?", text)
    first, open_end, last = match.groups()
    return Versions(int(first), FOREVER if open_end else int(last or first))


def kafka_schemas(jar):
    """Message name -> schema."""
    schemas = {}
    with zipfile.ZipFile(jar) as files:
        for name in files.namelist():
            if re.fullmatch(r"common/message/.*\.json", name):
                text = files.read(name).decode()
                schema = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
                schemas[schema["name"]] = schema
    return schemas


def our_messages(oracle):
    lines = subprocess.run([oracle, "describe"], check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def kafka_default(field):
    """In the words of protocol/describe.h; what a schema leaves out is what Kafka's generator makes of it."""
    kind, text = field["type"], str(field.get("default", ""))
    if kind == "records" or text == "null":
        return None
    if kind.startswith("[]"):
        return "[]"
    if kind in ("string", "bytes"):
        return text
    if kind == "bool":
        return text.lower() or "false"
    if kind == "uuid":
        return text or "A" * 22
    if kind == "float64":
        return str(float(text or 0)).removesuffix(".0")
    if re.fullmatch(r"u?int\d+", kind):
        return str(int(text or "0", 0))
    return "{}"


def kafka_fields(schema, version):
    """The fields of one version in order, and the paths of those that hold broker ids."""
    common = {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", [])}
    found, broker_ids = [], set()

    def walk(fields, prefix):
        for field in fields:
            if version not in versions_of(field["versions"]):
                continue
            path = prefix + field["name"]
            tagged = version in versions_of(field.get("taggedVersions", "none"))
            found.append(Field(path, field["type"], version in versions_of(field.get("nullableVersions", "none")),
                               field["tag"] if tagged else -1, field.get("flexibleVersions") == "none",
                               kafka_default(field)))
            if field.get("entityType") == "brokerId":
                broker_ids.add(path)
            walk(field.get("fields") or common.get(field["type"].removeprefix("[]"), []), path + ".")

    walk(schema["fields"], "")
    return found, broker_ids


def our_fields(message, version):
    found, broker_ids, absent = [], set(), []
    for row in message["fields"]:
        path = row["path"]
        if any(path.startswith(parent) for parent in absent):
            continue
        if version not in versions_of(row["versions"]):
            absent.append(path + ".")
            continue
        found.append(Field(path, row["type"], version in versions_of(row["nullable"]), row["tag"], row["plain"],
                           row["default"]))
        if row["entity"] == "brokerId":
            broker_ids.add(path)
    return found, broker_ids


def stable_versions(schema, schemas):
    """The versions that the peer serves without its switch for unstable ones."""
    versions = versions_of(schema["validVersions"])
    request = schemas[re.sub("Response$", "Request", schema["name"])]
    return Versions(versions.first, versions.last - 1) if request.get("latestVersionUnstable") else versions


class Comparison:
    def __init__(self, schemas):
        self.schemas, self.messages, self.comparisons, self.differences = schemas, 0, 0, 0

    def same(self, where, what, kafka, ours):
        self.comparisons += 1
        if kafka != ours:
            self.differences += 1
            print(f"{where}: {what}: Kafka has {kafka}, we have {ours}")

    def message(self, ours):
        schema = self.schemas.get(ours["name"])
        if schema is None:
            self.same(ours["name"], "message", None, "one")
            return
        self.same(ours["name"], "API key", schema["apiKey"], ours["key"])
        for version in range(ours["min"], ours["max"] + 1):
            self.messages += 1
            self.one_version(schema, ours, version)

    def one_version(self, schema, ours, version):
        where = f"{ours['name']} v{version}"
        self.same(where, "a stable version", version in stable_versions(schema, self.schemas), True)
        self.same(where, "flexible", version in versions_of(schema["flexibleVersions"]), version >= ours["flexible"])
        kafka, kafka_broker_ids = kafka_fields(schema, version)
        mine, our_broker_ids = our_fields(ours, version)
        self.same(where, "fields in order", [field.path for field in kafka], [field.path for field in mine])
        by_path = {field.path: field for field in mine}
        for field in kafka:
            for what, expected in field._asdict().items():
                if field.path in by_path:
                    self.same(f"{where} {field.path}", what, expected, getattr(by_path[field.path], what))
        for path in kafka_broker_ids & by_path.keys():
            self.same(f"{where} {path}", "holds broker ids", True, path in our_broker_ids)


    def member_names(self, folder):
        """v("Host", m.rack) would go unseen everywhere else: it decodes and encodes alike."""
        for header in sorted(pathlib.Path(folder).glob("*.h")):
            for name, member in re.findall(r'\bv\(\s*"(\w+)",\s*m\.(\w+)', header.read_text()):
                self.same(header.name, f"member of {name}", name.lower(), member.replace("_", ""))


def numbers_text(numbers):
    together = numbers == list(range(numbers[0], numbers[-1] + 1))
    return str(Versions(numbers[0], numbers[-1])) if together else ",".join(map(str, numbers))


def print_not_served(schemas, messages):
    served = {message["key"]: Versions(message["min"], message["max"]) for message in messages}
    for schema in sorted(schemas.values(), key=lambda schema: schema.get("apiKey", -1)):
        if schema["type"] != "request":
            continue
        stable = stable_versions(schema, schemas)
        ours = served.get(schema["apiKey"], NO_VERSIONS)
        missing = [version for version in range(stable.first, stable.last + 1) if version not in ours]
        if missing:
            name = schema["name"].removesuffix("Request")
            print(f"not served: {name} ({schema['apiKey']}) {numbers_text(missing)}"
                  f"  [{', '.join(schema['listeners'])}]")


def main(oracle, jar, headers):
    schemas, messages = kafka_schemas(jar), our_messages(oracle)
    comparison = Comparison(schemas)
    for message in messages:
        comparison.message(message)
    comparison.member_names(headers)
    print_not_served(schemas, messages)
    print(comparison.messages, comparison.comparisons, comparison.differences)
    return 1 if comparison.differences or not messages else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
