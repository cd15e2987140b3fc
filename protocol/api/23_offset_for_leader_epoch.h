// OffsetForLeaderEpoch 2-4. KIP-320.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct OffsetForLeaderEpochResponse {
  struct OffsetForLeaderTopicResult {
    struct EpochEndOffset {
      ErrorCode error_code = ErrorCode::NONE;
      std::int32_t partition = 0;
      LeaderEpoch leader_epoch;
      Offset end_offset{-1};
      static void fields(auto& v, auto& m) {
        v("ErrorCode", m.error_code);
        v("Partition", m.partition);
        v("LeaderEpoch", m.leader_epoch);
        v("EndOffset", m.end_offset);
      }
    };
    std::string topic;
    std::vector<EpochEndOffset> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResult> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Topics", m.topics);
  }
};

struct OffsetForLeaderEpochRequest {
  using Response = OffsetForLeaderEpochResponse;
  static constexpr Api api{.key = 23, .name = "OffsetForLeaderEpoch", .versions = {2, 4}, .flexible = 4};

  struct OffsetForLeaderTopic {
    struct OffsetForLeaderPartition {
      std::int32_t partition = 0;
      LeaderEpoch current_leader_epoch;
      LeaderEpoch leader_epoch{0};
      static void fields(auto& v, auto& m) {
        v("Partition", m.partition);
        v("CurrentLeaderEpoch", m.current_leader_epoch);
        v("LeaderEpoch", m.leader_epoch);
      }
    };
    std::string topic;
    std::vector<OffsetForLeaderPartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic);
      v("Partitions", m.partitions);
    }
  };
  BrokerId replica_id{-2};
  std::vector<OffsetForLeaderTopic> topics;
  static void fields(auto& v, auto& m) {
    v("ReplicaId", m.replica_id, since(3));
    v("Topics", m.topics);
  }
};

}  // namespace ottla
