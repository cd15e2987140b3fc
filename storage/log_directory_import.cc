// LogDirectory: taking over what Kafka wrote.
#include "storage/log_directory.h"
#include "storage/text_lines.h"

namespace ottla {

std::optional<BrokerId> LogDirectory::node_id_in(Disk& disk, const std::string& path) {
  const auto content = read_whole_file(disk, path + "/meta.properties");
  const auto parsed = content ? MetaProperties::parse(as_text(*content)) : std::unexpected(content.error());
  return parsed ? std::optional(parsed->node_id) : std::nullopt;
}

// Metadata of an import that broke off knows some topics only; it goes before the marker can.
Result<void> LogDirectory::begin_import() {
  if (!is_importing_) {
    return {};
  }
  if (auto marked = replace_file(disk_, inside(import_marker), {}); !marked) {
    return marked;
  }
  return disk_.remove_directory(inside(".ottla-metadata"));
}

Result<void> LogDirectory::import_is_done() {
  if (auto removed = disk_.remove(inside(import_marker)); !removed) {
    return removed;
  }
  return disk_.sync_directory(path_);
}

}  // namespace ottla
