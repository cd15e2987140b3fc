// A replica that leads: it answers followers, knows what they have, and says what is committed.
#include <algorithm>

#include "replication/mutants.h"
#include "replication/replica.h"

namespace ottla {

void Replica::become_leader(const Context& context) {
  role_ = Role::leader;
  context.effects.emplace_back(replica_effect::AssignEpoch{metadata_.leader_epoch});
}

// The high watermark stays where it was as a follower; it is usually behind the true one, and catches up.
void Replica::on(const Context& context, const replica_event::EpochAssigned& /*event*/) {
  if (role_ != Role::leader || leads_ || context.log.epochs.latest() != metadata_.leader_epoch) {
    return;
  }
  leads_ = true;
  epoch_start_offset_ = context.log.log_end_offset;
  first_log_start_offset_ = context.log.log_start_offset;
  isr_.commit(metadata_.isr, metadata_.partition_epoch);
  know_followers(context);
  lead_on(context);
}

// Those that the metadata name; a reassignment adds some within an epoch.
void Replica::know_followers(const Context& context) {
  std::erase_if(followers_, [this](const Follower& one) { return broker(one.id) == nullptr; });
  for (const ReplicaBroker& one : metadata_.replicas) {
    if (one.id != id_ && std::ranges::find(followers_, one.id, &Follower::id) == followers_.end()) {
      followers_.push_back({.id = one.id,
                            .last_caught_up_ms = context.now_ms,
                            .was_caught_up = isr_.has(one.id),
                            .mark = context.log.log_end_offset,
                            .mark_ms = context.now_ms});
    }
  }
}

void Replica::lead_on(const Context& context) {
  if (!leads_) {
    return;
  }
  advance_high_watermark(context);
  advance_low_watermark(context);
  IsrRequest* const pending = isr_.pending();
  if (pending == nullptr) {
    maybe_shrink(context);
  } else if (!pending->is_answered_by_log && context.now_ms - pending->sent_ms >= times_.alter_partition_retry_ms) {
    isr_.on_timeout();
    if (IsrRequest* const still_pending = isr_.pending()) {
      send_alter_partition(context, *still_pending);
    }
  }
  arm(context, context.now_ms + (isr_.pending() != nullptr ? times_.alter_partition_retry_ms
                                                           : std::max<std::int64_t>(1, times_.lag_time_max_ms / 2)));
}

// In this order: who it is, which epoch it speaks of, which incarnation it is.
ErrorCode Replica::check_fetch(const FollowerFetch& fetch) const {
  if (role_ == Role::failed) {
    return ErrorCode::KAFKA_STORAGE_ERROR;
  }
  if (!is_leading() || fetch.replica == id_) {
    return ErrorCode::NOT_LEADER_OR_FOLLOWER;
  }
  const ReplicaBroker* const known = broker(fetch.replica);
  const auto follower = std::ranges::find(followers_, fetch.replica, &Follower::id);
  if (known == nullptr || follower == followers_.end()) {
    return ErrorCode::UNKNOWN_LEADER_EPOCH;
  }
  if (fetch.current_leader_epoch != metadata_.leader_epoch && !mutant(Mutant::fetch_epoch_unchecked) &&
      !mutant(Mutant::logs_compared_once)) {
    return fetch.current_leader_epoch < metadata_.leader_epoch ? ErrorCode::FENCED_LEADER_EPOCH
                                                               : ErrorCode::UNKNOWN_LEADER_EPOCH;
  }
  // Also an incarnation whose successor has spoken already, before the metadata tell of it.
  return fetch.broker_epoch < std::max(known->broker_epoch, follower->broker_epoch) ? ErrorCode::STALE_BROKER_EPOCH
                                                                                    : ErrorCode::NONE;
}

// True if there is nothing to be read from that offset; the answer says why.
bool Replica::diverges(const FollowerFetch& fetch, const LogView& log, replica_effect::AnswerFetch& answer) const {
  if (fetch.fetch_offset < log.log_start_offset) {
    answer.error = ErrorCode::OFFSET_OUT_OF_RANGE;
    return true;
  }
  if (fetch.last_fetched_epoch.value < 0) {
    answer.error = fetch.fetch_offset > log.log_end_offset ? ErrorCode::OFFSET_OUT_OF_RANGE : ErrorCode::NONE;
    return answer.error != ErrorCode::NONE;
  }
  const EpochEndOffset end = log.epochs.end_offset_for(fetch.last_fetched_epoch, log.log_end_offset);
  if (end.epoch.value < 0) {
    answer.error = ErrorCode::OFFSET_OUT_OF_RANGE;
    return true;
  }
  if (end.epoch < fetch.last_fetched_epoch || end.end_offset < fetch.fetch_offset) {
    answer.diverging_epoch = end;
    return true;
  }
  return false;
}

void Replica::on(const Context& context, const FollowerFetch& fetch) {
  replica_effect::AnswerFetch answer{.token = fetch.token,
                                     .error = check_fetch(fetch),
                                     .diverging_epoch = {},
                                     .high_watermark = high_watermark_,
                                     .log_start_offset = context.log.log_start_offset,
                                     .read_from = fetch.fetch_offset};
  if (answer.error == ErrorCode::NONE) {
    // A follower whose log differs has told nothing that counts (KAFKA-13141).
    if (!diverges(fetch, context.log, answer) || mutant(Mutant::diverging_fetch_counts)) {
      note_fetch(context, fetch);
      answer.high_watermark = high_watermark_;
    }
  }
  context.effects.emplace_back(answer);
}

void Replica::note_fetch(const Context& context, const FollowerFetch& fetch) {
  Follower& follower = *std::ranges::find(followers_, fetch.replica, &Follower::id);
  const Offset log_end = context.log.log_end_offset;
  if (fetch.broker_epoch > follower.broker_epoch) {  // another incarnation: what the one before had is not said of it
    follower.broker_epoch = fetch.broker_epoch;
    follower.log_end_offset = follower.durable_end_offset = Offset{-1};
  }
  follower.log_end_offset = std::max(follower.log_end_offset, fetch.fetch_offset);
  follower.durable_end_offset =
      std::max(follower.durable_end_offset, std::min(fetch.durable_end_offset, fetch.fetch_offset));
  follower.durable_start_offset = fetch.durable_start_offset;
  follower.has_no_room = fetch.has_no_room;
  follower.received_ms = fetch.received_ms;
  const Offset claimed = confirmed(follower);
  if (claimed >= log_end || claimed >= follower.mark) {
    follower.last_caught_up_ms = claimed >= log_end ? context.now_ms : follower.mark_ms;
    follower.was_caught_up = true;
    follower.mark = log_end;
    follower.mark_ms = context.now_ms;
  }
  maybe_expand(context, follower);
  if (follower.has_no_room && isr_.has(follower.id) && isr_.pending() == nullptr) {
    maybe_shrink(context);
  }
  maybe_hand_over(context, follower);
  advance_high_watermark(context);
  advance_low_watermark(context);
}

// What it vouches for, by its own settings and not by the leader's.
Offset Replica::confirmed(const Follower& follower) const {
  const ReplicaBroker* const known = broker(follower.id);
  const bool waits = (known == nullptr || known->waits_for_disk) && !mutant(Mutant::high_watermark_on_log_end);
  return waits ? follower.durable_end_offset : follower.log_end_offset;
}

bool Replica::has_enough_replicas() const {
  const auto in_sync = std::ranges::count_if(isr_.committed(), [this](BrokerId id) { return isr_.has(id); });
  return static_cast<std::size_t>(in_sync) >= metadata_.effective_min_isr;
}

bool Replica::may_join(const Follower& follower) const {
  const ReplicaBroker* const known = broker(follower.id);
  return known != nullptr && known->may_join_isr &&
         (known->broker_epoch == follower.broker_epoch || mutant(Mutant::expand_without_broker_epoch));
}

bool Replica::is_caught_up(const Follower& follower, const Context& context) const {
  return confirmed(follower) >= context.log.log_end_offset ||
         (follower.was_caught_up && !follower.has_no_room &&
          context.now_ms - follower.last_caught_up_ms <= times_.lag_time_max_ms);
}

// Below min.insync.replicas nothing is committed (KIP-966), whoever has acknowledged it: else a member of the ELR might
// lack it. A follower that has nearly caught up is waited for, or it never would (Kafka does so, too).
void Replica::advance_high_watermark(const Context& context) {
  if (!leads_ || (!has_enough_replicas() && !mutant(Mutant::high_watermark_under_min_isr))) {
    return;
  }
  const bool counts_written = mutant(Mutant::high_watermark_on_log_end) || mutant(Mutant::leader_acks_before_sync);
  Offset candidate = counts_written ? context.log.log_end_offset : confirmed(context.log);
  Offset second = candidate;
  for (const Follower& follower : followers_) {
    if (isr_.counts(follower.id) || (is_caught_up(follower, context) && may_join(follower))) {
      const Offset has = confirmed(follower);
      second = std::min(second, std::max(candidate, has));
      candidate = std::min(candidate, has);
    }
  }
  if (mutant(Mutant::high_watermark_ignores_a_member) && isr_.greatest_size() > 2) {
    candidate = second;
  }
  if (candidate > high_watermark_) {
    high_watermark_ = candidate;
    context.effects.emplace_back(replica_effect::HighWatermarkMoved{candidate});
  }
}

void Replica::on(const Context& context, const replica_event::RecordsDeleted& event) {
  if (leads_) {
    deleted_to_ = std::max(deleted_to_, event.to);
    advance_low_watermark(context);
  }
}

// Below min.insync.replicas it stands still, too: a member of the ELR might have what is deleted.
void Replica::advance_low_watermark(const Context& context) {
  if (!leads_ || low_watermark_ >= deleted_to_ || !has_enough_replicas()) {
    return;
  }
  Offset candidate = std::min(deleted_to_, context.log.durable_start_offset);
  for (const Follower& follower : followers_) {
    if (isr_.counts(follower.id) && !mutant(Mutant::low_watermark_ignores_followers)) {
      candidate = std::min(candidate, follower.durable_start_offset);
    }
  }
  if (candidate > low_watermark_) {
    low_watermark_ = candidate;
    context.effects.emplace_back(replica_effect::LowWatermarkMoved{candidate});
  }
}

}  // namespace ottla
