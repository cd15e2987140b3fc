// What a group of the new protocol (KIP-848) keeps in __consumer_offsets, in Kafka's format. Keys: a group, or a group
// and a member (or a regular expression). Source: ConsumerGroup*Key.json, ConsumerGroup*Value.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/groups/core/topics.h"
#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla::groups {

// The int16 a key begins with.
enum class ConsumerRecordKind : std::int16_t {
  group = 3,
  partition_metadata = 4,  // before Kafka 4.1; read over, and taken away with the group
  member = 5,
  target_metadata = 6,
  target = 7,
  current = 8,
  regular_expression = 16,
};

struct ConsumerGroupKey {
  std::string group_id;
  static void fields(auto& v, auto& m) { v("GroupId", m.group_id); }
};
struct ConsumerGroupPartKey {
  std::string group_id;
  std::string part;  // a member's id, or a regular expression
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("MemberId", m.part);
  }
};

struct ConsumerGroupMetadataValue {
  std::int32_t epoch = 0;
  std::int64_t metadata_hash = 0;
  static void fields(auto& v, auto& m) {
    v("Epoch", m.epoch);
    v("MetadataHash", m.metadata_hash, tag(0));
  }
};

struct ConsumerGroupMemberMetadataValue {
  struct ClassicProtocol {
    std::string name;
    Bytes metadata;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Metadata", m.metadata);
    }
  };
  struct ClassicMemberMetadata {
    std::int32_t session_timeout_ms = 0;
    std::vector<ClassicProtocol> supported_protocols;
    static void fields(auto& v, auto& m) {
      v("SessionTimeoutMs", m.session_timeout_ms);
      v("SupportedProtocols", m.supported_protocols);
    }
  };
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::string client_id;
  std::string client_host;
  std::vector<std::string> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::string> server_assignor;
  std::optional<ClassicMemberMetadata> classic_member_metadata;
  static void fields(auto& v, auto& m) {
    v("InstanceId", m.instance_id, nullable_since(0));
    v("RackId", m.rack_id, nullable_since(0));
    v("ClientId", m.client_id);
    v("ClientHost", m.client_host);
    v("SubscribedTopicNames", m.subscribed_topic_names);
    v("SubscribedTopicRegex", m.subscribed_topic_regex, nullable_since(0));
    v("RebalanceTimeoutMs", m.rebalance_timeout_ms);
    v("ServerAssignor", m.server_assignor, nullable_since(0));
    v("ClassicMemberMetadata", m.classic_member_metadata, tag(0), nullable_since(0));
  }
};

struct ConsumerGroupTargetAssignmentMetadataValue {
  std::int32_t assignment_epoch = 0;
  std::int64_t assignment_timestamp = 0;
  static void fields(auto& v, auto& m) {
    v("AssignmentEpoch", m.assignment_epoch);
    v("AssignmentTimestamp", m.assignment_timestamp, tag(0));
  }
};

struct ConsumerGroupTargetAssignmentMemberValue {
  struct TopicPartition {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
    }
  };
  std::vector<TopicPartition> topic_partitions;
  static void fields(auto& v, auto& m) { v("TopicPartitions", m.topic_partitions); }
};

struct ConsumerGroupCurrentMemberAssignmentValue {
  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    std::optional<std::vector<std::int32_t>> assignment_epochs;  // as long as `partitions` (KIP-1251)
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
      v("AssignmentEpochs", m.assignment_epochs, tag(0), nullable_since(0));
    }
  };
  std::int32_t member_epoch = 0;
  std::int32_t previous_member_epoch = 0;
  std::int8_t state = 0;
  std::vector<TopicPartitions> assigned_partitions;
  std::vector<TopicPartitions> partitions_pending_revocation;
  static void fields(auto& v, auto& m) {
    v("MemberEpoch", m.member_epoch);
    v("PreviousMemberEpoch", m.previous_member_epoch);
    v("State", m.state);
    v("AssignedPartitions", m.assigned_partitions);
    v("PartitionsPendingRevocation", m.partitions_pending_revocation);
  }
};

struct ConsumerGroupRegularExpressionValue {
  std::vector<std::string> topics;
  std::int64_t version = 0;
  std::int64_t timestamp = 0;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics);
    v("Version", m.version);
    v("Timestamp", m.timestamp);
  }
};

}  // namespace ottla::groups
