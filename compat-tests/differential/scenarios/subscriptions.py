"""What members of consumer groups tell each other, in version 0; no scenarios."""
import struct

from wire import string


def subscription(*topics):
    return struct.pack(">hi", 0, len(topics)) + b"".join(string(one) for one in topics) + struct.pack(">i", -1)


def assignment(topic, *partitions):
    listed = struct.pack(f">i{len(partitions)}i", len(partitions), *partitions)
    return struct.pack(">hi", 0, 1) + string(topic) + listed + struct.pack(">i", -1)
