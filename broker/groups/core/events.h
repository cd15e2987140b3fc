// What can happen to a group, and what follows from it. A request that may have to wait carries a token; its answer
// carries the same one, at once or later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/groups/core/topics.h"
#include "protocol/api/11_join_group.h"
#include "protocol/api/12_heartbeat.h"
#include "protocol/api/13_leave_group.h"
#include "protocol/api/14_sync_group.h"
#include "protocol/api/68_consumer_group_heartbeat.h"
#include "protocol/ids.h"
#include "protocol/primitives.h"

namespace ottla::groups {

using Token = std::uint64_t;
using Millis = std::int64_t;  // a point in time (any fixed beginning) or a duration, in ms

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

struct CommittedOffset {
  TopicId topic_id;  // zero: not known; another topic may have taken the name since
  Offset offset;
  LeaderEpoch leader_epoch;
  std::string metadata;
  std::int64_t commit_timestamp_ms = 0;  // wall clock
  friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

// One key and value for the group's partition of __consumer_offsets; no value: a tombstone.
struct LogRecord {
  Bytes key;
  std::optional<Bytes> value;
};

// ---- events

struct Join {
  Token token = 0;
  JoinGroupRequest request;
  std::int16_t version = 0;
  std::string client_id;
  std::string client_host;
  std::string new_member_id;  // for a member that has none yet: unique, made by the caller
  TopicsView topics;          // as they are now
};
struct Sync {
  Token token = 0;
  SyncGroupRequest request;
  TopicsView topics;
};
// KIP-848: joins, beats and leaves. The request has been checked (consumer_request.h).
struct ConsumerHeartbeat {
  Token token = 0;
  ConsumerGroupHeartbeatRequest request;
  std::string client_id;
  std::string client_host;
  TopicsView topics;  // as they are now
};
struct Heartbeat {
  Token token = 0;
  HeartbeatRequest request;
};
struct Leave {
  Token token = 0;
  std::vector<LeaveGroupRequest::MemberIdentity> members;
};
struct Commit {
  Token token = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int32_t generation_id = -1;  // or member epoch
  std::vector<std::pair<TopicPartition, CommittedOffset>> offsets;
  std::int16_t version = 9;  // of the request
};
// An administrator's OffsetDelete.
struct DeleteOffsets {
  Token token = 0;
  std::vector<TopicPartition> partitions;
};
// Of partitions that are no more, or that nobody needed for offsets.retention.minutes. Asks nobody's leave.
struct ExpireOffsets {
  std::vector<TopicPartition> partitions;
};
struct DeleteGroup {
  Token token = 0;
};
// A write that the group asked for is durable, or failed (never to be tried again).
struct Written {
  std::uint64_t write = 0;
  bool ok = true;
};
struct Tick {};

using Event = std::variant<Join, Sync, Heartbeat, Leave, ConsumerHeartbeat, Commit, DeleteOffsets, ExpireOffsets,
                           DeleteGroup, Written, Tick>;

// ---- effects

// DeleteOffsets is answered by one error for each partition, in order; Commit and DeleteGroup by one for the whole.
using Response = std::variant<JoinGroupResponse, SyncGroupResponse, HeartbeatResponse, LeaveGroupResponse,
                              ConsumerGroupHeartbeatResponse, std::vector<ErrorCode>, ErrorCode>;

struct Answer {
  Token token = 0;
  Response response;
};

// To be appended in this order, and after every earlier write of the group; then comes Written.
struct Write {
  std::uint64_t id = 0;
  std::vector<LogRecord> records;
};

struct Effects {
  std::vector<Answer> answers;
  std::vector<Write> writes;
  std::vector<std::string> notes;  // for the log: who waits for whom, and why
};

}  // namespace ottla::groups
