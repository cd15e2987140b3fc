// A replica that follows: it makes its log the leader's, first by taking back what the leader does not have.
#include <algorithm>

#include "replication/mutants.h"
#include "replication/replica.h"

namespace ottla {

// On every new epoch, also of the same leader (KAFKA-7164): the first fetch compares the logs.
void Replica::become_follower(const Context& context) {
  role_ = Role::follower;
  has_more_ = true;
  retry_ms_ = -1;
  leader_high_watermark_ = leader_log_start_offset_ = Offset{-1};
  hides_last_epoch_ = mutant(Mutant::no_truncation_on_new_epoch) || mutant(Mutant::truncate_to_high_watermark);
  if (mutant(Mutant::truncate_to_high_watermark) && high_watermark_ < context.log.log_end_offset) {
    context.effects.emplace_back(replica_effect::Truncate{high_watermark_});
    return;
  }
  fetch(context);
}

// REQUIRES: none is under way. The leader may hold it only if there is nothing that it should hear soon. A damaged log
// cannot become the leader's, and must not seem to be.
void Replica::fetch(const Context& context) {
  if (context.log.is_damaged) {
    fetch_later(context, times_.fetch_backoff_ms);
    return;
  }
  fetch_under_way_ = true;
  retry_ms_ = -1;
  const LogView& log = context.log;
  context.effects.emplace_back(
      replica_effect::SendFetch{.leader = metadata_.leader,
                                .generation = generation_,
                                .current_leader_epoch = metadata_.leader_epoch,
                                .fetch_offset = log.log_end_offset,
                                .last_fetched_epoch = hides_last_epoch_ ? LeaderEpoch{} : log.epochs.latest(),
                                .durable_end_offset = log.durable_end_offset,
                                .durable_start_offset = log.durable_start_offset,
                                .has_no_room = log.has_no_room,
                                .may_wait = confirmed(log) >= log.log_end_offset});
}

// Fetches ahead while a sync runs; once there is no more to fetch, the next one waits to tell how the sync went.
void Replica::follow_on(const Context& context) {
  if (fetch_under_way_ || role_ != Role::follower) {
    return;
  }
  if (retry_ms_ >= 0 && context.now_ms < retry_ms_) {
    arm(context, retry_ms_);
    return;
  }
  if (has_more_ || retry_ms_ >= 0 || confirmed(context.log) >= context.log.log_end_offset) {
    fetch(context);
  }
}

void Replica::fetch_later(const Context& context, std::int64_t backoff_ms) {
  retry_ms_ = context.now_ms + backoff_ms;
  arm(context, retry_ms_);
}

void Replica::on(const Context& context, const FetchDone& done) {
  if (role_ != Role::follower) {
    return;
  }
  // By generation, never by epoch and offset alone: an offset may have been left and reached again since.
  const bool looks_right =
      done.current_leader_epoch == metadata_.leader_epoch && done.fetch_offset == context.log.log_end_offset;
  const bool answers =
      mutant(Mutant::generation_unchecked) ? looks_right : fetch_under_way_ && done.generation == generation_;
  if (!answers) {
    return;
  }
  fetch_under_way_ = false;
  // Damage has been found meanwhile, or the log has moved under it: it would leave a hole.
  if (context.log.is_damaged || done.fetch_offset != context.log.log_end_offset) {
    fetch(context);
    return;
  }
  if (done.error != ErrorCode::NONE) {
    on_fetch_error(context, done);
    return;
  }
  if (done.diverging_epoch.epoch.value >= 0) {
    if (mutant(Mutant::high_watermark_from_diverging_reply)) {
      leader_high_watermark_ = done.high_watermark;
      follow_high_watermark(context);
    }
    truncate(context, done.diverging_epoch);
    return;
  }
  hides_last_epoch_ = hides_last_epoch_ || mutant(Mutant::logs_compared_once);
  leader_high_watermark_ = done.high_watermark;
  leader_log_start_offset_ = done.log_start_offset;
  has_more_ = done.has_records;
  if (done.has_records) {
    context.effects.emplace_back(replica_effect::AppendFetched{});
    return;
  }
  follow_high_watermark(context);
  follow_log_start(context);
  follow_on(context);
}

void Replica::on_fetch_error(const Context& context, const FetchDone& done) {
  ++generation_;  // an answer that comes all the same is not waited for any more
  const bool leader_has_none_of_it =
      done.error == ErrorCode::OFFSET_OUT_OF_RANGE && context.log.log_end_offset < done.log_start_offset;
  const bool is_in_sync = std::ranges::find(metadata_.isr, id_) != metadata_.isr.end();
  if (leader_has_none_of_it && !is_in_sync) {
    high_watermark_ = done.log_start_offset;  // KAFKA-9491
    context.effects.emplace_back(replica_effect::StartAnew{done.log_start_offset});
    return;
  }
  const bool waits_for_metadata = done.error == ErrorCode::NOT_LEADER_OR_FOLLOWER ||
                                  done.error == ErrorCode::UNKNOWN_LEADER_EPOCH ||
                                  done.error == ErrorCode::FENCED_LEADER_EPOCH;
  fetch_later(context, waits_for_metadata ? times_.metadata_backoff_ms : times_.fetch_backoff_ms);
}

// What this log has beyond the leader's end of that epoch goes (KIP-279). If the epoch is not known here, only what is
// surely wrong goes, and the next fetch asks about the epoch that is then the last one.
void Replica::truncate(const Context& context, EpochEndOffset leaders_end) {
  const Offset log_end = context.log.log_end_offset;
  const EpochEndOffset own = context.log.epochs.floor(leaders_end.epoch, log_end);
  Offset to = std::min(leaders_end.end_offset, log_end);
  if (mutant(Mutant::one_round_of_truncation)) {
    hides_last_epoch_ = true;
  } else if (own.epoch.value >= 0) {
    to = own.epoch != leaders_end.epoch ? std::min(own.end_offset, log_end) : std::min(to, own.end_offset);
  } else if (const auto& epochs = context.log.epochs.entries(); !epochs.empty()) {
    to = std::min(to, epochs.front().start);  // all that is here is of later epochs, and none of it the leader's
  }
  if (to < high_watermark_ && metadata_.is_recovering) {
    high_watermark_ = to;
  }
  if (to < high_watermark_) {
    leave_role(context);
    role_ = Role::failed;
    context.effects.emplace_back(replica_effect::InvariantBroken{
        "a truncation below the high watermark: what was committed would be lost", to, high_watermark_});
    return;
  }
  ++generation_;
  context.effects.emplace_back(replica_effect::Truncate{to});
}

void Replica::on(const Context& context, const replica_event::Truncated& /*event*/) {
  has_more_ = true;
  if (role_ == Role::follower && !fetch_under_way_) {
    fetch(context);
  }
}

void Replica::on(const Context& context, const replica_event::AppendFailed& /*event*/) {
  if (role_ == Role::follower) {
    has_more_ = true;
    fetch_later(context, times_.fetch_backoff_ms);
  }
}

// Never back, and never used for truncation.
void Replica::follow_high_watermark(const Context& context) {
  const Offset known = std::min(leader_high_watermark_, context.log.log_end_offset);
  if (known > high_watermark_) {
    high_watermark_ = known;
    context.effects.emplace_back(replica_effect::HighWatermarkMoved{known});
  }
}

// What DeleteRecords and retention took from the leader must not come back with another one.
void Replica::follow_log_start(const Context& context) {
  const Offset start = std::min(leader_log_start_offset_, high_watermark_);
  if (start > context.log.log_start_offset) {
    context.effects.emplace_back(replica_effect::AdvanceLogStart{start});
  }
}

}  // namespace ottla
