// The producer state of a log: restored from the newest snapshot that can be read and the batches behind it.
#include <fmt/format.h>

#include <algorithm>

#include "storage/log.h"
#include "storage/log_file_names.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

namespace {

constexpr std::string_view own_prefix = ".ottla-";
constexpr std::string_view own_suffix = ".producers";
constexpr std::string_view kafka_suffix = ".snapshot";

}  // namespace

Result<void> Log::restore_producers() {
  const auto names = disk_.list(directory_);
  return names ? restore_producers(*names) : std::unexpected(names.error());
}

// Those that are found in the log count as seen now: none of them may expire earlier for it. Some of `names` may have
// gone since.
Result<void> Log::restore_producers(const std::vector<std::string>& names) {
  *producers_ = {};
  Offset from = log_start_offset_;
  std::vector<std::pair<Offset, std::string>> snapshots;
  bool has_removed = false;
  for (const std::string& name : names) {
    const bool is_own = name.starts_with(own_prefix);
    const auto offset = is_own ? offset_in_name(name, own_prefix, own_suffix) : offset_in_name(name, "", kafka_suffix);
    if (offset && *offset > log_end_offset_) {  // of a tail that was cut: it must not count for what comes instead
      has_removed = true;
      const std::string path = directory_ + "/" + name;
      if (auto removed = disk_.exists(path) ? disk_.remove(path) : Result<void>{}; !removed) {
        return removed;
      }
    }
    // Kafka's snapshot knows one batch of each producer, a replay five: it counts only where a replay cannot see all.
    const bool is_of_use = is_own || !has_no_gaps_;
    if (offset && is_of_use && *offset <= log_end_offset_ && *offset > log_start_offset_) {
      snapshots.emplace_back(*offset, name);
    }
  }
  if (has_removed) {
    if (auto synced = disk_.sync_directory(directory_); !synced) {
      return synced;
    }
  }
  if (!damaged_.empty()) {
    return {};  // nothing will be appended, so nobody will ask
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
  return replay_producers(from);
}

Result<void> Log::replay_producers(Offset from) {
  for (std::size_t index = segment_of(from); index < segments_.size() && from < log_end_offset_; ++index) {
    Segment& segment = *segments_[index];
    const auto first = segment.find(std::max(from, segment.base_offset()));
    if (!first && first.error().code == ErrorCode::CORRUPT_MESSAGE) {
      producers_->forget_some();
      continue;  // below the recovery point nobody has looked yet: whoever reads it will be told
    }
    if (!first) {
      return std::unexpected(first.error());
    }
    if (!*first) {
      continue;
    }
    const auto walked = segment.walk((*first)->position, [&](const BatchAt& batch) {
      if (batch.header.has_producer() && !batch.header.is_control()) {
        producers_->remember(batch.header, latest_now_ms_);
      }
      return true;
    });
    if (!walked) {
      return std::unexpected(walked.error());
    }
    if (*walked < segment.size_bytes()) {  // damage on the way, of which nobody knows yet
      producers_->forget_some();
    }
  }
  return {};
}

// Not synced: a snapshot carries its CRC, and without it an older one is read.
Result<void> Log::write_snapshots() {
  const std::string at = fmt::format("{:020}", log_end_offset_.value);
  const std::string own = fmt::format("{}/{}{}{}", directory_, own_prefix, at, own_suffix);
  if (auto written = write_whole_file(disk_, own, producers_->encode()); !written) {
    return written;
  }
  const std::string kafka = fmt::format("{}/{}{}", directory_, at, kafka_suffix);
  if (auto written = write_whole_file(disk_, kafka, producers_->encode_for_kafka()); !written) {
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
