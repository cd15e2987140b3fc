// What is done to a partition beside writing and reading: settings, retention, compaction, deleted records.
#include <fmt/format.h>

#include <utility>

#include "broker/log.h"
#include "broker/partition.h"
#include "storage/compaction.h"

namespace ottla {

std::shared_ptr<const TopicConfig> Partition::config() const {
  const std::lock_guard lock(config_mutex_);
  return config_;
}

void Partition::set_config(const TopicConfig& config) {
  const std::lock_guard lock(mutex_);
  {
    const std::lock_guard config_lock(config_mutex_);
    config_ = std::make_shared<const TopicConfig>(config);
  }
  if (log_ && !failed_) {
    log_->set_config(config.log);
    plan_sync();
  }
}

std::vector<ProducerState::LastBatch> Partition::producers() {
  const std::lock_guard lock(mutex_);
  return log_ ? log_->producers().last_batches() : std::vector<ProducerState::LastBatch>{};
}

void Partition::expire_producers(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (log_) {
    log_->expire_producers(now_ms);
  }
}

std::optional<Partition::LogState> Partition::log_state() {
  const std::lock_guard lock(mutex_);
  if (!log_) {
    return std::nullopt;
  }
  // Below a start that is not durable a follower may have what was never the leader's: no start shows it.
  const Offset durable_start = log_->durable_start_offset();
  const bool has_durable_start = durable_start >= log_->log_start_offset();
  return LogState{!log_->damaged().empty(), log_->log_start_offset(), log_->durable_end_offset(), log_->cleaned_to(),
                  has_durable_start ? replica_.high_watermark() : durable_start};
}

Result<Offset> Partition::delete_records(Offset offset) {
  Turn turn(mutex_);
  if (!may_be_read()) {
    return std::unexpected(why_not());
  }
  if (const LogConfig& config = log_->config(); !config.deletes && config.compacts && log_->damaged().empty()) {
    return failure(ErrorCode::POLICY_VIOLATION, "the records of a topic that is only compacted are not deleted");
  }
  const Offset high_watermark = replica_.high_watermark();
  if (offset > high_watermark || offset < Offset{-1}) {
    return failure(ErrorCode::OFFSET_OUT_OF_RANGE,
                   fmt::format("offset {} is above the high watermark {}", offset.value, high_watermark.value));
  }
  const Offset before = log_->log_start_offset();
  log_->advance_log_start(offset == Offset{-1} ? high_watermark : offset);
  if (log_->log_start_offset() != before) {
    logger().info("{}: DeleteRecords: begins at offset {}, before at {}", name_, log_->log_start_offset().value,
                  before.value);
  }
  const Offset start = log_->log_start_offset();
  wake_followers(turn);
  return start;
}

Result<bool> Partition::apply_retention(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (!log_ || failed_) {
    return false;
  }
  const Offset before = log_->log_start_offset();
  if (auto applied = log_->apply_retention(now_ms, replica_.high_watermark()); !applied) {
    return std::unexpected(std::move(applied.error()));
  }
  if (log_->log_start_offset() != before) {
    logger().info("{}: retention: begins at offset {}, before at {}", name_, log_->log_start_offset().value,
                  before.value);
  }
  return log_->durable_start_offset() < log_->log_start_offset();
}

Result<void> Partition::remove_deleted_segments(Offset durable_start) {
  Turn turn(mutex_);
  if (!log_ || failed_) {
    return {};
  }
  const Offset before = log_->durable_start_offset();
  auto removed = log_->remove_deleted_segments(durable_start);
  if (log_->durable_start_offset() != before) {
    step(replica_event::DurableStartMoved{}, turn);
  }
  return removed;
}

void Partition::sync_what_is_old(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (log_ && !failed_ && !queued_for_sync_ && unsynced_since_ms_ &&
      now_ms - *unsynced_since_ms_ >= config()->flush_ms) {
    queued_for_sync_ = true;
    committer_.enqueue(shared_from_this());
  }
}

void Partition::drop_closed_indexes() {
  const std::lock_guard lock(mutex_);
  if (log_) {
    log_->drop_closed_indexes();
  }
}

Result<bool> Partition::compact(Disk& disk, std::int64_t now_ms, std::size_t key_map_max_bytes,
                                const std::function<bool()>& goes_on) {
  std::optional<CompactionPlan> plan;
  {
    const std::lock_guard lock(mutex_);
    if (!log_ || failed_) {
      return false;
    }
    auto planned = log_->plan_compaction(now_ms, replica_.high_watermark());
    if (!planned) {
      return std::unexpected(std::move(planned.error()));
    }
    plan = std::move(*planned);
  }
  if (!plan) {
    return false;
  }
  std::int64_t most_bytes = 0;
  for (const auto& source : plan->sources) {
    most_bytes += source.size_bytes;
  }
  if (const auto room = committer_.disk_space().check(most_bytes); !room) {  // the reserve is not for this
    return std::unexpected(room.error());
  }
  const auto compacted = ottla::compact(disk, plan->directory, config()->log, *plan, key_map_max_bytes, goes_on);
  if (!compacted) {
    return std::unexpected(compacted.error());
  }
  const std::lock_guard lock(mutex_);
  auto installed = log_ && !failed_ ? log_->install(*compacted) : Result<void>{};
  discard_compaction(disk, plan->directory);  // what was not installed
  return installed ? Result<bool>(true) : std::unexpected(std::move(installed.error()));
}

}  // namespace ottla
