"""Frames, headers, versions: what is answered at all, and when the connection is closed."""
import struct

from scenario import scenario


def header(key, version, client_id=b"raw", flexible=False):
    """With correlation id 77."""
    size = -1 if client_id is None else len(client_id)
    return struct.pack(">hhih", key, version, 77, size) + (client_id or b"") + (b"\0" if flexible else b"")


METADATA = struct.pack(">i", 0)  # of version 1 to 3: no topics


@scenario
def api_versions_of_each_version(s):
    for v in s.versions("ApiVersions"):
        s.ask("ApiVersions", v, client_software_name="differential", client_software_version="1.0")


@scenario
def api_versions_from_the_future(s):
    s.bytes("ApiVersions", 99, header(18, 99, flexible=True), answered_as=0)
    s.bytes("ApiVersions", 5, header(18, 32767, flexible=True) + b"whatever", answered_as=0)
    s.ask("ApiVersions", 3, client_software_name="still", client_software_version="here")


@scenario
def api_versions_with_odd_software_names(s):
    for name in ("", " ", "a b", "-a", "a-", "a.b-c", "a_b", "\u00e9", "x" * 300, "$(ls)"):
        s.ask("ApiVersions", 3, client_software_name=name, client_software_version="1.0")
        s.ask("ApiVersions", 3, client_software_name="good", client_software_version=name)


@scenario
def api_versions_with_a_body_cut_short(s):
    s.bytes("ApiVersions", 3, header(18, 3, flexible=True) + b"\x05ab", answered_as=0)
    s.ask("ApiVersions", 0)


@scenario
def negative_versions(s):
    for key, api in ((0, "Produce"), (3, "Metadata"), (11, "JoinGroup")):
        s.bytes(api, 0, header(key, -1) + METADATA)
    s.bytes("ApiVersions", 0, header(18, -1))


@scenario
def versions_too_high(s):
    for api in s.side.served:
        if api != "ApiVersions":
            s.bytes(api, 0, header(s.codec.apis[api]["key"], s.codec.apis[api]["last"] + 1, flexible=True) + METADATA)


@scenario
def versions_that_are_gone(s):
    for api, key, version in (("Produce", 0, 2), ("Produce", 0, 0), ("Fetch", 1, 3), ("ListOffsets", 2, 0), ("OffsetCommit", 8, 1),
                              ("OffsetFetch", 9, 0), ("CreateTopics", 19, 1), ("DeleteTopics", 20, 0), ("DescribeConfigs", 32, 0),
                              ("OffsetForLeaderEpoch", 23, 1), ("DescribeLogDirs", 35, 0)):
        s.bytes(api, 3, header(key, version) + METADATA)


@scenario
def keys_that_nobody_knows(s):
    for key in (-1, 4, 5, 6, 7, 99, 1000, 32767):
        s.bytes("Metadata", 1, header(key, 0) + METADATA)


@scenario
def keys_of_controllers_and_brokers_only(s):
    for key in (52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82):
        s.bytes("Metadata", 1, header(key, 0, flexible=True) + METADATA)


@scenario
def a_null_client_id(s):
    s.bytes("Metadata", 1, header(3, 1, None) + METADATA)
    s.bytes("ApiVersions", 0, header(18, 0, None))
    s.bytes("ApiVersions", 3, header(18, 3, None, flexible=True) + b"\x02a\x021\0")


@scenario
def odd_client_ids(s):
    for client_id in (b"", b"\xff\xfe", b"a" * 5000, "\u00e9\n\0".encode()):
        s.bytes("Metadata", 1, header(3, 1, client_id) + METADATA)


@scenario
def a_header_cut_short(s):
    for size in (0, 1, 2, 4, 7, 8, 9, 10):
        s.bytes("Metadata", 1, header(3, 1, b"abcdef")[:size])


@scenario
def a_client_id_longer_than_the_frame(s):
    s.bytes("Metadata", 1, struct.pack(">hhih", 3, 1, 77, 500) + b"abc")


@scenario
def bodies_cut_short(s):
    for data in (b"", b"\0", struct.pack(">i", 1), struct.pack(">ih", 1, 5) + b"abc"):
        s.bytes("Metadata", 1, header(3, 1) + data)


@scenario
def bytes_left_over(s):
    s.bytes("Metadata", 1, header(3, 1) + METADATA + b"more")
    s.bytes("ApiVersions", 0, header(18, 0) + b"more")


@scenario
def array_lengths_that_lie(s):
    for count in (2**31 - 1, -2, 1000):
        s.bytes("Metadata", 1, header(3, 1) + struct.pack(">i", count))


@scenario
def a_null_string_that_may_not_be_null(s):
    s.bytes("FindCoordinator", 0, header(10, 0) + struct.pack(">h", -1))
    s.bytes("Metadata", 1, header(3, 1) + struct.pack(">ih", 1, -1))


@scenario
def unknown_tagged_fields(s):
    tag = b"\x01\x63\x03abc"
    s.bytes("Metadata", 9, header(3, 9) + tag + b"\x01\0\0\0" + tag)
    s.bytes("ApiVersions", 3, header(18, 3) + tag + b"\x02a\x021" + tag)


@scenario
def tagged_fields_out_of_order_or_twice(s):
    body = b"\x01\0\0\0"
    s.bytes("Metadata", 9, header(3, 9) + b"\0" + body + b"\x02\x05\x01a\x04\x01b")
    s.bytes("Metadata", 9, header(3, 9) + b"\0" + body + b"\x02\x05\x01a\x05\x01b")


@scenario
def pipelined_requests_are_answered_in_order(s):
    topic = s.topic()
    pending = [s.send("Metadata", v, topics=[{"name": topic.name}]) for v in s.versions("Metadata")]
    pending += [s.send("FindCoordinator", 0, key="x"), s.send("ApiVersions", 0)]
    for one in pending:
        one.read()


@scenario
def a_slow_request_holds_up_the_next_one(s):
    topic = s.topic()
    partitions = [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}]
    slow = s.send("Fetch", 4, replica_id=-1, max_wait_ms=300, min_bytes=1, topics=[{"topic": topic.name, "partitions": partitions}])
    quick = s.send("ApiVersions", 0)
    slow.read()
    quick.read()


@scenario
def sasl_where_there_is_none(s):
    s.bytes("SaslHandshake", 1, header(17, 1) + struct.pack(">h", 5) + b"PLAIN")
    s.bytes("SaslAuthenticate", 0, header(36, 0) + struct.pack(">i", 0))
