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

// Deleting what is damaged makes the log whole again; what comes then goes into a new segment.
Result<void> Log::leave_damage_behind() {
  const bool was_damaged = !damaged_.empty();
  std::erase_if(damaged_, [this](const DamagedRange& range) { return range.to <= log_start_offset_; });
  if (!was_damaged || !damaged_.empty() || active().base_offset() == log_end_offset_) {
    return {};
  }
  return start_segment();
}

Result<void> Log::remove_deleted_segments() {
  if (auto left = leave_damage_behind(); !left) {
    return left;
  }
  if (segments_.size() < 2 || segments_[1]->base_offset() > log_start_offset_) {
    return {};
  }
  // The segment that stays must not get lost when those before it are gone.
  if (auto synced = disk_.sync_directory(directory_); !synced) {
    return synced;
  }
  while (segments_.size() > 1 && segments_[1]->base_offset() <= log_start_offset_) {
    if (auto removed = segments_.front()->remove_files(); !removed) {
      return removed;
    }
    segments_.erase(segments_.begin());
  }
  const LeaderEpochs before = *epochs_;
  epochs_->truncate_start(log_start_offset_);
  return before == *epochs_ ? Result<void>{} : epochs_->write(disk_, directory_);
}

}  // namespace ottla
