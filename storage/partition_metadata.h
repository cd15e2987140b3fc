// partition.metadata: which topic a partition directory belongs to. "version: 0", "topic_id: <base64 UUID>".
// Source of the format: Kafka's PartitionMetadataFile (KIP-516).
#pragma once

#include <string>
#include <string_view>

#include "protocol/error_code.h"
#include "protocol/ids.h"
#include "storage/file.h"

namespace ottla {

// Error: one clause ("it has no topic_id"), for a message that names the file.
Result<TopicId> parse_partition_metadata(std::string_view text);

// Errors name the file.
Result<TopicId> read_topic_id(Disk& disk, const std::string& partition_directory);

}  // namespace ottla
