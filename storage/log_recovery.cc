// Opening a log: what is on disk, what of it holds, what must be cut or rebuilt.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

constexpr std::size_t offset_digits = 20;
constexpr std::string_view own_prefix = ".ottla-";
constexpr std::string_view own_suffix = ".producers";
constexpr std::string_view kafka_suffix = ".snapshot";

// "<prefix><20 digits><suffix>"
std::optional<Offset> offset_in_name(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (name.size() != prefix.size() + offset_digits + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix)) {
    return std::nullopt;
  }
  name = name.substr(prefix.size(), offset_digits);
  Offset offset;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), offset.value);
  return error == std::errc{} && end == name.data() + name.size() ? std::optional(offset) : std::nullopt;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(Disk& disk, std::string directory, TopicId topic_id, const LogConfig& config,
                                       Offset recovery_point, std::int64_t now_ms) {
  std::unique_ptr<Log> log(new Log(disk, std::move(directory), config));
  if (auto ready = log->ensure_directory(topic_id); !ready) {
    return std::unexpected(std::move(ready.error()));
  }
  if (auto found = log->find_segments(); !found) {
    return std::unexpected(std::move(found.error()));
  }
  *log->epochs_ = LeaderEpochs::read(disk, log->directory_);
  if (auto recovered = log->recover(recovery_point, now_ms); !recovered) {
    return std::unexpected(std::move(recovered.error()));
  }
  return log;
}

// partition.metadata ties the directory to its topic: a topic of the same name made later must not adopt old data.
Result<void> Log::ensure_directory(TopicId topic_id) {
  const std::string path = directory_ + "/partition.metadata";
  const std::string wanted = fmt::format("version: 0\ntopic_id: {}", topic_id.to_string());
  if (!disk_.exists(path)) {
    if (auto made = disk_.make_directories(directory_); !made) {
      return made;
    }
    if (auto written = replace_file(disk_, path, std::as_bytes(std::span(wanted))); !written) {
      return written;
    }
    return disk_.sync_directory(parent_of(directory_));
  }
  const auto content = read_whole_file(disk_, path);
  if (!content) {
    return std::unexpected(content.error());
  }
  const std::string_view text(reinterpret_cast<const char*>(content->data()), content->size());
  if (text.find("topic_id: " + topic_id.to_string()) == std::string_view::npos) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR,
                   fmt::format("{} belongs to another topic than {}", directory_, topic_id.to_string()));
  }
  return {};
}

