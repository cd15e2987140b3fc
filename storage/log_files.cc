// Opening a log, first part: its directory and which segments are in it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/log_file_names.h"
#include "storage/log_places.h"
#include "storage/producer_state.h"
#include "storage/segment.h"
#include "storage/text_lines.h"

namespace ottla {

namespace {

std::string parent_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const LogEnvironment& environment, std::string directory,
                                       const PartitionKey& key, const LogConfig& config, const LogHints& hints,
                                       std::int64_t now_ms) {
  std::unique_ptr<Log> log(new Log(environment, std::move(directory), key, config));
  log->active_since_ms_ = log->latest_now_ms_ = now_ms;
  auto done = log->ensure_directory();
  const auto names = done ? log->file_names() : std::unexpected(done.error());
  done = names ? log->find_segments(hints, *names) : std::unexpected(names.error());
  done = done ? log->recover(hints) : done;
  done = done ? log->restore_producers(*names) : done;
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return log;
}

// partition.metadata ties the directory to its topic: a topic of the same name made later must not adopt old data.
Result<void> Log::ensure_directory() {
  const std::string path = directory_ + "/partition.metadata";
  const std::string topic_id = fmt::format("topic_id: {}", key_.topic_id.to_string());
  const auto content = read_whole_file(disk_, path);
  if (!content && !disk_.exists(path)) {
    auto done = disk_.make_directories(directory_);
    const auto names = disk_.list(directory_);
    if (names && names->empty()) {
      done = done ? write_whole_file(disk_, no_gaps_path(directory_), {}) : done;
    }
    done = done ? replace_file(disk_, path, as_bytes("version: 0\n" + topic_id)) : done;
    done = done ? disk_.sync_directory(parent_of(directory_)) : done;
    has_no_gaps_ = disk_.exists(no_gaps_path(directory_));
    return done;
  }
  has_no_gaps_ = disk_.exists(no_gaps_path(directory_));
  if (!content) {
    return std::unexpected(content.error());
  }
  if (as_text(*content).find(topic_id) == std::string_view::npos) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR,
                   fmt::format("{} belongs to another topic than {}", directory_, key_.topic_id.to_string()));
  }
  return {};
}

Result<void> Log::forget_no_gaps() {
  if (!std::exchange(has_no_gaps_, false)) {
    return {};
  }
  auto done = disk_.remove(no_gaps_path(directory_));
  return done ? disk_.sync_directory(directory_) : done;
}

// Those in the directory, once what a compaction has left behind is dealt with.
Result<std::vector<std::string>> Log::file_names() {
  auto names = disk_.list(directory_);
  if (!names) {
    return names;
  }
  const auto finished = finish_compactions(*names);
  if (!finished) {
    return std::unexpected(finished.error());
  }
  return *finished ? disk_.list(directory_) : std::move(names);
}

Result<void> Log::find_segments(const LogHints& hints, const std::vector<std::string>& names) {
  cleaned_to_ = hints.cleaned_to;
  std::vector<Offset> bases;
  for (const std::string& name : names) {
    if (const auto base = offset_in_name(name, "", ".log")) {
      bases.push_back(*base);
    }
  }
  for (const Offset base : bases) {
    const std::string path = segment_file(directory_, base, "log");
    // The last one stays open: its end is looked at next.
    const auto file = base == bases.back() ? environment_.files.open(path) : disk_.open(path, OpenMode::read);
    if (!file) {
      return std::unexpected(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
      return std::unexpected(size.error());
    }
    segments_.push_back(std::make_unique<Segment>(environment_, directory_, base, *size, config_.index_interval_bytes));
  }
  log_start_offset_ = hints.log_start_offset.value_or(Offset{0});
  if (segments_.empty()) {
    auto first = Segment::create(environment_, directory_, log_start_offset_, config_.index_interval_bytes);
    if (!first) {
      return std::unexpected(std::move(first.error()));
    }
    segments_.push_back(std::move(*first));
    directory_dirty_ = true;
  }
  log_start_offset_ = std::max(log_start_offset_, segments_.front()->base_offset());
  auto removed = remove_deleted_segments(log_start_offset_);  // where a deletion broke off
  durable_start_offset_ = hints.log_start_offset.value_or(Offset{0});
  return removed;
}

}  // namespace ottla
