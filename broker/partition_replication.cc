// The shell around the replica rules: events come from the metadata, from other brokers and from time; effects are
// carried out under the lock, each before the next. No rule is here: those are in replication/replica.h.
#include <algorithm>
#include <utility>

#include "broker/log.h"
#include "broker/partition.h"
#include "broker/wall_clock.h"

namespace ottla {

namespace {
// Less is no room; nor is less than what was refused last.
constexpr std::int64_t least_room_bytes = std::int64_t{1024} * 1024;
}  // namespace

void Partition::follow(const PartitionMetadata& metadata) {
  Turn turn(mutex_);
  if (!log_) {
    return;
  }
  step(replica_event::MetadataChanged{metadata}, turn);
  want_durable_start();
  turn.commit(leader_ack_waits_, confirmed_end());  // flush.messages may be another
  plan_sync();
}

replica_effect::AnswerFetch Partition::fetched_by(const FollowerFetch& fetch) {
  Turn turn(mutex_);
  replica_effect::AnswerFetch refusal{.token = fetch.token, .diverging_epoch = {}};
  if (!log_) {
    refusal.error = failed_->code;
    return refusal;
  }
  step(fetch, turn);
  refusal.error = ErrorCode::UNKNOWN_SERVER_ERROR;  // a fetch is always answered
  return std::exchange(answer_, std::nullopt).value_or(refusal);
}

Result<LogSlice> Partition::replica_slice(Offset from, std::int64_t max_bytes) {
  const std::lock_guard lock(mutex_);
  if (!log_ || !replica_.is_leading()) {
    return std::unexpected(why_not());
  }
  return log_->slice(from, log_->log_end_offset(), max_bytes, true);
}

bool Partition::leads_in(LeaderEpoch epoch) {
  const std::lock_guard lock(mutex_);
  return log_ && replica_.is_leading() && replica_.metadata().leader_epoch == epoch;
}

std::vector<Replica::Follower> Partition::followers() {
  const std::lock_guard lock(mutex_);
  return log_ && replica_.is_leading() ? replica_.followers() : std::vector<Replica::Follower>{};
}

void Partition::fetch_done(const FetchDone& done, std::span<const std::byte> records) {
  Turn turn(mutex_);
  fetched_ = records;
  step(done, turn);
  fetched_ = {};
}

void Partition::isr_answered(const AlterPartitionReply& reply) {
  Turn turn(mutex_);
  step(reply, turn);
}

void Partition::tick(std::int64_t armed_for_ms) {
  Turn turn(mutex_);
  step(replica_event::Tick{armed_for_ms}, turn);
}

void Partition::step(const ReplicaEvent& event, Turn& turn) {
  raise(event);
  carry_out(turn);
}

// What an effect raises is stepped at once; the effects of that come after those that are there already.
void Partition::carry_out(Turn& turn) {
  for (std::size_t at = 0; at < effects_.size(); ++at) {
    const ReplicaEffect effect = std::move(effects_[at]);
    std::visit([&](const auto& one) { run(one, turn); }, effect);
  }
  effects_.clear();
}

void Partition::raise(const ReplicaEvent& event) {
  if (log_) {
    const bool has_no_room =
        outside_ != nullptr && !committer_.disk_space().check(std::max(least_room_bytes, refused_bytes_));
    replica_.step(steady_clock_ms(), event,
                  {log_->log_start_offset(), log_->durable_start_offset(), log_->log_end_offset(),
                   log_->durable_end_offset(), log_->leader_epochs(), !log_->damaged().empty(), has_no_room},
                  effects_);
  }
}

void Partition::run(const replica_effect::AssignEpoch& effect, Turn& turn) {
  if (const auto assigned = log_->assign_epoch(effect.epoch); !assigned) {
    lose_disk(turn, assigned.error());
    return;
  }
  if (log_->latest_epoch() != effect.epoch) {
    logger().error("{}: the log knows leader epoch {}, the metadata {}: it cannot be led", name_,
                   log_->latest_epoch().value, effect.epoch.value);
  }
  raise(replica_event::EpochAssigned{});
}

void Partition::run(const replica_effect::Truncate& effect, Turn& turn) {
  const Offset before = log_->log_end_offset();
  if (const auto done = log_->truncate_to(effect.to); !done) {
    lose_disk(turn, done.error());
    return;
  }
  if (log_->log_end_offset() < before) {
    logger().info("{}: offsets {} to {} are not the leader's and were cut", name_, log_->log_end_offset().value,
                  before.value);
  }
  plan_sync();
  raise(replica_event::Truncated{});
}

void Partition::run(const replica_effect::StartAnew& effect, Turn& turn) {
  logger().warn("{}: the leader has nothing below offset {} any more; what ended at {} is given up", name_,
                effect.at.value, log_->log_end_offset().value);
  if (const auto done = log_->start_anew_at(effect.at); !done) {
    lose_disk(turn, done.error());
    return;
  }
  want_durable_start();
  raise(replica_event::Truncated{});
}

void Partition::run(const replica_effect::AppendFetched& /*effect*/, Turn& turn) {
  auto done = committer_.disk_space().take(static_cast<std::int64_t>(fetched_.size()));
  refused_bytes_ = done ? 0 : static_cast<std::int64_t>(fetched_.size());
  done = done ? log_->append_replicated(fetched_, wall_clock_ms()) : done;
  if (!done && !std::exchange(cannot_append_fetched_, true)) {
    logger().error("{}: what the leader has cannot be appended: {}", name_, done.error().message);
  }
  if (done) {
    cannot_append_fetched_ = false;
  }
  if (log_->why_failed()) {
    lose_disk(turn, *log_->why_failed());
    return;
  }
  plan_sync();
  raise(done ? ReplicaEvent(replica_event::LogAppended{}) : replica_event::AppendFailed{});
}

void Partition::run(const replica_effect::SendFetch& effect, Turn& /*turn*/) {
  if (outside_ != nullptr) {
    outside_->send_fetch(shared_from_this(), effect);
  }
}

void Partition::run(const replica_effect::AnswerFetch& effect, Turn& /*turn*/) { answer_ = effect; }

void Partition::run(const replica_effect::SendAlterPartition& effect, Turn& /*turn*/) {
  if (outside_ != nullptr) {
    auto request = effect;
    request.change.partition_index = key_.index;
    outside_->send_alter_partition(shared_from_this(), request);
  }
}

void Partition::run(const replica_effect::HighWatermarkMoved& effect, Turn& turn) {
  turn.commit(all_acks_waits_, effect.high_watermark);
  turn.wake(fetch_waits_);
  wake_followers(turn);
}

void Partition::run(const replica_effect::StepDown& /*effect*/, Turn& turn) {
  refuse_waits(turn, {ErrorCode::NOT_LEADER_OR_FOLLOWER, "another broker leads the partition now"});
}

void Partition::run(const replica_effect::LowWatermarkMoved& effect, Turn& turn) {
  turn.commit(delete_waits_, effect.low_watermark);
}

void Partition::run(const replica_effect::AdvanceLogStart& effect, Turn& /*turn*/) {
  log_->advance_log_start(effect.to);
  want_durable_start();
}

// The leader waits for it before it says that records are deleted, and takes no replica into the ISR without.
void Partition::want_durable_start() {
  if (outside_ != nullptr && log_ && log_->durable_start_offset() < log_->log_start_offset()) {
    outside_->make_log_starts_durable();
  }
}

void Partition::run(const replica_effect::ArmTimer& effect, Turn& /*turn*/) {
  if (outside_ != nullptr) {
    outside_->arm_timer(shared_from_this(), effect.at_ms);
  }
}

// To go on would be to lose data; the others of this broker need not stop for it.
void Partition::run(const replica_effect::InvariantBroken& effect, Turn& turn) {
  logger().critical("{}: {} ({}, {})", name_, effect.what, effect.offset.value, effect.limit.value);
  go_offline(turn, {ErrorCode::KAFKA_STORAGE_ERROR, std::string(effect.what)});
}

// As in Kafka, one partition that the disk fails is enough to give up its directory: others must lead what is there.
void Partition::lose_disk(Turn& turn, const Error& error) {
  go_offline(turn, error);
  committer_.give_up({ErrorCode::KAFKA_STORAGE_ERROR, name_ + ": " + error.message});
}

// Whatever else the disk says then, the log's last word stands until the next start.
void Partition::go_offline(Turn& turn, const Error& error) {
  logger().error("{} is offline: {}", name_, error.message);
  if (!failed_) {
    die(turn, {ErrorCode::KAFKA_STORAGE_ERROR, error.message});
  }
}

}  // namespace ottla
