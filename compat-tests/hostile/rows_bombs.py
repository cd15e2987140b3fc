"""Compressed batches that unpack to far more than they are, or that lie about what they unpack to: rows 20 and 21.

All are made by hand, since an honest compressor makes neither; each holds one sound record whose value is zeros.
"""
import struct
import zlib

from rows_records import PRODUCE_ERROR_AT, produce_error
from table import SECONDS, TOPIC, row, told_error, what_comes
from wire import batch, produce, record, uvarint, varint

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
MIB = 1 << 20
ZEROS = bytes(MIB)


def head_of_record(zeros):
    """The first bytes of a record whose rest are so many zeros: the value, and a count of no headers."""
    body = b"\x00\x00\x00" + varint(-1) + varint(zeros - 1)
    return varint(len(body) + zeros) + body


def bomb(codec, payload):
    """A batch of one record, compressed as it says."""
    return batch([payload], count=1, last_delta=0, attributes=codec)


def gzip_of(head, zeros):
    """Each MiB of zeros is packed alone, so that the packed one can be said again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    mib = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(ZEROS[:zeros % MIB]) + packer.flush()
    crc = zlib.crc32(head)
    for size in [MIB] * (zeros // MIB) + [zeros % MIB]:
        crc = zlib.crc32(ZEROS[:size], crc)
    return b"\x1f\x8b\x08" + bytes(7) + first + mib * (zeros // MIB) + end + struct.pack("<II", crc, (len(head) + zeros) % 2**32)


def zstd_block(kind, size, content, last=False):
    return struct.pack("<I", size << 3 | kind << 1 | last)[:3] + content


def zstd_of(head, zeros, descriptor=b"\x00\x38"):
    """A window of 128 KiB, and blocks that say one byte 131,072 times. `descriptor`: of the frame, and its sizes."""
    most = 128 * 1024
    blocks = zstd_block(0, len(head), head) + zstd_block(1, most, b"\0") * (zeros // most)
    return b"\x28\xb5\x2f\xfd" + descriptor + blocks + zstd_block(1, zeros % most, b"\0", last=True)


def xxh32_of_two_bytes(data):
    """The checksum of an LZ4 frame's descriptor, seed 0."""
    prime1, prime2, prime3, prime5 = 2654435761, 2246822519, 3266489917, 374761393
    value = prime5 + len(data)
    for byte in data:
        value = value + byte * prime5 & 0xFFFFFFFF
        value = (value << 11 | value >> 21) * prime1 & 0xFFFFFFFF
    value = (value ^ value >> 15) * prime2 & 0xFFFFFFFF
    value = (value ^ value >> 13) * prime3 & 0xFFFFFFFF
    return value ^ value >> 16


def lz4_frame(blocks):
    descriptor = b"\x60\x70"  # version 1, independent blocks, of 4 MiB at the most
    start = b"\x04\x22\x4d\x18" + descriptor + bytes([xxh32_of_two_bytes(descriptor) >> 8 & 0xFF])
    return start + b"".join(blocks) + bytes(4)


