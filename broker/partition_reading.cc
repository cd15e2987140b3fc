// What can be asked of a partition without changing it.
#include "broker/log.h"
#include "broker/partition.h"

namespace ottla {

Result<LogSlice> Partition::slice(Offset from, std::int64_t max_bytes, bool at_least_one, ReadFrom read_from) {
  const std::lock_guard lock(mutex_);
  if (!may_be_read(read_from)) {
    return std::unexpected(why_not());
  }
  return log_->slice(from, replica_.high_watermark(), max_bytes, at_least_one);
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
  if (!may_be_read()) {
    return std::unexpected(why_not());
  }
  return log_->offset_for_timestamp(timestamp_ms, replica_.high_watermark());
}

Result<TimestampAndOffset> Partition::max_timestamp() {
  const std::lock_guard lock(mutex_);
  if (!may_be_read()) {
    return std::unexpected(why_not());
  }
  return log_->max_timestamp(replica_.high_watermark());
}

Result<EpochEndOffset> Partition::end_offset_for(LeaderEpoch epoch) {
  const std::lock_guard lock(mutex_);
  if (!may_be_read()) {
    return std::unexpected(why_not());
  }
  return log_->end_offset_for(epoch);
}

PartitionView Partition::view(ReadFrom read_from) {
  const std::lock_guard lock(mutex_);
  if (!may_be_read(read_from)) {
    return {.error = why_not().code};
  }
  const auto& epochs = log_->leader_epochs().entries();
  return {.log_start_offset = log_->log_start_offset(),
          .high_watermark = replica_.high_watermark(),
          .log_end_offset = log_->log_end_offset(),
          .leader_epoch = replica_.metadata().leader_epoch,
          .knows_end = epochs.empty() || replica_.high_watermark() >= epochs.back().start};
}

bool Partition::is_offline() {
  const std::lock_guard lock(mutex_);
  return !log_ || failed_;
}

bool Partition::is_damaged() {
  const std::lock_guard lock(mutex_);
  return (log_ && !log_->damaged().empty()) || !reported_damage_.empty();
}

std::int64_t Partition::size_bytes() {
  const std::lock_guard lock(mutex_);
  return log_ ? log_->size_bytes() : 0;
}

}  // namespace ottla
