// ElectLeaders 0-2 (KIP-183; unclean elections from version 1, KIP-460).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ElectLeadersResponse {
  struct ReplicaElectionResult {
    struct PartitionResult {
      std::int32_t partition_id = 0;
      ErrorCode error_code = ErrorCode::NONE;
      std::optional<std::string> error_message = "";
      static void fields(auto& v, auto& m) {
        v("PartitionId", m.partition_id);
        v("ErrorCode", m.error_code);
        v("ErrorMessage", m.error_message, nullable_since(0));
      }
    };
    std::string topic;
    std::vector<PartitionResult> partition_result;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic);
      v("PartitionResult", m.partition_result);
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<ReplicaElectionResult> replica_election_results;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code, since(1));
    v("ReplicaElectionResults", m.replica_election_results);
  }
};

struct ElectLeadersRequest {
  using Response = ElectLeadersResponse;
  static constexpr Api api{.key = 43, .name = "ElectLeaders", .versions = {0, 2}, .flexible = 2};

  struct TopicPartitions {
    std::string topic;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic);
      v("Partitions", m.partitions);
    }
  };
  std::int8_t election_type = 0;  // 0: the preferred replica; 1: whoever is alive, if nobody is in sync
  std::optional<std::vector<TopicPartitions>> topic_partitions = std::vector<TopicPartitions>{};  // null: all there are
  std::int32_t timeout_ms = 60'000;
  static void fields(auto& v, auto& m) {
    v("ElectionType", m.election_type, since(1));
    v("TopicPartitions", m.topic_partitions, nullable_since(0));
    v("TimeoutMs", m.timeout_ms);
  }
};

}  // namespace ottla
