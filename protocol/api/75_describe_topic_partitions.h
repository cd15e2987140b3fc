// DescribeTopicPartitions 0 (KIP-966).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeTopicPartitionsResponse {
  struct DescribeTopicPartitionsResponseTopic {
    struct DescribeTopicPartitionsResponsePartition {
      ErrorCode error_code = ErrorCode::NONE;
      std::int32_t partition_index = 0;
      BrokerId leader_id{0};
      std::int32_t leader_epoch = -1;
      std::vector<BrokerId> replica_nodes;
      std::vector<BrokerId> isr_nodes;
      std::optional<std::vector<BrokerId>> eligible_leader_replicas;
      std::optional<std::vector<BrokerId>> last_known_elr;
      std::vector<BrokerId> offline_replicas;
      static void fields(auto& v, auto& m) {
        v("ErrorCode", m.error_code);
        v("PartitionIndex", m.partition_index);
        v("LeaderId", m.leader_id);
        v("LeaderEpoch", m.leader_epoch);
        v("ReplicaNodes", m.replica_nodes);
        v("IsrNodes", m.isr_nodes);
        v("EligibleLeaderReplicas", m.eligible_leader_replicas, nullable_since(0));
        v("LastKnownElr", m.last_known_elr, nullable_since(0));
        v("OfflineReplicas", m.offline_replicas);
      }
    };
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> name = std::string{};
    Uuid topic_id;
    bool is_internal = false;
    std::vector<DescribeTopicPartitionsResponsePartition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("Name", m.name, nullable_since(0));
      v("TopicId", m.topic_id);
      v("IsInternal", m.is_internal);
      v("Partitions", m.partitions);
      v("TopicAuthorizedOperations", m.topic_authorized_operations);
    }
  };
  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;
    static void fields(auto& v, auto& m) {
      v("TopicName", m.topic_name);
      v("PartitionIndex", m.partition_index);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeTopicPartitionsResponseTopic> topics;
  std::optional<Cursor> next_cursor;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Topics", m.topics);
    v("NextCursor", m.next_cursor, nullable_since(0));
  }
};

struct DescribeTopicPartitionsRequest {
  using Response = DescribeTopicPartitionsResponse;
  static constexpr Api api{.key = 75, .name = "DescribeTopicPartitions", .versions = {0, 0}, .flexible = 0};

  struct TopicRequest {
    std::string name;
    static void fields(auto& v, auto& m) { v("Name", m.name); }
  };
  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;
    static void fields(auto& v, auto& m) {
      v("TopicName", m.topic_name);
      v("PartitionIndex", m.partition_index);
    }
  };
  std::vector<TopicRequest> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<Cursor> cursor;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics);
    v("ResponsePartitionLimit", m.response_partition_limit);
    v("Cursor", m.cursor, nullable_since(0));
  }
};

}  // namespace ottla
