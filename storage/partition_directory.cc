#include "storage/partition_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ottla {

namespace {

constexpr std::size_t name_max_bytes = 255;
constexpr std::size_t unique_hex_digits = 32;
constexpr std::string_view delete_suffix = "-delete";

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string renamed(const PartitionDirectory& directory, const Uuid& unique, std::string_view kind) {
  std::string suffix = fmt::format("-{}.", directory.partition);
  for (const std::uint8_t byte : unique.bytes) {
    suffix += fmt::format("{:02x}", byte);
  }
  suffix += kind;
  return directory.topic.substr(0, name_max_bytes - suffix.size()) + suffix;
}

}  // namespace

std::optional<PartitionDirectory> parse_partition_directory(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || !std::ranges::all_of(name, is_topic_character)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(dash + 1);
  std::int32_t partition = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), partition);
  const bool is_plain_number = error == std::errc{} && end == digits.data() + digits.size() && partition >= 0 &&
                               (digits.size() == 1 || digits.front() != '0');
  if (!is_plain_number) {
    return std::nullopt;
  }
  return PartitionDirectory{std::string(name), std::string(name.substr(0, dash)), partition};
}

bool is_deleted_partition_directory(std::string_view name) {
  if (!name.ends_with(delete_suffix)) {
    return false;
  }
  name.remove_suffix(delete_suffix.size());
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && name.size() - dot - 1 == unique_hex_digits && is_hex(name.substr(dot + 1)) &&
         parse_partition_directory(name.substr(0, dot)).has_value();
}

std::string deleted_partition_directory(const PartitionDirectory& directory, const Uuid& unique) {
  return renamed(directory, unique, delete_suffix);
}

std::string stray_partition_directory(const PartitionDirectory& directory, const Uuid& unique) {
  return renamed(directory, unique, "-stray");
}

}  // namespace ottla
