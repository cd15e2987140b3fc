// What a topic asks of each record: a key if it is compacted, a timestamp within bounds (KIP-937). Which records are
// why a batch is refused, the producer is told one by one (KIP-467).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/topic_config.h"
#include "protocol/api/00_produce.h"
#include "protocol/record_batch.h"

namespace ottla {

struct RecordRules {
  const std::string& partition;
  const TopicConfig& config;
  std::int64_t now_ms = 0;
  BatchLimits limits;
};

struct WrongRecords {
  Error error;  // of the batch: INVALID_RECORD, INVALID_TIMESTAMP
  std::vector<ProduceResponse::TopicProduceResponse::PartitionProduceResponse::BatchIndexAndErrorMessage> records;
};

// Nothing: all are as they should be. `batch` is the one that was `checked`, in its own codec.
std::optional<WrongRecords> wrong_records(std::span<const std::byte> batch, const BatchCheck& checked,
                                          const RecordRules& rules);

}  // namespace ottla
