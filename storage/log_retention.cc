// The start of a log: what is deleted, and when its files go.
#include <algorithm>

#include "storage/leader_epochs.h"
#include "storage/log.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace ottla {

void Log::advance_log_start(Offset offset) {
  log_start_offset_ = std::max(log_start_offset_, std::min(offset, log_end_offset_));
}

Result<void> Log::apply_retention(std::int64_t now_ms, Offset high_watermark) {
  if (!config_.deletes || failed_) {
    return {};
  }
  std::int64_t size = size_bytes();
  std::size_t expired = 0;
  for (; expired < segments_.size(); ++expired) {
    Segment& segment = *segments_[expired];
    const bool is_active = expired + 1 == segments_.size();
    const Offset end = is_active ? log_end_offset_ : segments_[expired + 1]->base_offset();
    const auto newest_ms = segment.max_timestamp_ms();
    if (!newest_ms) {
      return std::unexpected(newest_ms.error());
    }
    if (!is_active) {
      segment.drop_indexes();
    }
    const bool is_old = config_.retention_ms >= 0 && *newest_ms >= 0 && now_ms - *newest_ms > config_.retention_ms;
    const bool is_too_much = config_.retention_bytes >= 0 && size - segment.size_bytes() >= config_.retention_bytes;
    if (end > high_watermark || (is_active && segment.size_bytes() == 0) || (!is_old && !is_too_much)) {
      break;
    }
    size -= segment.size_bytes();
  }
  if (expired == segments_.size()) {
    if (auto rolled = roll(now_ms); !rolled) {
      return rolled;
    }
  }
  advance_log_start(segments_[expired]->base_offset());
  return {};
}

void Log::drop_closed_indexes() {
  for (std::size_t index = 0; index + 1 < segments_.size(); ++index) {
    segments_[index]->drop_indexes();
  }
}

// Deleting what is damaged makes the log whole again. Nothing is written behind damage in one and the same segment; and
// the producers had been left out as long as nothing could be written.
Result<void> Log::leave_damage_behind(Offset start) {
  const auto is_left = [start](const DamagedRange& range) { return range.to <= start; };
  const bool in_active = std::ranges::any_of(
      damaged_, [this](const DamagedRange& range) { return range.segment == active().base_offset(); });
  if (std::erase_if(damaged_, is_left) == 0 || !damaged_.empty()) {
    return {};
  }
  if (auto started = in_active ? start_segment(log_end_offset_) : Result<void>{}; !started) {
    return started;
  }
  return restore_producers();
}

Result<void> Log::remove_deleted_segments(Offset durable_start) {
  const Offset start = std::min(durable_start, log_start_offset_);
  durable_start_offset_ = std::max(durable_start_offset_, start);
  if (auto left = leave_damage_behind(start); !left) {
    return left;
  }
  if (segments_.size() < 2 || segments_[1]->base_offset() > start) {
    return {};
  }
  // The segment that stays must not get lost when those before it are gone.
  if (auto synced = disk_.sync_directory(directory_); !synced) {
    return synced;
  }
  while (segments_.size() > 1 && segments_[1]->base_offset() <= start) {
    if (auto removed = segments_.front()->remove_files(); !removed) {
      return removed;
    }
    segments_.erase(segments_.begin());
  }
  const LeaderEpochs before = epochs_;
  epochs_.truncate_start(start);
  return before == epochs_ ? Result<void>{} : write_leader_epochs(disk_, directory_, epochs_);
}

}  // namespace ottla
