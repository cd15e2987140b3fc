// DescribeProducers 0 (KIP-664).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeProducersResponse {
  struct TopicResponse {
    struct PartitionResponse {
      struct ProducerState {
        std::int64_t producer_id = 0;
        std::int32_t producer_epoch = 0;
        std::int32_t last_sequence = -1;
        std::int64_t last_timestamp = -1;
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_start_offset = -1;
        static void fields(auto& v, auto& m) {
          v("ProducerId", m.producer_id);
          v("ProducerEpoch", m.producer_epoch);
          v("LastSequence", m.last_sequence);
          v("LastTimestamp", m.last_timestamp);
          v("CoordinatorEpoch", m.coordinator_epoch);
          v("CurrentTxnStartOffset", m.current_txn_start_offset);
        }
      };
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      std::optional<std::string> error_message;
      std::vector<ProducerState> active_producers;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
        v("ErrorMessage", m.error_message, nullable_since(0));
        v("ActiveProducers", m.active_producers);
      }
    };
    std::string name;
    std::vector<PartitionResponse> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResponse> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Topics", m.topics);
  }
};

struct DescribeProducersRequest {
  using Response = DescribeProducersResponse;
  static constexpr Api api{.key = 61, .name = "DescribeProducers", .versions = {0, 0}, .flexible = 0};

  struct TopicRequest {
    std::string name;
    std::vector<std::int32_t> partition_indexes;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("PartitionIndexes", m.partition_indexes);
    }
  };
  std::vector<TopicRequest> topics;
  static void fields(auto& v, auto& m) { v("Topics", m.topics); }
};

}  // namespace ottla
