"""The least of Kafka's wire format that a test or a benchmark needs: frames, headers, one record batch."""
import socket
import struct


def crc32c(data, table=[]):
    if not table:
        for byte in range(256):
            for _ in range(8):
                byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
            table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def uvarint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def varint(value):
    return uvarint((value << 1) ^ (value >> 63))


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">h", len(data)) + data


def compact(text):
    data = text if isinstance(text, bytes) else text.encode()
    return uvarint(len(data) + 1) + data


def header(key, version, client_id=b"hostile", correlation=7, tags=None):
    head = struct.pack(">hhi", key, version, correlation) + string(client_id)
    return head if tags is None else head + tags


def frame(body):
    return struct.pack(">i", len(body)) + body


def record(offset_delta=0, key=None, value=b"v", timestamp_delta=0, headers=b"\x00", length=None, tail=b""):
    body = b"\x00" + varint(timestamp_delta) + varint(offset_delta)
    for part in (key, value):
        body += varint(-1) if part is None else varint(len(part)) + part
    body += headers + tail
    return varint(len(body) if length is None else length) + body


def batch(records, count=None, last_delta=None, attributes=0, magic=2, crc=None, producer=(-1, -1, -1),
          base_timestamp=1000, max_timestamp=1000, length=None):
    payload = b"".join(records)
    count = len(records) if count is None else count
    last_delta = count - 1 if last_delta is None else last_delta
    covered = struct.pack(">hiqqqhii", attributes, last_delta, base_timestamp, max_timestamp, *producer, count) + payload
    crc = crc32c(covered) if crc is None else crc
    rest = struct.pack(">ibI", -1, magic, crc) + covered
    return struct.pack(">qi", 0, len(rest) if length is None else length) + rest


def produce(topic, records, acks=-1, partition=0, version=3):
    body = struct.pack(">h", -1) + struct.pack(">hii", acks, 5000, 1) + string(topic)
    body += struct.pack(">iii", 1, partition, len(records)) + records
    return frame(header(0, version) + body)


def metadata(topic, version=4, create=True):
    return frame(header(3, version) + struct.pack(">i", 1) + string(topic) + bytes([create]))


class Client:
    """One connection; `ask` gives the reply's body after the correlation id, or None if the broker closed."""

    def __init__(self, address, timeout=10):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def receive(self):
        try:
            size = self._exactly(4)
            return None if size is None else self._exactly(struct.unpack(">i", size)[0])
        except ConnectionResetError:
            return None

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                return None
            data += part
        return data

    def ask(self, data):
        self.send(data)
        reply = self.receive()
        return None if reply is None else reply[4:]

    def close(self):
        self.socket.close()
