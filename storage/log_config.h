// What a topic's settings say of its logs.
#pragma once

#include <cstdint>
#include <limits>

namespace ottla {

struct LogConfig {
  std::int64_t segment_bytes = 1073741824;      // segment.bytes
  std::int64_t segment_ms = 604800000;          // segment.ms, by the first batch's timestamp as Kafka does
  std::int64_t segment_index_bytes = 10485760;  // segment.index.bytes
  std::int64_t index_interval_bytes = 4096;     // index.interval.bytes
  std::int64_t producer_id_expiration_ms = 86400000;
  bool deletes = true;                // cleanup.policy has delete
  bool compacts = false;              // ... has compact
  std::int64_t retention_ms = -1;     // retention.ms; -1: no bound
  std::int64_t retention_bytes = -1;  // retention.bytes; -1: no bound
  std::int64_t delete_retention_ms = 86400000;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = std::numeric_limits<std::int64_t>::max();
};

}  // namespace ottla
