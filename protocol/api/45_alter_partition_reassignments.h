// AlterPartitionReassignments 0-1 (KIP-455; from version 1 it may be kept from changing the replication factor,
// KIP-860).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct AlterPartitionReassignmentsResponse {
  struct ReassignableTopicResponse {
    struct ReassignablePartitionResponse {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      std::optional<std::string> error_message = "";
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
        v("ErrorMessage", m.error_message, nullable_since(0));
      }
    };
    std::string name;
    std::vector<ReassignablePartitionResponse> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  bool allow_replication_factor_change = true;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = "";
  std::vector<ReassignableTopicResponse> responses;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("AllowReplicationFactorChange", m.allow_replication_factor_change, since(1));
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
    v("Responses", m.responses);
  }
};

struct AlterPartitionReassignmentsRequest {
  using Response = AlterPartitionReassignmentsResponse;
  static constexpr Api api{.key = 45, .name = "AlterPartitionReassignments", .versions = {0, 1}, .flexible = 0};

  struct ReassignableTopic {
    struct ReassignablePartition {
      std::int32_t partition_index = 0;
      std::optional<std::vector<BrokerId>> replicas;  // null: the reassignment under way is cancelled
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("Replicas", m.replicas, nullable_since(0));
      }
    };
    std::string name;
    std::vector<ReassignablePartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t timeout_ms = 60'000;
  bool allow_replication_factor_change = true;
  std::vector<ReassignableTopic> topics;
  static void fields(auto& v, auto& m) {
    v("TimeoutMs", m.timeout_ms);
    v("AllowReplicationFactorChange", m.allow_replication_factor_change, since(1));
    v("Topics", m.topics);
  }
};

}  // namespace ottla
