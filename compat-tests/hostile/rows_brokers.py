"""Clients that speak as brokers do: rows 28 and 29."""
import struct

from asks import FETCH_15_ERROR_AT, compact_array, create_topic, created, fetch, fetch_by_replica_state, fetch_error_at, flexible
from table import CLOSED, TOPIC, ask, error_at, reply_to, row, says, told_error
from wire import batch, compact, frame, header, record, produce

FETCH_ERROR_AT = fetch_error_at(TOPIC)
for replica in (0, 1, 2, 2**31 - 1):  # 1 is the broker itself
    row(28, f"Fetch by replica {replica}", "error 31")(error_at(fetch(TOPIC, replica=replica), FETCH_ERROR_AT))


@row(28, "Fetch 15 whose tag says that it is replica 2", "error 31")
def _(side):
    _, topic_id = created(reply_to(side, create_topic("followed")))
    return told_error(reply_to(side, fetch_by_replica_state(topic_id, 2)), FETCH_15_ERROR_AT)


@row(28, "Fetch by replica 2 of an offset far beyond moves no high watermark", "as before")
def _(side):
    """What a follower asks for is what it has: with that, a leader could count records as committed."""
    client = side.connect()
    ask(client, produce(TOPIC, batch([record(0)])))
    marks = []
    for replica, offset in ((-1, 0), (2, 2**40), (-1, 0)):
        reply = ask(client, fetch(TOPIC, offset, replica))
        if isinstance(reply, str):
            return reply
        marks.append(struct.unpack_from(">q", reply, FETCH_ERROR_AT + 2)[0])
    client.close()
    return "as before" if marks[0] == marks[2] > 0 else f"{marks[0]}, then {marks[2]}"


EMPTY = b"\x00"  # no tags
for key, version, name, body in (
    (4, 7, "LeaderAndIsr", struct.pack(">iiq", 1, 1, 1) + compact_array([]) + compact_array([]) + EMPTY),
    (5, 4, "StopReplica", struct.pack(">iiq", 1, 1, 1) + compact_array([]) + EMPTY),
    (6, 8, "UpdateMetadata", struct.pack(">iiq", 1, 1, 1) + compact_array([]) + compact_array([]) + EMPTY),
    (7, 3, "ControlledShutdown", struct.pack(">iq", 1, 1) + EMPTY),
    (27, 1, "WriteTxnMarkers", compact_array([]) + EMPTY),
    (52, 1, "Vote", compact("cluster") + struct.pack(">i", 1) + compact_array([]) + EMPTY),
    (53, 1, "BeginQuorumEpoch", compact("cluster") + struct.pack(">i", 1) + compact_array([]) + compact_array([]) + EMPTY),
    (56, 3, "AlterPartition", struct.pack(">iq", 1, 1) + compact_array([]) + EMPTY),
    (58, 0, "Envelope", compact(header(18, 0)) + EMPTY + compact(b"\x7f\0\0\1") + EMPTY),
    (59, 1, "FetchSnapshot", struct.pack(">ii", 2, 2**31 - 1) + compact_array([]) + EMPTY),
    (62, 1, "BrokerRegistration", struct.pack(">i", 2) + compact("cluster") + bytes(16) + compact_array([]) * 2 + b"\0\0" + EMPTY),
    (63, 1, "BrokerHeartbeat", struct.pack(">iqqbb", 1, 1, 1, 0, 1) + EMPTY),
    (67, 0, "AllocateProducerIds", struct.pack(">iq", 1, 1) + EMPTY),
    (70, 0, "ControllerRegistration", struct.pack(">i", 2) + bytes(16) + b"\0" + compact_array([]) * 2 + EMPTY),
    (73, 0, "AssignReplicasToDirs", struct.pack(">iq", 1, 1) + compact_array([]) + EMPTY),
):
    row(29, f"{name} ({key})", CLOSED)(says(flexible(key, version, body)))

# Our own brokers' language: not spoken where clients are, whether the broker has others or not.
OWN_KEYS = range(10_000, 10_006)
OF_A_CLUSTER = {"as_member": "yes"}  # see Ours in targets.py
for key in OWN_KEYS:
    for version in (0, 1):
        row(29, f"our brokers' own API {key} v{version}", CLOSED)(says(frame(header(key, version) + bytes(64))))
    row(29, f"our brokers' own API {key}, to a broker of a cluster", CLOSED, **OF_A_CLUSTER)(
        says(frame(header(key, 0) + bytes(64))))
row(29, "AlterPartition (56), to a broker of a cluster", CLOSED, **OF_A_CLUSTER)(says(flexible(56, 3, bytes(20))))
