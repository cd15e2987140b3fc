// Names of partition directories, as Kafka writes them (LogFileUtils, UnifiedLog): "<topic>-<partition>", and
// "<topic>-<partition>.<32 hex digits>-delete" for one that is on its way out, "-stray" for one that nobody knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.h"

namespace ottla {

struct PartitionDirectory {
  std::string name;
  std::string topic;
  std::int32_t partition = 0;
  friend bool operator==(const PartitionDirectory&, const PartitionDirectory&) = default;
};

// Nothing for any other name: "-delete", "-stray" and "-future" directories, plain files of ours and of Kafka.
std::optional<PartitionDirectory> parse_partition_directory(std::string_view name);

[[nodiscard]] bool is_deleted_partition_directory(std::string_view name);

// For one that is on its way out, and for one that nobody knows. At most 255 bytes, the limit of file systems; it is
// the topic that is shortened.
std::string deleted_partition_directory(const PartitionDirectory& directory, const Uuid& unique);
std::string stray_partition_directory(const PartitionDirectory& directory, const Uuid& unique);

}  // namespace ottla
