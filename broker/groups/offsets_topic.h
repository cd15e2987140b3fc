// __consumer_offsets: where the groups' records are, and how they get there and back. Kafka's own topic, in its own
// format.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "broker/groups/core/events.h"
#include "broker/partitions.h"
#include "broker/topic_creation.h"
#include "protocol/record.h"

namespace ottla {

inline constexpr std::string_view offsets_topic = "__consumer_offsets";

// The topic as it is made: compacted, each write synced, with offsets.topic.num.partitions and
// offsets.topic.segment.bytes.
NewTopic offsets_topic_wish(const Config& config);

// Which of `partitions` a group belongs to: Kafka's rule (the hash of a Java string), so that a data directory of
// Kafka's is read as it was written.
std::int32_t partition_of_group(std::string_view group, std::int32_t partitions);

// Of keys and values; what a batch adds to them is little.
std::int64_t size_bytes(std::span<const groups::LogRecord> records);

// One batch of these records, as Produce would bring it; no value is a tombstone.
Bytes batch_of(std::span<const groups::LogRecord> records, std::int64_t timestamp_ms);

// Calls `visit` for each record, in order; also for those that a new leader has and does not know to be committed,
// since they will be. Blocking.
Result<void> read_all_records(Partition& partition, const std::function<Result<void>(const RecordView&)>& visit);

}  // namespace ottla
