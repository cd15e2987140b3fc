#include "broker/partition.h"

#include <utility>

#include "broker/wall_clock.h"

namespace ottla {

namespace {

// Answers to what was asked before a partition was given up come to the object that asked: generations need not go on
// from one object to the next.
constexpr std::uint64_t first_generation = 1;

// What is in the checkpoint may be some seconds old. A log start was never above the high watermark when it moved.
Offset known_high_watermark(const Log& log, const ReplicaPlace& place) {
  return std::min(std::max(place.high_watermark, log.log_start_offset()), log.log_end_offset());
}

Error stopping() { return {ErrorCode::NOT_LEADER_OR_FOLLOWER, "the broker is stopping"}; }

}  // namespace

Partition::Partition(std::string name, const PartitionKey& key, Result<std::unique_ptr<Log>> log,
                     const TopicConfig& config, Committer& committer, const ReplicaPlace& place)
    : name_(std::move(name)),
      key_(key),
      committer_(committer),
      outside_(place.outside),
      config_(std::make_shared<const TopicConfig>(config)),
      log_(log ? std::move(*log) : nullptr),
      replica_(place.self, place.times, first_generation, log_ ? known_high_watermark(*log_, place) : Offset{0}) {
  if (!log) {
    failed_ = Error{ErrorCode::KAFKA_STORAGE_ERROR, std::move(log.error().message)};
  }
}

std::shared_ptr<PendingAppend> Partition::begin_append(Core& core, AppendBatch batch, bool needs_all_acks,
                                                       LeaderEpoch current_leader_epoch) {
  auto pending = std::make_shared<PendingAppend>(batch, needs_all_acks, current_leader_epoch);
  auto& group = core.appends[this];
  group.push_back(pending);
  if (group.size() == 1) {
    core.at_end_of_turn([self = shared_from_this(), &core] {
      const auto together = std::move(core.appends.extract(self.get()).mapped());
      self->write_group(together);
      for (const auto& one : together) {
        one->done.complete(true);
      }
    });
  }
  return pending;
}

Awaitable<Result<Dispatched>> Partition::append(Core& core, AppendBatch batch, bool needs_all_acks,
                                                LeaderEpoch current_leader_epoch) {
  const auto pending = begin_append(core, batch, needs_all_acks, current_leader_epoch);
  co_await pending->done.wait();
  co_return std::move(pending->result);
}

// Each batch is judged for itself; those that may be appended go in together.
void Partition::write_group(const std::vector<std::shared_ptr<PendingAppend>>& group) {
  Turn turn(mutex_);
  std::int64_t size = 0;
  batches_.clear();
  for (const auto& one : group) {
    const auto may = failed_ ? Result<LeaderEpoch>(std::unexpected(*failed_))
                             : replica_.may_append(one->needs_all_acks, one->current_leader_epoch);
    if (!may) {
      one->result = std::unexpected(may.error());
      continue;
    }
    one->result = Dispatched{.base_offset = {}, .epoch = *may, .log_start_offset = log_->log_start_offset()};
    batches_.push_back(one->batch);
    size += static_cast<std::int64_t>(one->batch.bytes.size());
  }
  if (batches_.empty()) {
    return;
  }
  const auto refuse_all = [&](const Error& error) {
    for (const auto& one : group) {
      one->result = one->result ? std::unexpected(error) : std::move(one->result);
    }
  };
  if (const auto room = committer_.disk_space().take(size); !room) {
    refuse_all(room.error());
    refused_bytes_ = size;
    step(replica_event::NoRoom{}, turn);
    return;
  }
  refused_bytes_ = 0;
  auto results = log_->append(batches_, replica_.metadata().leader_epoch, wall_clock_ms());
  auto next = results.begin();
  for (const auto& one : group) {
    if (!one->result) {
      continue;
    }
    if (auto& result = *next++; result) {
      one->result->base_offset = result->base_offset;
    } else {
      one->result = std::unexpected(std::move(result.error()));
    }
  }
  if (log_->why_failed()) {
    lose_disk(turn, *log_->why_failed());
    return;
  }
  step(replica_event::LogAppended{}, turn);
  for (const auto& one : group) {
    if (one->result) {
      const Offset end = one->result->base_offset + one->batch.check.header.records_count;
      one->result->is_committed = end <= (one->needs_all_acks ? replica_.high_watermark() : confirmed_end());
    }
  }
  wake_followers(turn);
  plan_sync();
}

// With flush.messages above 1 the sync is not what an acknowledgement waits for, but still due. REQUIRES: mutex_.
void Partition::plan_sync() {
  const std::int64_t unsynced = log_->log_end_offset() - log_->durable_end_offset();
  if (unsynced == 0) {
    unsynced_since_ms_.reset();
  } else if (!unsynced_since_ms_) {
    unsynced_since_ms_ = wall_clock_ms();
  }
  const std::int64_t due_at = replica_.metadata().waits_for_disk ? 1 : config()->flush_messages;
  if (unsynced >= due_at && !queued_for_sync_ && !failed_) {
    queued_for_sync_ = true;
    committer_.enqueue(shared_from_this());
  }
}

std::optional<SyncJob> Partition::begin_sync() {
  const std::lock_guard lock(mutex_);
  queued_for_sync_ = false;
  return log_ && !failed_ ? log_->begin_sync() : std::nullopt;
}

void Partition::finish_sync(const SyncJob& job) {
  Turn turn(mutex_);
  if (!log_ || failed_) {
    return;
  }
  log_->finish_sync(job);
  step(replica_event::DurableEndMoved{}, turn);
  turn.commit(leader_ack_waits_, confirmed_end());
  plan_sync();
}

void Partition::fail(const Error& error) {
  Turn turn(mutex_);
  if (!failed_) {
    die(turn, error);
    carry_out(turn);
  }
}

// REQUIRES: mutex_, and that it has not failed before. Effects are left to the caller.
void Partition::die(Turn& turn, const Error& error) {
  led_when_failed_ = replica_.is_leading() ? replica_.metadata().leader_epoch : LeaderEpoch{};
  failed_ = error;
  refuse_waits(turn, error);
  if (log_) {
    log_->fail(error);
    raise(replica_event::LogFailed{});
  }
}

bool Partition::may_be_read(ReadFrom read_from) const {
  const bool follower_will_do = read_from == ReadFrom::any_replica && replica_.role() == Replica::Role::follower;
  return log_ && !is_gone() &&
         (replica_.is_leading() || (follower_will_do && !failed_) ||
          (failed_ && led_when_failed_.value >= 0 && replica_.metadata().leader_epoch == led_when_failed_));
}

Error Partition::why_not() const {
  return failed_.value_or(ending_waits_ ? stopping()
                                        : Error{ErrorCode::NOT_LEADER_OR_FOLLOWER, "this broker does not lead it"});
}

void Partition::end_waits() {
  Turn turn(mutex_);
  ending_waits_ = true;
  refuse_waits(turn, stopping());
}

Result<std::optional<DurableMark>> Partition::close() {
  const std::lock_guard lock(mutex_);
  if (!log_) {
    return std::nullopt;
  }
  if (failed_) {
    return std::unexpected(*failed_);
  }
  failed_ = stopping();
  const bool is_damaged = !log_->damaged().empty();
  const auto closed = is_damaged ? Result<void>{} : log_->close();
  const DurableMark end = log_->end_mark();
  log_.reset();
  if (!closed) {
    return std::unexpected(closed.error());
  }
  return is_damaged ? std::nullopt : std::optional(end);
}

}  // namespace ottla
