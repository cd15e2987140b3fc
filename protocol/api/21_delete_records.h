// DeleteRecords 0-2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DeleteRecordsResponse {
  struct DeleteRecordsTopicResult {
    struct DeleteRecordsPartitionResult {
      std::int32_t partition_index = 0;
      Offset low_watermark;
      ErrorCode error_code = ErrorCode::NONE;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("LowWatermark", m.low_watermark);
        v("ErrorCode", m.error_code);
      }
    };
    std::string name;
    std::vector<DeleteRecordsPartitionResult> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsTopicResult> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Topics", m.topics);
  }
};

struct DeleteRecordsRequest {
  using Response = DeleteRecordsResponse;
  static constexpr Api api{.key = 21, .name = "DeleteRecords", .versions = {0, 2}, .flexible = 2};

  struct DeleteRecordsTopic {
    struct DeleteRecordsPartition {
      std::int32_t partition_index = 0;
      Offset offset;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("Offset", m.offset);
      }
    };
    std::string name;
    std::vector<DeleteRecordsPartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Partitions", m.partitions);
    }
  };
  std::vector<DeleteRecordsTopic> topics;
  std::int32_t timeout_ms = 0;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics);
    v("TimeoutMs", m.timeout_ms);
  }
};

}  // namespace ottla
