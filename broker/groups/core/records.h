// What a group keeps in __consumer_offsets, in Kafka's own format: keys and values are schema as code behind an int16
// (the kind of a key, the version of a value). Source: GroupMetadataKey/Value.json, OffsetCommitKey/Value.json.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "broker/groups/core/consumer_records.h"
#include "broker/groups/core/events.h"
#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla::groups {

struct OffsetCommitKey {
  static constexpr std::int16_t kind = 1;
  static constexpr std::int16_t legacy_kind = 0;  // the same fields
  std::string group;
  std::string topic;
  std::int32_t partition = 0;
  static void fields(auto& v, auto& m) {
    v("group", m.group);
    v("topic", m.topic);
    v("partition", m.partition);
  }
};

struct OffsetCommitValue {
  static constexpr VersionRange versions{0, 4};
  static constexpr std::int16_t flexible = 4;
  Offset offset;
  LeaderEpoch leader_epoch;
  std::string metadata;
  std::int64_t commit_timestamp = 0;
  std::int64_t expire_timestamp = -1;
  TopicId topic_id;
  static void fields(auto& v, auto& m) {
    v("offset", m.offset);
    v("leaderEpoch", m.leader_epoch, since(3));
    v("metadata", m.metadata);
    v("commitTimestamp", m.commit_timestamp);
    v("expireTimestamp", m.expire_timestamp, since(1), until(1));
    v("topicId", m.topic_id, since(4), tag(0));
  }
};

struct GroupMetadataKey {
  static constexpr std::int16_t kind = 2;
  std::string group;
  static void fields(auto& v, auto& m) { v("group", m.group); }
};

struct GroupMetadataValue {
  static constexpr VersionRange versions{0, 4};
  static constexpr std::int16_t flexible = 4;
  struct MemberMetadata {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout = -1;
    std::int32_t session_timeout = 0;
    Bytes subscription;
    Bytes assignment;
    static void fields(auto& v, auto& m) {
      v("memberId", m.member_id);
      v("groupInstanceId", m.group_instance_id, since(3), nullable_since(3));
      v("clientId", m.client_id);
      v("clientHost", m.client_host);
      v("rebalanceTimeout", m.rebalance_timeout, since(1));
      v("sessionTimeout", m.session_timeout);
      v("subscription", m.subscription);
      v("assignment", m.assignment);
    }
  };
  std::string protocol_type;
  std::int32_t generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  std::int64_t current_state_timestamp = -1;
  std::vector<MemberMetadata> members;
  static void fields(auto& v, auto& m) {
    v("protocolType", m.protocol_type);
    v("generation", m.generation);
    v("protocol", m.protocol, nullable_since(0));
    v("leader", m.leader, nullable_since(0));
    v("currentStateTimestamp", m.current_state_timestamp, since(2));
    v("members", m.members);
  }
};

LogRecord offset_record(const std::string& group, const TopicPartition& partition, const CommittedOffset& committed);
LogRecord offset_tombstone(const std::string& group, const TopicPartition& partition);
LogRecord group_record(const std::string& group, const GroupMetadataValue& value);
LogRecord group_tombstone(const std::string& group);

// What a record says; no value: a tombstone.
struct OffsetSaid {
  std::string group;
  TopicPartition partition;
  std::optional<CommittedOffset> committed;
};
struct GroupSaid {
  std::string group;
  std::optional<GroupMetadataValue> value;
};
struct ConsumerSaid {
  using Value = std::variant<std::monostate, ConsumerGroupMetadataValue, ConsumerGroupMemberMetadataValue,
                             ConsumerGroupTargetAssignmentMetadataValue, ConsumerGroupTargetAssignmentMemberValue,
                             ConsumerGroupCurrentMemberAssignmentValue, ConsumerGroupRegularExpressionValue>;
  std::string group;
  ConsumerRecordKind kind = ConsumerRecordKind::group;
  std::string part;  // a member's id, or a regular expression; empty where it is about the group
  bool is_tombstone = false;
  Value value;  // nothing too for partition_metadata, whose value nobody reads any more
};
struct NothingKnown {};  // of a kind that a newer broker writes: left alone
using Said = std::variant<OffsetSaid, GroupSaid, ConsumerSaid, NothingKnown>;

// The record that says this.
LogRecord consumer_record(const ConsumerSaid& said);

// Error CORRUPT_MESSAGE: not what its first bytes announce.
Result<Said> read_record(std::span<const std::byte> key, std::optional<std::span<const std::byte>> value);

}  // namespace ottla::groups
