"""Frames, headers and the encoding of requests: rows 1 to 6, 8 to 17."""
import socket
import struct
import threading
import time

from asks import array, compact_array, flexible, metadata_of, nullable, topics_at
from table import ANSWERED, CLOSED, SILENT, TOPIC, WITHOUT_KAFKA, ask, received, reply_to, row, says
from wire import compact, frame, header, metadata, string, uvarint

SLOW_FRAME_DEADLINE_SECONDS = 30


def versions_3(tags=b"\x00", own_tags=b"\x00", name=compact("a")):
    return frame(header(18, 3, tags=tags) + name + compact("1") + own_tags)


def metadata_4(names):
    return frame(header(3, 4) + names + b"\x01")


row(1, "frame length -5", CLOSED)(says(struct.pack(">i", -5)))
row(1, "frame length -2^31", CLOSED)(says(struct.pack(">i", -2**31)))
row(2, "frame length 0", CLOSED)(says(struct.pack(">i", 0)))
row(3, "frame length 2^31-1, then silence", CLOSED)(says(struct.pack(">i", 0x7FFFFFFF)))
row(3, "frame length one above the limit", CLOSED)(says(struct.pack(">i", 104857601)))


A_LITTLE_MIB = 32 if WITHOUT_KAFKA else 4  # a sanitizer keeps for a while what was freed, others' too


@row(4, "a frame of 100 MB announced, 1 byte a time: memory follows the bytes received", f"less than {A_LITTLE_MIB} MiB")
def _(side):
    client = side.connect()
    side.memory.begin()
    client.send(struct.pack(">i", 100_000_000))
    for _ in range(50):
        client.send(b"\x00")
        time.sleep(0.002)
    grown = side.memory.grown_kib()
    client.close()
    return f"less than {A_LITTLE_MIB} MiB" if grown < A_LITTLE_MIB * 1024 else f"{grown // 1024} MiB"


class Slow(threading.Thread):
    """A frame that never ends, a byte every half second, beside all other rows."""

    def __init__(self, side):
        super().__init__(daemon=True)
        self.client, self.took, self.ending = side.connect(), None, threading.Event()

    def run(self):
        began = time.monotonic()
        self.client.send(struct.pack(">i", 1_000_000))
        while not self.ending.is_set():
            try:
                self.client.socket.sendall(b"\x00")
                self.client.socket.settimeout(0.5)
                if self.client.socket.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        if not self.ending.is_set():
            self.took = time.monotonic() - began

    def came(self):
        """Waits for the rest of the deadline, and a little."""
        self.join(max(0.0, SLOW_FRAME_DEADLINE_SECONDS + 4 - (time.monotonic() - self.began)))
        self.ending.set()
        if self.took is None:
            return f"still open after {time.monotonic() - self.began:.0f} s"
        fits = SLOW_FRAME_DEADLINE_SECONDS - 1 < self.took < SLOW_FRAME_DEADLINE_SECONDS + 3
        return "closed at the deadline" if fits else f"closed after {self.took:.0f} s"

    def start(self):
        self.began = time.monotonic()
        super().start()
        return self


@row(5, "a frame cut at every byte, then FIN or RST: harmless, and no descriptor is left", "harmless")
def _(side):
    whole = metadata(TOPIC)
    before = side.descriptors() if side.is_ours else 0
    for size in range(len(whole)):
        for is_reset in (False, True):
            cut = side.connect()
            cut.send(whole[:size])
            if is_reset:
                cut.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            cut.close()
    deadline = time.monotonic() + 2
    while side.is_ours and side.descriptors() > before:
        if time.monotonic() > deadline:
            return f"{side.descriptors() - before} descriptors more"
        time.sleep(0.01)
    return "harmless" if says(whole)(side) == ANSWERED else "not served any more"


