#include "storage/log_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "storage/log_file_names.h"
#include "storage/partition_directory.h"

namespace ottla {

namespace {

bool is_left_alone(std::string_view name) {
  return name.ends_with("-delete") || name.ends_with("-stray") || name.ends_with("-future");
}

}  // namespace

Result<LogPlaces> find_logs(Disk& disk, const std::string& path) {
  const auto names = disk.list(path);
  if (!names) {
    return std::unexpected(names.error());
  }
  const bool is_partition = std::ranges::any_of(*names, [](const std::string& name) {
    return name == "partition.metadata" || offset_in_name(name, "", ".log").has_value();
  });
  if (is_partition) {
    const std::filesystem::path whole(path);
    return LogPlaces{.root = whole.parent_path().string(),
                     .is_whole = false,
                     .partitions = {whole.filename().string()},
                     .left_alone = {}};
  }
  LogPlaces places{.root = path, .partitions = {}, .left_alone = {}};
  for (const std::string& name : *names) {
    if (is_left_alone(name)) {
      places.left_alone.push_back(name);
    } else if (parse_partition_directory(name) && disk.list(fmt::format("{}/{}", path, name))) {
      places.partitions.push_back(name);
    }
  }
  if (places.partitions.empty() && !disk.exists(path + "/meta.properties")) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR,
                   fmt::format("{} is neither a log directory nor the directory of a partition", path));
  }
  return places;
}

Result<std::vector<Offset>> find_segments(Disk& disk, const std::string& partition_directory) {
  const auto names = disk.list(partition_directory);
  if (!names) {
    return std::unexpected(names.error());
  }
  std::vector<Offset> bases;
  for (const std::string& name : *names) {
    if (const auto base = offset_in_name(name, "", ".log")) {
      bases.push_back(*base);
    }
  }
  std::ranges::sort(bases);
  return bases;
}

std::string segment_file(const std::string& partition_directory, Offset base_offset, std::string_view suffix) {
  return fmt::format("{}/{:020}.{}", partition_directory, base_offset.value, suffix);
}

}  // namespace ottla
