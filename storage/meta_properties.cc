#include "storage/meta_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "storage/text_lines.h"

namespace ottla {

namespace {

constexpr std::int32_t known_version = 1;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\f";
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The part of java.util.Properties that such files use: comments, '=' or ':', a backslash before a character.
std::map<std::string, std::string> parse_properties(std::string_view text) {
  std::map<std::string, std::string> properties;
  for (std::string_view line : split_lines(text)) {
    line = trimmed(line);
    const std::size_t separator = line.find_first_of("=:");
    if (line.starts_with('#') || line.starts_with('!') || separator == std::string_view::npos) {
      continue;
    }
    std::string value(trimmed(line.substr(separator + 1)));
    std::erase(value, '\\');
    properties[std::string(trimmed(line.substr(0, separator)))] = value;
  }
  return properties;
}

Error says(std::string message) { return {ErrorCode::KAFKA_STORAGE_ERROR, std::move(message)}; }

std::optional<Error> check_version(const std::map<std::string, std::string>& properties) {
  const auto found = properties.find("version");
  if (found == properties.end()) {
    return says("it has no version");
  }
  const auto version = parse_number<std::int32_t>(found->second);
  if (version == known_version) {
    return std::nullopt;
  }
  return says(version && *version > known_version
                  ? fmt::format("its version {} is newer than this program knows ({})", *version, known_version)
                  : fmt::format("its version '{}' is not {}", found->second, known_version));
}

}  // namespace

std::string MetaProperties::text() const {
  return fmt::format("#\nnode.id={}\ndirectory.id={}\nversion={}\ncluster.id={}\n", node_id.value,
                     directory_id.to_string(), known_version, cluster_id);
}

Result<MetaProperties> MetaProperties::parse(std::string_view text) {
  auto properties = parse_properties(text);
  if (auto wrong = check_version(properties)) {
    return std::unexpected(std::move(*wrong));
  }
  MetaProperties parsed;
  parsed.cluster_id = properties["cluster.id"];
  if (parsed.cluster_id.empty()) {
    return std::unexpected(says("it has no cluster.id"));
  }
  const auto node_id = parse_number<std::int32_t>(properties["node.id"]);
  if (!node_id || *node_id < 0) {
    return std::unexpected(says("it has no node.id"));
  }
  parsed.node_id = BrokerId{*node_id};
  if (const std::string& directory_id = properties["directory.id"]; !directory_id.empty()) {
    const auto uuid = Uuid::parse(directory_id);
    if (!uuid) {
      return std::unexpected(says(fmt::format("its directory.id '{}' is not a UUID", directory_id)));
    }
    parsed.directory_id = *uuid;
  }
  return parsed;
}

}  // namespace ottla