Result<void> Log::find_segments() {
  const auto names = disk_.list(directory_);
  if (!names) {
    return std::unexpected(names.error());
  }
  for (const std::string& name : *names) {
    const auto base = offset_in_name(name, "", ".log");
    if (!base) {
      continue;
    }
    const auto file = disk_.open(directory_ + "/" + name, OpenMode::read);
    if (!file) {
      return std::unexpected(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
      return std::unexpected(size.error());
    }
    segments_.push_back(std::make_unique<Segment>(disk_, directory_, *base, *size, config_.index_interval_bytes));
  }
  if (segments_.empty()) {
    auto first = Segment::create(disk_, directory_, Offset{0}, config_.index_interval_bytes);
    if (!first) {
      return std::unexpected(std::move(first.error()));
    }
    segments_.push_back(std::move(*first));
    directory_dirty_ = true;
  }
  return {};
}

Result<void> Log::recover(Offset recovery_point, std::int64_t now_ms) {
  log_start_offset_ = log_end_offset_ = segments_.front()->base_offset();
  active_since_ms_ = now_ms;
  // Closed segments wholly below the recovery point are as they were when they were closed.
  std::size_t first = 0;
  while (first + 1 < segments_.size() && segments_[first + 1]->base_offset() <= recovery_point) {
    ++first;
  }
  log_end_offset_ = segments_[first]->base_offset();
  for (std::size_t index = first; index < segments_.size(); ++index) {
    if (auto recovered = recover_segment(index, recovery_point); !recovered) {
      return recovered;
    }
  }
  durable_end_offset_ = log_end_offset_;
  return restore_producers(now_ms);
}

// Walks one segment: offsets and epochs must rise, and from the recovery point on every CRC must be right. What follows
// the first fault is a torn tail, never acknowledged, and is cut; below the recovery point a fault is corruption.
Result<void> Log::recover_segment(std::size_t index, Offset recovery_point) {
  Segment& segment = *segments_[index];
  LeaderEpoch last_epoch = epochs_->at(segment.base_offset() + -1);
  bool beyond_recovery_point = false;
  const auto accept = [&](const BatchAt& batch) {
    const BatchHeader& header = batch.header;
    if (header.base_offset < log_end_offset_ || header.partition_leader_epoch < last_epoch) {
      return false;
    }
    if (header.last_offset() >= recovery_point) {
      beyond_recovery_point = true;
      const auto bytes = segment.read_batch(batch);
      if (!bytes || !crc_is_right(*bytes)) {
        return false;
      }
    }
    last_epoch = header.partition_leader_epoch;
    epochs_->add(last_epoch, header.base_offset);
    log_end_offset_ = header.next_offset();
    return true;
  };
  const auto end = segment.rebuild(0, accept);
  if (!end) {
    return std::unexpected(end.error());
  }
  const bool torn = *end < segment.size_bytes();
  if (torn && log_end_offset_ < recovery_point) {
    return failure(ErrorCode::KAFKA_STORAGE_ERROR,
                   fmt::format("{} is corrupt at position {} (offset {}), below the recovery point {}",
                               segment.path("log"), *end, log_end_offset_.value, recovery_point.value));
  }
  if (torn) {
    if (auto cut = segment.truncate(*end, log_end_offset_); !cut) {
      return cut;
    }
    while (segments_.size() > index + 1) {  // all behind a tear is as unacknowledged as the tear
      if (auto removed = disk_.remove(active().path("log")); !removed) {
        return removed;
      }
      segments_.pop_back();
      directory_dirty_ = true;
    }
  }
  if (!torn && !beyond_recovery_point) {
    return {};
  }
  // What was read back may be in the page cache alone; it counts as durable only once it is synced.
  const auto file = segment.file();
  if (!file) {
    return std::unexpected(file.error());
  }
  if (auto synced = (*file)->sync_data(); !synced) {
    return synced;
  }
  return disk_.sync_directory(directory_);
}

Result<void> Log::restore_producers(std::int64_t now_ms) {
  *producers_ = {};
  Offset from = log_start_offset_;
  const auto names = disk_.list(directory_);
  if (!names) {
    return std::unexpected(names.error());
  }
  std::vector<std::pair<Offset, std::string>> snapshots;
  for (const std::string& name : *names) {
    const bool is_own = name.starts_with(own_prefix);
    const auto offset = is_own ? offset_in_name(name, own_prefix, own_suffix) : offset_in_name(name, "", kafka_suffix);
    if (offset && *offset <= log_end_offset_ && *offset > log_start_offset_) {
      snapshots.emplace_back(*offset, name);
    }
  }
  // The newest that can be read, ours before Kafka's of the same offset ('.' sorts before digits).
  std::ranges::sort(snapshots, [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first > right.first : left.second < right.second;
  });
  for (const auto& [offset, name] : snapshots) {
    const auto content = read_whole_file(disk_, directory_ + "/" + name);
    auto state = !content                       ? std::nullopt
                 : name.starts_with(own_prefix) ? ProducerState::decode(*content)
                                                : ProducerState::decode_from_kafka(*content);
    if (state) {
      *producers_ = std::move(*state);
      from = offset;
      break;
    }
  }
  return replay_producers(from, now_ms);
}

Result<void> Log::replay_producers(Offset from, std::int64_t now_ms) {
  for (std::size_t index = segment_of(from); index < segments_.size() && from < log_end_offset_; ++index) {
    Segment& segment = *segments_[index];
    const auto first = segment.find(std::max(from, segment.base_offset()));
    if (!first) {
      return std::unexpected(first.error());
    }
    if (!*first) {
      continue;
    }
    const auto walked = segment.walk((*first)->position, [&](const BatchAt& batch) {
      if (batch.header.has_producer() && !batch.header.is_control()) {
        producers_->remember(batch.header, now_ms);
      }
      return true;
    });
    if (!walked) {
      return std::unexpected(walked.error());
    }
  }
  return {};
}

Result<void> Log::write_snapshots() {
  const std::string at = fmt::format("{:020}", log_end_offset_.value);
  const std::string own = fmt::format("{}/{}{}{}", directory_, own_prefix, at, own_suffix);
  if (auto written = replace_file(disk_, own, producers_->encode()); !written) {
    return written;
  }
  const std::string kafka = fmt::format("{}/{}{}", directory_, at, kafka_suffix);
  if (auto written = replace_file(disk_, kafka, producers_->encode_for_kafka()); !written) {
    return written;
  }
  remove_old_snapshots();
  return {};
}

// Two of a kind are kept; failing to remove one costs nothing but its space.
void Log::remove_old_snapshots() {
  constexpr std::size_t kept = 2;
  const auto names = disk_.list(directory_);
  if (!names) {
    return;
  }
  for (const auto& [prefix, suffix] :
       {std::pair{own_prefix, own_suffix}, std::pair{std::string_view(), kafka_suffix}}) {
    std::vector<std::string> found;
    for (const std::string& name : *names) {
      if (offset_in_name(name, prefix, suffix)) {
        found.push_back(name);
      }
    }
    for (std::size_t i = 0; i + kept < found.size(); ++i) {  // names sort by offset
      (void)disk_.remove(directory_ + "/" + found[i]);
    }
  }
}

}  // namespace ottla
