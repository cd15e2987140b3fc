"""Record batches that are not what they say: rows 19, 22 to 27, and 13 within records."""
import struct

from asks import create_topic, created, list_offsets
from table import TOPIC, error_at, reply_to, row
from wire import batch, produce, record, varint

GOOD = [record(0, b"k", b"v"), record(1, None, b"w")]


PRODUCE_ERROR_AT = 4 + 2 + len(TOPIC) + 4 + 4


def produce_error(records, version=3):
    return error_at(produce(TOPIC, records, version=version), PRODUCE_ERROR_AT)


def end_offset(side, topic=TOPIC):
    reply = reply_to(side, list_offsets(topic, -1))
    return struct.unpack_from(">q", reply, 4 + 4 + 2 + len(topic) + 4 + 4 + 2 + 8)[0]


def raw_record(timestamp=b"\x00", offset=b"\x00", key=varint(-1), length=None):
    """A record whose varints may be as long as one likes."""
    body = b"\x00" + timestamp + offset + key + varint(1) + b"v" + b"\x00"
    return (varint(len(body)) if length is None else length) + body


HEADER_TOO_LONG = varint(1) + varint(100) + b"h"
HEADER_KEY_NULL = varint(1) + varint(-1) + varint(0)
HEADER_VALUE_TOO_LONG = varint(1) + varint(1) + b"h" + varint(100)
for number, what, error, bad in (
    (19, "an honest batch", 0, batch(GOOD)),
    (19, "wrong CRC", 2, batch(GOOD, crc=1)),
    (19, "a batch cut short", 87, batch(GOOD)[:-3]),
    (19, "a batch length of -1", 2, batch(GOOD, length=-1)),
    (13, "a record's timestamp of eleven varint bytes", 87, batch([raw_record(timestamp=b"\xff" * 10 + b"\x01")])),
    (13, "a record's timestamp beyond 64 bits", 87, batch([raw_record(timestamp=b"\xff" * 9 + b"\x02")])),
    (13, "a record's offset of six varint bytes", 87, batch([raw_record(offset=b"\x80\x80\x80\x80\x80\x00")])),
    (13, "a record's length beyond 32 bits", 87, batch([raw_record(length=b"\xff\xff\xff\xff\x7f")])),
    (13, "a record's key of a length that never ends", 87, batch([raw_record(key=b"\xff" * 20)])),
    (22, "fewer records than counted", 87, batch(GOOD, count=3, last_delta=2)),
    (22, "more records than counted", 87, batch(GOOD, count=1, last_delta=0)),
    (22, "2^31-1 records counted", 87, batch(GOOD, count=2**31 - 1, last_delta=2**31 - 2)),
    (22, "last offset delta is not count-1", 87, batch(GOOD, last_delta=5)),
    (22, "no record at all", 87, batch([], count=0, last_delta=-1)),
    (22, "a negative count", 87, batch(GOOD, count=-1, last_delta=1)),
    (23, "offset deltas 0, 2", 87, batch([record(0), record(2)])),
    (23, "offset deltas 1, 0", 87, batch([record(1), record(0)])),
    (23, "a record length past the end", 87, batch([record(0, length=1000)])),
    (23, "a negative record length", 87, batch([record(0, length=-3)])),
    (23, "timestamp delta overflows", 87, batch([record(0, timestamp_delta=2**62)], base_timestamp=2**62 + 2**61)),
    (24, "two batches for one partition", 87, batch(GOOD) + batch(GOOD)),
    (24, "magic 0", 87, batch(GOOD, magic=0)),
    (24, "magic 1", 87, batch(GOOD, magic=1)),
    (24, "magic 3", 2, batch(GOOD, magic=3)),
    (24, "codec 7", 76, batch(GOOD, attributes=7)),
    (24, "unknown attribute bits", 87, batch(GOOD, attributes=1 << 9)),
    (25, "a control batch", 87, batch(GOOD, attributes=0x20)),
    (25, "a timestamp type of LogAppendTime", 32, batch(GOOD, attributes=0x08)),
    (25, "a delete horizon", 87, batch(GOOD, attributes=0x40)),
    (25, "a transactional batch", 53, batch(GOOD, attributes=0x10, producer=(1, 0, 0))),
    (26, "header count negative", 87, batch([record(0, headers=varint(-1))])),
    (26, "2^31-1 headers counted", 87, batch([record(0, headers=varint(2**31 - 1))])),
    (26, "header key longer than the record", 87, batch([record(0, headers=HEADER_TOO_LONG)])),
    (26, "header key null", 87, batch([record(0, headers=HEADER_KEY_NULL)])),
    (26, "header value longer than the record", 87, batch([record(0, headers=HEADER_VALUE_TOO_LONG)])),
    (26, "bytes after the last header", 87, batch([record(0, tail=b"zz")])),
):
    row(number, what, f"error {error}")(produce_error(bad))


@row(19, "of a batch that was refused nothing is in the log", "nothing appended")
def _(side):
    before = end_offset(side)
    for bad in (batch(GOOD, crc=1), batch(GOOD, count=3, last_delta=2), batch(GOOD, attributes=0x20)):
        produce_error(bad)(side)
    more = end_offset(side) - before
    return "nothing appended" if more == 0 else f"{more} records appended"


@row(27, "a compacted topic and a record without a key", "error 87, record 1")
def _(side):
    topic = "compacted"
    created(reply_to(side, create_topic(topic, configs=[("cleanup.policy", "compact")])))
    reply = reply_to(side, produce(topic, batch(GOOD), version=8))
    if isinstance(reply, str):
        return reply
    at = 4 + 2 + len(topic) + 4 + 4
    error, = struct.unpack_from(">h", reply, at)
    count, first = struct.unpack_from(">ii", reply, at + 2 + 8 + 8 + 8)
    return f"error {error}, record {first if count == 1 else f'of {count}'}"
