#include "storage/partition_metadata.h"

#include <fmt/format.h>

#include "storage/text_lines.h"

namespace ottla {

Result<TopicId> parse_partition_metadata(std::string_view text) {
  constexpr std::string_view version_line = "version: 0";
  constexpr std::string_view id_word = "topic_id: ";
  const auto lines = split_lines(text);
  if (lines.empty() || lines[0] != version_line) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR, "it is not of version 0");
  }
  if (lines.size() < 2 || !lines[1].starts_with(id_word)) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR, "it has no topic_id");
  }
  const std::string id(lines[1].substr(id_word.size()));
  const auto parsed = Uuid::parse(id);
  if (!parsed || parsed->is_zero()) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("its topic_id '{}' is not a UUID", id));
  }
  return *parsed;
}

Result<TopicId> read_topic_id(Disk& disk, const std::string& partition_directory) {
  const std::string path = partition_directory + "/partition.metadata";
  const auto content = read_whole_file(disk, path);
  if (!content) {
    return std::unexpected(content.error());
  }
  auto id = parse_partition_metadata(as_text(*content));
  return id ? id : failure(ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{}: {}", path, id.error().message));
}

}  // namespace ottla
