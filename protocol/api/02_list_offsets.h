// ListOffsets 1-11. Timestamps -1 to -6 are questions; see handlers/02_list_offsets.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ListOffsetsResponse {
  struct ListOffsetsTopicResponse {
    struct ListOffsetsPartitionResponse {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      std::int64_t timestamp = -1;
      Offset offset{-1};
      LeaderEpoch leader_epoch;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
        v("Timestamp", m.timestamp);
        v("Offset", m.offset);
        v("LeaderEpoch", m.leader_epoch, since(4));
      }
    };
    std::string name;
    std::vector<ListOffsetsPartitionResponse> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsTopicResponse> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(2));
    v("Topics", m.topics);
  }
};

struct ListOffsetsRequest {
  using Response = ListOffsetsResponse;
  static constexpr Api api{.key = 2, .name = "ListOffsets", .versions = {1, 11}, .flexible = 6};

  struct ListOffsetsTopic {
    struct ListOffsetsPartition {
      std::int32_t partition_index = 0;
      LeaderEpoch current_leader_epoch;
      std::int64_t timestamp = 0;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("CurrentLeaderEpoch", m.current_leader_epoch, since(4));
        v("Timestamp", m.timestamp);
      }
    };
    std::string name;
    std::vector<ListOffsetsPartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  BrokerId replica_id{0};
  std::int8_t isolation_level = 0;
  std::vector<ListOffsetsTopic> topics;
  std::int32_t timeout_ms = 0;
  static void fields(auto& v, auto& m) {
    v("ReplicaId", m.replica_id);
    v("IsolationLevel", m.isolation_level, since(2));
    v("Topics", m.topics);
    v("TimeoutMs", m.timeout_ms, since(10));
  }
};

}  // namespace ottla
