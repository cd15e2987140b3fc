"""Fetch with sessions (KIP-227)."""
from scenario import scenario
from scenarios.fetch import write


def ask(s, v, session, epoch, topic=None, partitions=(0,), offset=0, forget=(), min_bytes=0, wait=0):
    asked = [{"partition": one, "fetch_offset": offset, "partition_max_bytes": 10_000} for one in partitions]
    topics = [{"topic": topic.name, "topic_id": topic.id, "partitions": asked}] if topic and asked else []
    forgotten = [{"topic": topic.name, "topic_id": topic.id, "partitions": list(forget)}] if forget else []
    answer = s.ask("Fetch", v, replica_id=-1, max_wait_ms=wait, min_bytes=min_bytes, session_id=session, session_epoch=epoch,
                   topics=topics, forgotten_topics_data=forgotten)
    return answer["session_id"]


@scenario
def a_session_tells_only_what_is_new(s):
    topic = s.topic(partitions=2)
    for v in (7, 12, s.last("Fetch")):
        session = ask(s, v, 0, 0, topic, (0, 1))
        ask(s, v, session, 1)
        write(s, topic, b"new", partition=1)
        ask(s, v, session, 2)
        ask(s, v, session, 3, topic, (1,), offset=1)
        ask(s, v, session, 4)
        s.quietly("DeleteRecords", 2, timeout_ms=3000,
                  topics=[{"name": topic.name, "partitions": [{"partition_index": 1, "offset": -1}]}])
        ask(s, v, session, 5)
        ask(s, v, session, -1)


@scenario
def a_session_that_forgets_and_adds(s):
    topic = s.topic(partitions=3)
    for partition in range(3):
        write(s, topic, b"a", partition=partition)
    for v in (7, s.last("Fetch")):
        session = ask(s, v, 0, 0, topic, (0, 1))
        ask(s, v, session, 1, topic, (2,), forget=(0,))
        ask(s, v, session, 2, topic, (), forget=(1, 2, 7))
        ask(s, v, session, 3)


@scenario
def sessions_that_are_not_there(s):
    topic = s.topic()
    for v in (7, 11, 13, s.last("Fetch")):
        ask(s, v, 123456, 1, topic)
        ask(s, v, 123456, 0, topic)
        ask(s, v, 0, 5, topic)
        ask(s, v, 0, -1, topic)
        ask(s, v, 0, -2, topic)


@scenario
def session_epochs_that_are_wrong(s):
    topic = s.topic()
    for v in (7, s.last("Fetch")):
        session = ask(s, v, 0, 0, topic)
        ask(s, v, session, 2, topic)
        ask(s, v, session, 1, topic)
        ask(s, v, session, 1, topic)
        ask(s, v, session, 2, topic)


@scenario
def a_session_that_begins_anew(s):
    topic = s.topic(partitions=2)
    write(s, topic, b"a")
    session = ask(s, 11, 0, 0, topic)
    ask(s, 11, session, 0, topic, (1,))
    ask(s, 11, session, 1)


@scenario
def a_session_with_errors_in_it(s):
    topic = s.topic()
    write(s, topic, b"a")
    for v in (11, s.last("Fetch")):
        session = ask(s, v, 0, 0, topic, (0, 7), offset=1)
        ask(s, v, session, 1)
        ask(s, v, session, 2, topic, (0,), offset=99)
        ask(s, v, session, 3)
        ask(s, v, session, 4, topic, (0,), offset=0)


@scenario
def a_session_whose_topic_is_deleted(s):
    for v in (11, s.last("Fetch")):
        topic = s.topic(f"-{v}")
        write(s, topic, b"a")
        session = ask(s, v, 0, 0, topic)
        s.quietly("DeleteTopics", 6, topics=[{"name": topic.name}], timeout_ms=5000)
        s.wait_for(topic.name, lambda one: one["error_code"] == "UNKNOWN_TOPIC_OR_PARTITION")
        ask(s, v, session, 1)
        ask(s, v, session, 2)


@scenario
def a_session_of_names_asked_by_id(s):
    topic = s.topic()
    write(s, topic, b"a")
    session = ask(s, 12, 0, 0, topic)
    ask(s, 13, session, 1, topic)
    session = ask(s, 13, 0, 0, topic)
    ask(s, 12, session, 1, topic)


@scenario
def a_session_waits_for_news(s):
    topic = s.topic()
    session = ask(s, 11, 0, 0, topic)
    ask(s, 11, session, 1, wait=50, min_bytes=1)
    other = s.connection()
    pending = s.send("Fetch", 11, replica_id=-1, max_wait_ms=4000, min_bytes=1, session_id=session, session_epoch=2, topics=[])
    other.ask("ApiVersions", 0)
    write(_Quietly(s, other), topic, b"late")
    pending.read()


class _Quietly:
    """Writes by another connection."""

    def __init__(self, talk, connection):
        self.talk, self.connection = talk, connection

    def quietly(self, api, version, **body):
        return self.connection.send(api, version, **body).peek()


@scenario
def a_session_that_empties_itself(s):
    topic = s.topic()
    session = ask(s, 11, 0, 0, topic)
    ask(s, 11, session, 1, topic, (), forget=(0,))
    ask(s, 11, session, 2, topic, (0,))
    ask(s, 11, 0, 0)
