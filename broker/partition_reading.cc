// What can be asked of a partition without changing it.
#include "broker/log.h"
#include "broker/partition.h"

namespace ottla {

Result<LogSlice> Partition::slice(Offset from, std::int64_t max_bytes, bool at_least_one) {
  const std::lock_guard lock(mutex_);
  if (!log_) {
    return std::unexpected(*failed_);
  }
  return log_->slice(from, leader_.high_watermark(), max_bytes, at_least_one);
}

void Partition::report_damage(const Error& damage) {
  constexpr std::size_t most = 100;  // enough to see that the disk is dying
  if (damage.code != ErrorCode::CORRUPT_MESSAGE) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (reported_damage_.size() < most && reported_damage_.insert(damage.message).second) {
    logger().error("{}: {}; readers of these records get CORRUPT_MESSAGE", name_, damage.message);
  }
}

Result<TimestampAndOffset> Partition::offset_for_timestamp(std::int64_t timestamp_ms) {
  const std::lock_guard lock(mutex_);
  if (!log_) {
    return std::unexpected(*failed_);
  }
  return log_->offset_for_timestamp(timestamp_ms, leader_.high_watermark());
}

Result<TimestampAndOffset> Partition::max_timestamp() {
  const std::lock_guard lock(mutex_);
  if (!log_) {
    return std::unexpected(*failed_);
  }
  return log_->max_timestamp(leader_.high_watermark());
}

EpochEndOffset Partition::end_offset_for(LeaderEpoch epoch) {
  const std::lock_guard lock(mutex_);
  return log_ ? log_->end_offset_for(epoch) : EpochEndOffset{};
}

PartitionView Partition::view() {
  const std::lock_guard lock(mutex_);
  if (!log_ || is_gone()) {
    return {.error = failed_->code};
  }
  return {.log_start_offset = log_->log_start_offset(),
          .high_watermark = leader_.high_watermark(),
          .log_end_offset = log_->log_end_offset(),
          .leader_epoch = leader_.epoch()};
}

std::int64_t Partition::size_bytes() {
  const std::lock_guard lock(mutex_);
  return log_ ? log_->size_bytes() : 0;
}

}  // namespace ottla
