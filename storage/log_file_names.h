// Names of the files of a log: 20 digits of an offset between a prefix and a suffix.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.h"
#include "storage/text_lines.h"

namespace ottla {

// Only logs we made from the start have it; it goes before the first compaction, ours or Kafka's.
inline std::string no_gaps_path(const std::string& directory) { return directory + "/.ottla-no-gaps"; }

// The offset in "<prefix><20 digits><suffix>".
inline std::optional<Offset> offset_in_name(std::string_view name, std::string_view prefix, std::string_view suffix) {
  constexpr std::size_t offset_digits = 20;
  if (name.size() != prefix.size() + offset_digits + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix)) {
    return std::nullopt;
  }
  const auto value = parse_number<std::int64_t>(name.substr(prefix.size(), offset_digits));
  return value && *value >= 0 ? std::optional(Offset{*value}) : std::nullopt;
}

}  // namespace ottla