row(6, "TLS ClientHello", CLOSED)(says(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"))
row(6, "HTTP GET", CLOSED)(says(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
row(8, "API key 999", CLOSED)(says(frame(header(999, 0))))
row(8, "API key -1", CLOSED)(says(frame(header(-1, 0))))
row(9, "Metadata v99", CLOSED)(says(frame(header(3, 99))))
row(9, "Produce v2", CLOSED)(says(frame(header(0, 2))))


@row(9, "ApiVersions v99", "version 0, error 35, the range of ApiVersions")
def _(side):
    reply = reply_to(side, flexible(18, 99, compact("a") + compact("1") + b"\x00"))
    if isinstance(reply, str):
        return reply
    error, count = struct.unpack_from(">hi", reply)
    ranges = {struct.unpack_from(">hhh", reply, 6 + 6 * i) for i in range(count)}
    whole = len(reply) == 6 + 6 * count and any(key == 18 for key, _, _ in ranges)
    return "version 0, error 35, the range of ApiVersions" if error == 35 and whole else f"error {error}"


def tags(count, claimed=None):
    return uvarint(claimed or count) + b"".join(uvarint(tag) + b"\x00" for tag in range(count))


row(10, "a header of half a million tags", CLOSED)(says(versions_3(tags(500_000))))
row(10, "a header of 20 million tags, half a million of them there", CLOSED)(says(versions_3(tags(500_000, 20_000_000))))
row(10, "a request with half a million tags, which are skipped", ANSWERED)(says(versions_3(own_tags=tags(500_000))))
row(11, "array length 2^31-1", CLOSED)(says(metadata_4(struct.pack(">i", 0x7FFFFFFF))))
row(11, "array length -2", CLOSED)(says(metadata_4(struct.pack(">i", -2))))
row(11, "array longer than the frame", CLOSED)(says(metadata_4(struct.pack(">i", 1000) + string("a"))))
row(11, "compact array length 2^32-2", CLOSED)(says(flexible(3, 9, b"\xff\xff\xff\xff\x0f" + b"\x00" * 20)))
row(12, "400,000 topics of no name", CLOSED)(says(metadata_of([""] * 400_000)))
row(12, "a Fetch of 300,000 topics without partitions", CLOSED)(
    says(frame(header(1, 4) + struct.pack(">iiiib", -1, 0, 0, 1, 0) + array([b"\0\0\0\0\0\0"] * 300_000))))
# Few, since Kafka takes time that grows with more than their square.
row(12, "500 topics to create, of no name", ANSWERED)(
    says(flexible(19, 7, compact_array([b"\x01" + b"\0\0\0\1\0\1" + b"\x01\x01\x00"] * 500) + b"\0\0\0\1\0\0")))


@row(12, "several topics, one of them asked for twice", "3 topics told")
def _(side):
    reply = reply_to(side, metadata_of(["some-a", "some-b", "some-c", "some-b"]))
    return reply if isinstance(reply, str) else f"{struct.unpack_from('>i', reply, topics_at(reply))[0]} topics told"


row(13, "varint of six bytes", CLOSED)(says(flexible(3, 9, b"\xff\xff\xff\xff\xff\x7f" + b"\0" * 20)))
row(13, "varint that goes beyond 32 bits", CLOSED)(says(flexible(3, 9, b"\x82\x80\x80\x80\x10" + compact("a") + b"\0\1\0\0\0")))
row(13, "varint that never ends", CLOSED)(says(flexible(3, 9, b"\xff" * 30)))
row(14, "compact string null where it may not be", CLOSED)(says(versions_3(name=b"\x00")))
row(14, "string length -2", CLOSED)(says(metadata_4(struct.pack(">ih", 1, -2))))
row(14, "string null where it may not be", CLOSED)(says(metadata_4(struct.pack(">ih", 1, -1))))
row(14, "compact string longer than the frame", CLOSED)(says(versions_3(name=uvarint(1000) + b"a")))
row(14, "compact array null where it may not be", CLOSED)(says(flexible(0, 9, b"\0" + struct.pack(">hi", -1, 5000) + b"\0\0")))
row(14, "records of -2 bytes", CLOSED)(says(
    frame(header(0, 3) + struct.pack(">hhi", -1, -1, 5000) + array([string(TOPIC) + array([struct.pack(">ii", 0, -2)])]))))
row(15, "bytes left over are ignored, as librdkafka needs it", ANSWERED)(says(frame(header(3, 4) + struct.pack(">i", 0) + b"\x01more")))
row(15, "bytes missing at the end", CLOSED)(says(frame(header(3, 4) + struct.pack(">i", 0))))
row(16, "tags out of order in the header", CLOSED)(says(versions_3(b"\x02\x05\x01a\x03\x01b")))
row(16, "a tag twice", CLOSED)(says(versions_3(own_tags=b"\x02\x05\x01a\x05\x01b")))
row(16, "a tag that claims more than there is", CLOSED)(says(versions_3(b"\x01\x05\x7fa")))
row(16, "tags within a tag", ANSWERED)(says(versions_3(own_tags=b"\x01\x05\x04\x01\x00\x01a")))
row(16, "unknown tags are skipped", ANSWERED)(says(versions_3(b"\x02\x05\x01a\x07\x01b", b"\x01\x09\x02zz")))


def fetch_12(cluster_id, claimed):
    """With no topics; the cluster's id is tag 0."""
    body = struct.pack(">iiiibii", -1, 0, 0, 1, 0, 0, -1) + b"\x01\x01" + compact("")
    return flexible(1, 12, body + b"\x01\x00" + uvarint(claimed) + cluster_id)


row(16, "a known tag of its true size", ANSWERED)(says(fetch_12(nullable("abc"), 4)))
row(16, "a known tag larger than what it holds", CLOSED)(says(fetch_12(nullable("abc") + b"\0\0\0", 7)))
row(16, "a known tag smaller than what it holds", CLOSED)(says(fetch_12(nullable("abc"), 2)))
row(17, "client id of 32,000 bytes that are no UTF-8", ANSWERED)(says(frame(header(18, 0, client_id=b"\xff\x00" * 16_000))))


@row(17, "a client id with a line break adds no line to the log", "no line of the client's")
def _(side):
    lie = b"\n[2026-01-01] a line of its own \x00\x1b[31m"
    for body in (header(3, 99, client_id=lie), header(3, 4, client_id=lie) + b"\x7f"):
        says(frame(body))(side)
    says(frame(header(3, 4) + array([string(b"name" + lie)]) + b"\x01"))(side)
    if not side.is_ours:
        return "not looked at"
    time.sleep(0.05)  # the log is written by another thread
    log = side.log()
    wrong = b"\x1b" in log or b"\x00" in log or any(line.startswith(b"[2026-01-01]") for line in log.split(b"\n"))
    return "a line of the client's" if wrong else "no line of the client's"


@row(17, "1,500 names of client software: the metrics grow by 100 lines at the most", "at most 100 lines more")
def _(side):
    before = side.metric_lines() if side.is_ours else 0
    client = side.connect()
    for number in range(1_500):
        if isinstance(ask(client, versions_3(name=compact(f"software-{number}"))), str):
            return "not answered"
        if number % 10 == 0:
            client.close()
            client = side.connect()
    client.close()
    if not side.is_ours:
        return ANSWERED
    more = side.metric_lines() - before
    return "at most 100 lines more" if more <= 100 else f"{more} lines more"


@row(13, "after all these, one connection serves what is sound", ANSWERED)
def _(side):
    client = side.connect()
    client.send(metadata(TOPIC) * 3)
    replies = [received(client) for _ in range(3)]
    client.close()
    return next((reply for reply in replies if reply in (CLOSED, SILENT)), ANSWERED)
