#include "storage/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <span>

#include "storage/partition_directory.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

constexpr std::int64_t checkpoint_version = 0;

// "topic partition offset"
bool add_line(std::string_view line, OffsetsByDirectory& offsets) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) {
    return false;
  }
  const auto directory = parse_partition_directory(
      fmt::format("{}-{}", line.substr(0, first), line.substr(first + 1, second - first - 1)));
  const auto offset = parse_number<std::int64_t>(line.substr(second + 1));
  if (!directory || !offset || *offset < 0) {
    return false;
  }
  offsets[directory->name] = Offset{*offset};
  return true;
}

Error damaged(std::string_view what, std::size_t line_number) {
  return {ErrorCode::KAFKA_STORAGE_ERROR, fmt::format("{} in line {}", what, line_number)};
}

}  // namespace

std::string checkpoint_text(const OffsetsByDirectory& offsets) {
  std::string lines;
  std::size_t count = 0;
  for (const auto& [name, offset] : offsets) {
    if (const auto directory = parse_partition_directory(name)) {
      lines += fmt::format("{} {} {}\n", directory->topic, directory->partition, offset.value);
      ++count;
    }
  }
  return fmt::format("{}\n{}\n{}", checkpoint_version, count, lines);
}

Result<OffsetsByDirectory> parse_checkpoint(std::string_view text) {
  const auto lines = split_lines(text);
  if (lines.empty()) {
    return OffsetsByDirectory{};  // as Kafka makes it, before there is anything to write
  }
  if (parse_number<std::int64_t>(lines[0]) != checkpoint_version) {
    return std::unexpected(damaged("no version 0", 1));
  }
  const auto count = lines.size() > 1 ? parse_number<std::size_t>(lines[1]) : std::nullopt;
  if (!count || *count != lines.size() - 2) {
    return std::unexpected(damaged("a count that does not match", 2));
  }
  OffsetsByDirectory offsets;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    if (!add_line(lines[i], offsets)) {
      return std::unexpected(damaged("no \"topic partition offset\"", i + 1));
    }
  }
  return offsets;
}

Checkpoint read_checkpoint(Disk& disk, const std::string& path) {
  if (!disk.exists(path)) {
    return {};
  }
  const auto content = read_whole_file(disk, path);
  if (!content) {
    return {.offsets = {}, .warning = fmt::format("{}; going on without it", content.error().message)};
  }
  auto offsets = parse_checkpoint(as_text(*content));
  if (!offsets) {
    return {.offsets = {},
            .warning = fmt::format("{} is damaged ({}); going on without it", path, offsets.error().message)};
  }
  return {.offsets = std::move(*offsets), .warning = {}};
}

Result<void> write_checkpoint(Disk& disk, const std::string& path, const OffsetsByDirectory& offsets) {
  return replace_file(disk, path, as_bytes(checkpoint_text(offsets)));
}

}  // namespace ottla
