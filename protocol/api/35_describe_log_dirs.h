// DescribeLogDirs 1-5. KIP-113; an error for all from version 3, the size of the disk from 4 (KIP-827).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeLogDirsResponse {
  struct DescribeLogDirsResult {
    struct DescribeLogDirsTopic {
      struct DescribeLogDirsPartition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;
        static void fields(auto& v, auto& m) {
          v("PartitionIndex", m.partition_index);
          v("PartitionSize", m.partition_size);
          v("OffsetLag", m.offset_lag);
          v("IsFutureKey", m.is_future_key);
        }
      };
      std::string name;
      std::vector<DescribeLogDirsPartition> partitions;
      static void fields(auto& v, auto& m) {
        v("Name", m.name);
        v("Partitions", m.partitions);
      }
    };
    ErrorCode error_code = ErrorCode::NONE;
    std::string log_dir;
    std::vector<DescribeLogDirsTopic> topics;
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;
    bool is_cordoned = false;
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("LogDir", m.log_dir);
      v("Topics", m.topics);
      v("TotalBytes", m.total_bytes, since(4));
      v("UsableBytes", m.usable_bytes, since(4));
      v("IsCordoned", m.is_cordoned, since(5));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<DescribeLogDirsResult> results;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code, since(3));
    v("Results", m.results);
  }
};

struct DescribeLogDirsRequest {
  using Response = DescribeLogDirsResponse;
  static constexpr Api api{.key = 35, .name = "DescribeLogDirs", .versions = {1, 5}, .flexible = 2};

  struct DescribableLogDirTopic {
    std::string topic;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic);
      v("Partitions", m.partitions);
    }
  };
  std::optional<std::vector<DescribableLogDirTopic>> topics = std::vector<DescribableLogDirTopic>{};
  static void fields(auto& v, auto& m) { v("Topics", m.topics, nullable_since(0)); }
};

}  // namespace ottla
