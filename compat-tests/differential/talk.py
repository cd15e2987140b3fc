"""What a scenario can say: requests over connections of one side, whose answers are kept for the comparison."""
import os
import struct
import sys
import time
from dataclasses import dataclass

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import wire  # noqa: E402

SECONDS = 5  # that an answer may take


@dataclass
class Exchange:
    api: str
    version: int
    answer: object = None  # a body as Codec.java tells it, "closed" or "silence"


@dataclass
class Topic:
    name: str
    id: str


class Connection:
    def __init__(self, talk, client_id="differential", seconds=SECONDS):
        self.talk, self.client_id, self.seconds, self.client, self.correlation = talk, client_id, seconds, None, 0
        self.talk.connections.append(self)

    def encoded(self, api, version, body, client_id=None):
        self.correlation += 1
        return self.talk.codec.encode(api, version, body, self.correlation, client_id or self.client_id)

    def write(self, data):
        """A frame's content; a connection that was closed is opened again."""
        if self.client is None:
            self.client = wire.Client(self.talk.bootstrap, self.seconds)
        self.talk.requests += 1
        self.client.send(wire.frame(data))

    def send(self, api, version, **body):
        """Without waiting; .read() gets the answer, in the order of the requests."""
        self.write(self.encoded(api, version, body))
        return self.expect(api, version)

    def expect(self, api, version):
        return Pending(self, Exchange(api, version), self.correlation)

    def ask(self, api, version, **body):
        return self.send(api, version, **body).read()

    def bytes(self, api, version, data, answered_as=None):
        """A frame's content as it is, correlation id 77, whose answer has that version."""
        self.write(data)
        return Pending(self, Exchange(api, version if answered_as is None else answered_as), 77).read()

    def read(self):
        """The next frame, "closed" or "silence"."""
        try:
            data = self.client.receive()
        except TimeoutError:
            self.close()  # a late answer must not be taken for that of the next request
            return "silence"
        if data is None:
            self.close()
            return "closed"
        return data

    def close(self):
        if self.client:
            self.client.close()
        self.client = None


class Pending:
    def __init__(self, connection, exchange, correlation):
        self.connection, self.exchange, self.correlation = connection, exchange, correlation

    def read(self):
        return self.connection.talk.keep(self.exchange, self.peek())

    def peek(self):
        """The answer, which is not compared."""
        data = self.connection.read()
        if isinstance(data, str):
            return data
        correlation, body = self.connection.talk.codec.decode(self.exchange.api, self.exchange.version, data)
        return body if correlation in (None, self.correlation) else f"an answer to {correlation - self.correlation:+}"

    def unanswered(self):
        """Silence, if the next request on the connection is answered first."""
        probe = self.connection.send("ApiVersions", 0)
        data = self.connection.read()
        if not isinstance(data, str):
            answered = struct.unpack(">i", data[:4])[0]
            data = "silence" if answered == probe.correlation else "answered"
        return self.connection.talk.keep(self.exchange, data)


class Talk:
    """One scenario on one side."""

    def __init__(self, scenario, side, codec):
        self.scenario, self.bootstrap, self.codec, self.side = scenario, side.bootstrap, codec, side
        self.connections, self.exchanges, self.requests, self.topic_ids = [], [], 0, {}
        self.first = Connection(self)

    def keep(self, exchange, answer):
        exchange.answer = answer
        self.exchanges.append(exchange)
        return answer

    def exchange(self, api, version):
        return Exchange(api, version)

    def connection(self, **more):
        return Connection(self, **more)

    def ask(self, api, version, **body):
        return self.first.ask(api, version, **body)

    def send(self, api, version, **body):
        return self.first.send(api, version, **body)

    def bytes(self, *arguments, **named):
        return self.first.bytes(*arguments, **named)

    def versions(self, api, first=0, last=99):
        """Those that both sides serve."""
        return [version for version in self.side.served[api] if first <= version <= last]

    def last(self, api):
        return self.side.served[api][-1]

    def eventually(self, until, api, version, **body):
        """Asks until the answer is right; that one is compared, or the last one of five seconds."""
        deadline = time.monotonic() + SECONDS
        while True:
            answer = self.first.send(api, version, **body).peek()
            if until(answer) or time.monotonic() > deadline:
                return self.keep(Exchange(api, version), answer)
            time.sleep(0.02)

    def quietly(self, api, version=None, **body):
        """For what only prepares: not compared."""
        return self.first.send(api, self.last(api) if version is None else version, **body).peek()

    def name(self, suffix=""):
        """Of a topic or a group, this scenario's own."""
        return self.scenario.replace("_", "-") + suffix

    def topic(self, suffix="", partitions=1, **configs):
        """A new one, once the broker knows it."""
        name = self.name(suffix)
        created = self.quietly("CreateTopics", 7, timeout_ms=5000, topics=[
            {"name": name, "num_partitions": partitions, "replication_factor": 1,
             "configs": [{"name": key.replace("_", "."), "value": str(value)} for key, value in configs.items()]}])
        if created["topics"][0]["error_code"] != "NONE":
            raise RuntimeError(f"{name} was not created: {created}")
        self.wait_for(name, lambda topic: topic["error_code"] == "NONE" and len(topic["partitions"]) == partitions and
                      all(one["error_code"] == "NONE" for one in topic["partitions"]))
        self.wait_for_leaders(name, partitions)
        self.topic_ids[created["topics"][0]["topic_id"]] = name
        return Topic(name, created["topics"][0]["topic_id"])

    def wait_for_leaders(self, name, partitions):
        """Kafka tells who leads before that one knows it."""
        asked = [{"name": name, "partitions": [{"partition_index": one, "timestamp": -1} for one in range(partitions)]}]
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            answer = self.quietly("ListOffsets", 4, replica_id=-1, topics=asked)
            if all(one["error_code"] == "NONE" for one in answer["topics"][0]["partitions"]):
                return
            time.sleep(0.01)
        raise RuntimeError(f"{name} has no leaders: {answer}")

    def wait_for(self, name, until):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            answer = self.quietly("Metadata", 12, topics=[{"name": name}], allow_auto_topic_creation=False)
            if until(answer["topics"][0]):
                return
            time.sleep(0.01)
        raise RuntimeError(f"{name} did not become what it should: {answer}")

    def close(self):
        for connection in self.connections:
            connection.close()
