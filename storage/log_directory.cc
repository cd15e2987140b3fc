#include "storage/log_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "storage/log_file_names.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

constexpr std::string_view cluster_metadata_directory = "__cluster_metadata-0";  // Kafka's; left alone

std::unexpected<Error> cannot(std::string message) {
  return failure(ErrorCode::KAFKA_STORAGE_ERROR, std::move(message));
}

std::string parent_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Makes `path` and what is missing above it, and makes each new name durable in its parent.
Result<void> make_durable_directory(Disk& disk, const std::string& path) {
  std::vector<std::string> made;
  for (std::string missing = path; missing != "." && missing != "/" && !disk.exists(missing);
       missing = parent_of(missing)) {
    made.push_back(missing);
  }
  if (auto done = disk.make_directories(path); !done) {
    return done;
  }
  for (const std::string& name : made) {
    if (auto done = disk.sync_directory(parent_of(name)); !done) {
      return done;
    }
  }
  return {};
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

}  // namespace

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(Disk& disk, std::string path,
                                                         const std::optional<std::string>& wanted_cluster_id,
                                                         BrokerId node_id, bool import_kafka) {
  std::unique_ptr<LogDirectory> opened(new LogDirectory(disk, without_trailing_slashes(std::move(path)), import_kafka));
  // A start that is refused writes nothing; one that goes on removes the marker before it writes anything else.
  auto done = opened->refuse_foreign();
  done = done ? opened->make_and_lock() : done;
  done = done ? opened->identify(wanted_cluster_id, node_id) : done;
  done = done ? opened->begin_import() : done;
  done = done ? opened->take_marker() : done;
  done = done ? opened->write_identity() : done;
  done = done ? opened->open_marks() : done;
  done = done ? opened->find_partitions() : done;
  done = done ? opened->read_checkpoints() : done;
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return opened;
}

