// ListPartitionReassignments 0 (KIP-455).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ListPartitionReassignmentsResponse {
  struct OngoingTopicReassignment {
    struct OngoingPartitionReassignment {
      std::int32_t partition_index = 0;
      std::vector<BrokerId> replicas;
      std::vector<BrokerId> adding_replicas;
      std::vector<BrokerId> removing_replicas;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("Replicas", m.replicas);
        v("AddingReplicas", m.adding_replicas);
        v("RemovingReplicas", m.removing_replicas);
      }
    };
    std::string name;
    std::vector<OngoingPartitionReassignment> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = "";
  std::vector<OngoingTopicReassignment> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
    v("Topics", m.topics);
  }
};

struct ListPartitionReassignmentsRequest {
  using Response = ListPartitionReassignmentsResponse;
  static constexpr Api api{.key = 46, .name = "ListPartitionReassignments", .versions = {0, 0}, .flexible = 0};

  struct ListPartitionReassignmentsTopics {
    std::string name;
    std::vector<std::int32_t> partition_indexes;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("PartitionIndexes", m.partition_indexes);
    }
  };
  std::int32_t timeout_ms = 60'000;
  std::optional<std::vector<ListPartitionReassignmentsTopics>> topics;  // null: all there are
  static void fields(auto& v, auto& m) {
    v("TimeoutMs", m.timeout_ms);
    v("Topics", m.topics, nullable_since(0));
  }
};

}  // namespace ottla
