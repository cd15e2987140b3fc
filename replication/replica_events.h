// What a replica is told, and what it wants done. Nothing here blocks, reads a clock or knows a file: the shell (the
// broker, the simulator) carries the effects out in their order, each before the next, and tells how they went.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "protocol/leader_epochs.h"
#include "replication/isr.h"

namespace ottla {

// The replica's own log as it is now; comes with every event.
struct LogView {
  Offset log_start_offset;
  Offset durable_start_offset;  // the next start will find no lower one
  Offset log_end_offset;
  Offset durable_end_offset;  // the log's: a completion from before a truncation has not moved it
  const LeaderEpochs& epochs;
  bool is_damaged = false;   // some of it cannot be read
  bool has_no_room = false;  // the disk is full
};

// A broker that has a replica of the partition, as the metadata know it.
struct ReplicaBroker {
  BrokerId id;
  BrokerEpoch broker_epoch;
  bool may_join_isr = false;   // unfenced, and not shutting down
  bool waits_for_disk = true;  // its flush.messages is 1: what it holds counts once it is synced
};

struct PartitionMetadata {
  BrokerId leader;  // -1: none
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<ReplicaBroker> replicas;  // in the order of preference
  BrokerIds isr;
  bool is_recovering = false;         // from an unclean election: followers may lose what was committed
  std::size_t effective_min_isr = 1;  // as effective_min_isr() says
  bool waits_for_disk = true;         // the same of this replica
};

// A follower's fetch, as it came to the leader.
struct FollowerFetch {
  std::uint64_t token = 0;  // for the answer
  BrokerId replica;
  BrokerEpoch broker_epoch;
  LeaderEpoch current_leader_epoch;
  Offset fetch_offset;             // its log end offset
  LeaderEpoch last_fetched_epoch;  // of its last batch; -1: its log is empty
  Offset durable_end_offset;
  Offset durable_start_offset;
  bool has_no_room = false;
  std::int64_t received_ms = 0;  // by the leader's clock; a fetch that waits is looked at more than once
};

// How a fetch of ours ended, with what was asked. An error is NETWORK_EXCEPTION if no answer came.
struct FetchDone {
  std::uint64_t generation = 0;  // of the log, when it was sent
  LeaderEpoch current_leader_epoch;
  Offset fetch_offset;
  ErrorCode error = ErrorCode::NONE;
  EpochEndOffset diverging_epoch;  // set: the logs differ from here on, and nothing else was answered
  Offset high_watermark{-1};
  Offset log_start_offset{-1};  // the leader's; also with OFFSET_OUT_OF_RANGE
  bool has_records = false;
};

namespace replica_event {
struct MetadataChanged {
  PartitionMetadata metadata;
};
struct LogAppended {};      // by a producer here, or by what AppendFetched brought
struct DurableEndMoved {};  // a sync is over
// DeleteRecords: a leader's log starts at `to` now, and who asked waits for LowWatermarkMoved.
struct RecordsDeleted {
  Offset to;
};
struct DurableStartMoved {};
struct EpochAssigned {};  // the effects of the same name are carried out
struct Truncated {};
struct AppendFailed {};  // AppendFetched was not possible: a full disk, damage on the way
struct NoRoom {};        // a leader: the disk is full, and a producer's batch was refused
struct LogFailed {};     // the log directory is dead
// Time has passed.
struct Tick {
  std::int64_t armed_for_ms = -1;  // as ArmTimer asked; -1: for no such reason
};
}  // namespace replica_event

using ReplicaEvent =
    std::variant<replica_event::MetadataChanged, FollowerFetch, FetchDone, AlterPartitionReply,
                 replica_event::LogAppended, replica_event::DurableEndMoved, replica_event::RecordsDeleted,
                 replica_event::DurableStartMoved, replica_event::EpochAssigned, replica_event::Truncated,
                 replica_event::AppendFailed, replica_event::NoRoom, replica_event::LogFailed, replica_event::Tick>;

namespace replica_effect {
// Durable in the log's leader epochs; then EpochAssigned. Nothing may be appended before.
struct AssignEpoch {
  LeaderEpoch epoch;
};
// Durable; then Truncated.
struct Truncate {
  Offset to;
};
// The log begins at `at`, empty; then Truncated.
struct StartAnew {
  Offset at;
};
// The records of the fetch that is just done go into the log; then LogAppended or AppendFailed.
struct AppendFetched {};
// One is under way at a time. The answer comes as FetchDone, with generation, epoch and offset as they are here.
struct SendFetch {
  BrokerId leader;
  std::uint64_t generation = 0;
  LeaderEpoch current_leader_epoch;
  Offset fetch_offset;
  LeaderEpoch last_fetched_epoch;
  Offset durable_end_offset;
  Offset durable_start_offset;
  bool has_no_room = false;
  bool may_wait = false;  // the leader may hold it until there is more
};
struct AnswerFetch {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::NONE;
  EpochEndOffset diverging_epoch;
  Offset high_watermark;
  Offset log_start_offset;
  Offset read_from;  // no error, nothing diverging: up to the log end
};
struct SendAlterPartition {
  std::uint64_t token = 0;
  IsrChange change;  // without the partition's index
};
struct HighWatermarkMoved {
  Offset high_watermark;
};
// What was deleted below `low_watermark` comes back with no in-sync replica.
struct LowWatermarkMoved {
  Offset low_watermark;
};
// A follower: the leader has nothing below `to` any more, and none of it is served from here on.
struct AdvanceLogStart {
  Offset to;
};
// This replica leads no more, or it leads anew: who waits for an acknowledgement gets NOT_LEADER_OR_FOLLOWER.
struct StepDown {};
// A Tick, not before.
struct ArmTimer {
  std::int64_t at_ms = 0;
};
// What cannot be: the shell must stop, before harm is done.
struct InvariantBroken {
  std::string_view what;
  Offset offset;
  Offset limit;
};
}  // namespace replica_effect

using ReplicaEffect =
    std::variant<replica_effect::AssignEpoch, replica_effect::Truncate, replica_effect::StartAnew,
                 replica_effect::AppendFetched, replica_effect::SendFetch, replica_effect::AnswerFetch,
                 replica_effect::SendAlterPartition, replica_effect::HighWatermarkMoved,
                 replica_effect::LowWatermarkMoved, replica_effect::StepDown, replica_effect::AdvanceLogStart,
                 replica_effect::ArmTimer, replica_effect::InvariantBroken>;
using ReplicaEffects = std::vector<ReplicaEffect>;

}  // namespace ottla