def lz4_of(head, blocks):
    """`blocks` of 4 MiB: a zero, said again as often as it goes, and the five literals that a block ends with."""
    matched = 4 * MIB - 1 - 5 - 4 - 15  # a match has four bytes, and 15 more by the token
    zeros = b"\x1f\0" + b"\x01\x00" + b"\xff" * (matched // 255) + bytes([matched % 255]) + b"\x50" + bytes(5)
    plain = struct.pack("<I", 1 << 31 | len(head)) + head
    return lz4_frame([plain] + [struct.pack("<I", len(zeros)) + zeros] * blocks)


def xerial(blocks):
    return b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + b"".join(struct.pack(">i", len(block)) + block for block in blocks)


def snappy_block(literal, copies, claimed=None):
    """A literal of at most 60 bytes, then copies of 64 bytes of its last one."""
    size = len(literal) + 64 * copies
    return uvarint(size if claimed is None else claimed) + bytes([len(literal) - 1 << 2]) + literal + b"\xfe\x01\x00" * copies


def told(packed):
    return f"{(len(packed) + 1023) // 1024} KiB"


GZIP_ZEROS, LZ4_BLOCKS, SNAPPY_COPIES = 980 * MIB, 60, 340_000
LONGEST = 2**31 - 64  # that a record can be
GZIP_BOMB = gzip_of(head_of_record(GZIP_ZEROS), GZIP_ZEROS)
LZ4_BOMB = lz4_of(head_of_record(LZ4_BLOCKS * 4 * MIB), LZ4_BLOCKS)
SNAPPY_BOMB = xerial([snappy_block(head_of_record(64 * SNAPPY_COPIES + 1) + b"\0", SNAPPY_COPIES)])
ZSTD_BOMB, ZSTD_LARGER_BOMB = (zstd_of(head_of_record(min(zeros, LONGEST)), zeros) for zeros in (1024 * MIB, 10_240 * MIB))
for what, codec, packed in (
    (f"gzip bomb: {told(GZIP_BOMB)} are 980 MiB", GZIP, GZIP_BOMB),
    (f"lz4 bomb: {told(LZ4_BOMB)} are 240 MiB", LZ4, LZ4_BOMB),
    (f"zstd bomb: {told(ZSTD_BOMB)} are 1 GiB", ZSTD, ZSTD_BOMB),
    (f"zstd bomb: {told(ZSTD_LARGER_BOMB)} are 10 GiB", ZSTD, ZSTD_LARGER_BOMB),
):
    row(20, what, "error 10")(produce_error(bomb(codec, packed), version=7))
# No more than 21 times smaller is what snappy can be: that is within the limits, and kept.
row(20, f"snappy, as dense as it can be: {told(SNAPPY_BOMB)} are 21 MiB", "error 0")(produce_error(bomb(SNAPPY, SNAPPY_BOMB)))


@row(20, "four gzip and zstd bombs at once", "error 10 to each")
def _(side):
    clients = side.connect_many(4)
    for number, client in enumerate(clients):
        codec, packed = ((GZIP, GZIP_BOMB), (ZSTD, ZSTD_BOMB))[number % 2]
        client.send(produce(TOPIC, bomb(codec, packed), version=7))
    errors = {told_error(reply, PRODUCE_ERROR_AT) for reply in what_comes(clients, 5 if side.is_ours else SECONDS)}
    for client in clients:
        client.close()
    return "error 10 to each" if errors == {"error 10"} else " or ".join(sorted(errors))


SOUND = record(0, None, b"v")
# A descriptor of zstd's frame with eight bytes of content size, and a window of 2^41 or none but the content.
FRAME_OF_2_TO_62 = b"\xe0" + struct.pack("<Q", 2**62)
WINDOW_2_TO_41 = b"\x00\xf8"
for what, error, codec, packed in (
    ("snappy that claims 2^32-1 bytes", 10, SNAPPY, snappy_block(SOUND, 0, claimed=2**32 - 1)),
    ("snappy that claims 2^31-1 bytes, in xerial's frame", 10, SNAPPY, xerial([snappy_block(SOUND, 0, claimed=2**31 - 1)])),
    ("snappy that claims 1 GiB, 500 times", 10, SNAPPY, xerial([snappy_block(SOUND, 0, claimed=2**30)] * 500)),
    ("snappy with a length that never ends", 2, SNAPPY, xerial([b"\xff" * 12])),
    ("a block of 2^31-1 bytes in xerial's frame", 2, SNAPPY, xerial([])[:16] + struct.pack(">i", 2**31 - 1) + b"abc"),
    ("a block of -1 bytes in xerial's frame", 2, SNAPPY, xerial([])[:16] + struct.pack(">i", -1) + b"abc"),
    ("snappy that claims less than there is", 2, SNAPPY, snappy_block(SOUND, 100, claimed=3)),
    ("an lz4 block of 2^31-1 bytes", 2, LZ4, lz4_frame([struct.pack("<I", 2**31 - 1) + b"abc"])),
    ("an lz4 block of 5 MiB where 4 are the most", 2, LZ4, lz4_frame([struct.pack("<I", 5 * MIB) + b"abc"])),
    ("an lz4 match before the beginning", 2, LZ4, lz4_frame([struct.pack("<I", 9) + b"\x10a\xff\xff\x50" + b"abcd"])),
    ("zstd that claims 2^62 bytes", 2, ZSTD, zstd_of(SOUND, 0, FRAME_OF_2_TO_62)),
    ("zstd with a window of 2^41 bytes", 2, ZSTD, zstd_of(SOUND, 0, WINDOW_2_TO_41)),
    ("a raw zstd block longer than all", 2, ZSTD, b"\x28\xb5\x2f\xfd\x00\x38" + zstd_block(0, 100_000, SOUND, last=True)),
    ("gzip cut short", 2, GZIP, gzip_of(SOUND, 0)[:-12]),
    ("no gzip at all", 2, GZIP, b"\xff" * 50),
):
    row(21, what, f"error {error}")(produce_error(bomb(codec, packed), version=7))
