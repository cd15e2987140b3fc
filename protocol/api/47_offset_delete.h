// OffsetDelete 0. KIP-496.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct OffsetDeleteResponse {
  struct OffsetDeleteResponseTopic {
    struct OffsetDeleteResponsePartition {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
      }
    };
    std::string name;
    std::vector<OffsetDeleteResponsePartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  ErrorCode error_code = ErrorCode::NONE;
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetDeleteResponseTopic> topics;
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Topics", m.topics);
  }
};

struct OffsetDeleteRequest {
  using Response = OffsetDeleteResponse;
  static constexpr Api api{.key = 47, .name = "OffsetDelete", .versions = {0, 0}, .flexible = never};

  struct OffsetDeleteRequestTopic {
    struct OffsetDeleteRequestPartition {
      std::int32_t partition_index = 0;
      static void fields(auto& v, auto& m) { v("PartitionIndex", m.partition_index); }
    };
    std::string name;
    std::vector<OffsetDeleteRequestPartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::string group_id;
  std::vector<OffsetDeleteRequestTopic> topics;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("Topics", m.topics);
  }
};

}  // namespace ottla