std::string LogDirectory::inside(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

Result<void> LogDirectory::make_and_lock() {
  const auto not_writable = [this](const Error& error) {
    return cannot(fmt::format("data directory {} is not writable: {}", path_, error.message));
  };
  if (const auto made = make_durable_directory(disk_, path_); !made) {
    return not_writable(made.error());
  }
  if (const auto file = disk_.open(inside(".lock"), OpenMode::create_or_open); !file) {
    return not_writable(file.error());
  }
  auto lock = disk_.lock(inside(".lock"));
  if (!lock) {
    return cannot(fmt::format("data directory {} is locked by another process", path_));
  }
  lock_ = std::move(*lock);
  return {};
}

// A directory without meta.properties must hold nothing yet. One with partitions but without our metadata must not be
// started: no topic would be known, so all its partitions would count as leftovers of deleted ones.
Result<void> LogDirectory::refuse_foreign() {
  if (!disk_.exists(path_)) {
    return {};
  }
  const bool is_formatted = disk_.exists(inside("meta.properties"));
  const auto names = disk_.list(path_);
  if (!names) {
    return std::unexpected(names.error());
  }
  const bool has_our_files = std::ranges::any_of(*names, [](const auto& name) { return name.starts_with(".ottla-"); });
  const bool has_partitions =
      std::ranges::any_of(*names, [](const auto& name) { return parse_partition_directory(name).has_value(); });
  const bool broke_off = disk_.exists(inside(import_marker));
  const bool is_kafkas = !has_our_files && (std::ranges::find(*names, cluster_metadata_directory) != names->end() ||
                                            (is_formatted && has_partitions));
  is_importing_ = (is_kafkas || broke_off) && may_import_ && is_formatted;
  if (is_importing_) {
    return {};
  }
  if (is_kafkas || broke_off) {
    return refused(fmt::format("{}: start once with --import-kafka to take its topics over, or choose",
                               broke_off ? "is half taken over from Apache Kafka" : "was written by Apache Kafka"));
  }
  if (!is_formatted && (has_our_files || has_partitions)) {
    return refused("holds data but no meta.properties: put that file back, or choose");
  }
  if (has_partitions && !disk_.exists(inside(".ottla-metadata/log"))) {
    return refused(
        "holds partitions but no .ottla-metadata/log, so their topics are not known: put it back, or choose");
  }
  return {};
}

Result<void> LogDirectory::refused(std::string_view why) const {
  return cannot(fmt::format("data directory {} {} another directory with log.dirs", path_, why));
}

Result<void> LogDirectory::identify(const std::optional<std::string>& wanted_cluster_id, BrokerId node_id) {
  if (!disk_.exists(inside("meta.properties"))) {
    identity_ = {
        .cluster_id = wanted_cluster_id.value_or(Uuid::random().to_string()), .node_id = node_id, .directory_id = {}};
    return {};
  }
  const auto content = read_whole_file(disk_, inside("meta.properties"));
  if (!content) {
    return std::unexpected(content.error());
  }
  auto parsed = MetaProperties::parse(as_text(*content));
  if (!parsed) {
    return cannot(fmt::format("{} cannot be used: {}", inside("meta.properties"), parsed.error().message));
  }
  identity_ = std::move(*parsed);
  return check_identity(wanted_cluster_id.value_or(identity_.cluster_id), node_id);
}

Result<void> LogDirectory::check_identity(const std::string& wanted_cluster_id, BrokerId node_id) const {
  if (wanted_cluster_id != identity_.cluster_id) {
    return refused(fmt::format("belongs to cluster.id={}, not {}: drop that setting, or choose", identity_.cluster_id,
                               wanted_cluster_id));
  }
  if (node_id != identity_.node_id) {
    return refused(fmt::format("belongs to node.id={0}, not {1}: set node.id={0}, or choose", identity_.node_id.value,
                               node_id.value));
  }
  return {};
}

// A new directory, or one from before Kafka 3.7, has no id yet.
Result<void> LogDirectory::write_identity() {
  if (!identity_.directory_id.is_zero()) {
    return {};
  }
  identity_.directory_id = Uuid::random();
  return replace_file(disk_, inside("meta.properties"), as_bytes(identity_.text()));
}

Result<void> LogDirectory::take_marker() {
  clean_ = read_clean_shutdown(disk_, path_);
  if (!clean_.warning.empty()) {
    warnings_.push_back(clean_.warning);
  }
  // What the process before has cut, written or renamed without a sync may be in memory alone, and that is what
  // recovery reads: a later power cut must not bring back what it does not see, in the place of what is written
  // meanwhile.
  auto synced = clean_.was_clean || !disk_.exists(inside("meta.properties")) ? Result<void>{} : disk_.sync_all(path_);
  return synced ? remove_clean_shutdown(disk_, path_) : synced;
}

// If Kafka ran here since, what we knew of the logs is out of date.
Result<void> LogDirectory::open_marks() {
  auto marks = DurableMarks::open(disk_, path_, clean_.was_kafka);
  if (!marks) {
    return std::unexpected(std::move(marks.error()));
  }
  marks_ = std::move(*marks);
  if (!marks_->warning().empty()) {
    warnings_.push_back(marks_->warning());
  }
  return {};
}

Result<bool> LogDirectory::is_directory(const std::string& name) const {
  if (disk_.exists(inside(name) + "/.")) {
    return true;
  }
  const auto listed = disk_.list(inside(name));
  if (listed) {
    return true;
  }
  std::byte first{};
  const auto file = disk_.open(inside(name), OpenMode::read);
  if (file && (*file)->read_at({&first, 1}, 0)) {
    return false;
  }
  return std::unexpected(listed.error());  // a directory that cannot be read: its data must not be passed over
}

Result<void> LogDirectory::find_partitions() {
  const auto names = disk_.list(path_);
  if (!names) {
    return std::unexpected(names.error());
  }
  for (const std::string& name : *names) {
    if (is_deleted_partition_directory(name) && !is_importing_) {
      if (auto removed = disk_.remove_directory(inside(name)); !removed) {
        return removed;
      }
    } else if (auto parsed = parse_partition_directory(name); parsed && name != cluster_metadata_directory) {
      const auto directory = is_directory(name);
      if (!directory) {
        return std::unexpected(directory.error());
      }
      if (*directory) {
        partitions_.push_back(std::move(*parsed));
      }
    }
  }
  for (const PartitionDirectory& partition : partitions_) {
    // Kafka compacts, and leaves gaps.
    if (const auto path = no_gaps_path(inside(partition.name)); clean_.was_kafka && disk_.exists(path)) {
      if (auto removed = disk_.remove(path); !removed) {
        return removed;
      }
    }
  }
  return {};
}

}  // namespace ottla
