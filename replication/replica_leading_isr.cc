// A leader's ISR: who may join, who has to leave, and what is asked of the controller.
#include <algorithm>

#include "replication/mutants.h"
#include "replication/replica.h"

namespace ottla {

// A new leader's high watermark lags: only from the start of its epoch on has a follower all that was committed
// (KAFKA-7128). Below min.insync.replicas the high watermark stands still, so to have reached it says little
// (KAFKA-19996). What has been deleted must not come back with a joiner, nor what this leader did not
// have when it began and could not compare; what retention has taken since is no such promise. After an unclean
// election a longer log, of which retention had left only what was cut, begins behind what this leader has written
// since.
void Replica::maybe_expand(const Context& context, const Follower& follower) {
  const Offset has = confirmed(follower);
  const bool has_all =
      has >= high_watermark_ && (has >= epoch_start_offset_ || mutant(Mutant::expand_before_epoch_start));
  const bool has_deleted = follower.durable_start_offset >= std::max(first_log_start_offset_, low_watermark_) ||
                           mutant(Mutant::expand_with_what_is_deleted);
  const bool begins_behind = metadata_.is_recovering && follower.durable_start_offset >
                                                            std::max(context.log.log_start_offset, epoch_start_offset_);
  if (isr_.pending() != nullptr || isr_.has(follower.id) || !has_all || !has_deleted || begins_behind ||
      !may_join(follower) || (!has_enough_replicas() && !is_caught_up(follower, context))) {
    return;
  }
  std::vector<IsrMember> new_isr = with_epochs(isr_.committed());
  new_isr.push_back({follower.id, follower.broker_epoch});
  send_alter_partition(context, isr_.expand(follower.id, std::move(new_isr), next_token_++));
}

// Also a follower that fetches and cannot sync drops out; one whose disk is full at once.
void Replica::maybe_shrink(const Context& context) {
  BrokerIds leavers;
  BrokerIds left{id_};
  for (const Follower& follower : followers_) {
    if (isr_.has(follower.id)) {
      (is_caught_up(follower, context) ? left : leavers).push_back(follower.id);
    }
  }
  if (!leavers.empty()) {
    send_alter_partition(context, isr_.shrink(std::move(leavers), with_epochs(left), next_token_++));
  }
}

void Replica::on(const Context& context, const replica_event::NoRoom& /*event*/) {
  if (leads_ && without_room_since_ms_ < 0) {
    without_room_since_ms_ = context.now_ms;
  }
}

// To who has been heard since, has room, and all that is here; nothing is appended from here on. One that hangs must
// not become the only one in sync.
void Replica::maybe_hand_over(const Context& context, const Follower& follower) {
  const auto may_take_over = [&](const Follower& one) {
    return isr_.has(one.id) && !one.has_no_room && confirmed(one) >= context.log.log_end_offset &&
           context.now_ms - one.received_ms <= times_.heard_lately_ms;
  };
  if (without_room_since_ms_ < 0 || follower.received_ms <= without_room_since_ms_ || isr_.pending() != nullptr ||
      !may_take_over(follower)) {
    return;
  }
  BrokerIds others;
  for (const Follower& one : followers_) {
    if (may_take_over(one)) {
      others.push_back(one.id);
    }
  }
  send_alter_partition(context, isr_.shrink({id_}, with_epochs(others), next_token_++));
}

std::vector<IsrMember> Replica::with_epochs(const BrokerIds& ids) const {
  std::vector<IsrMember> members;
  for (const BrokerId id : ids) {
    const ReplicaBroker* const known = broker(id);
    members.push_back({id, known != nullptr ? known->broker_epoch : BrokerEpoch{}});
  }
  return members;
}

void Replica::send_alter_partition(const Context& context, IsrRequest& request) {
  request.sent_ms = context.now_ms;
  context.effects.emplace_back(
      replica_effect::SendAlterPartition{.token = request.token,
                                         .change = {.leader_epoch = metadata_.leader_epoch,
                                                    .new_isr = request.new_isr,
                                                    .leader_recovery_state = LeaderRecoveryState::recovered,
                                                    .partition_epoch = request.partition_epoch}});
  arm(context, context.now_ms + times_.alter_partition_retry_ms);
}

void Replica::on(const Context& context, const AlterPartitionReply& reply) {
  if (!leads_ || !isr_.on_reply(reply, metadata_.leader_epoch)) {
    return;
  }
  metadata_.isr = isr_.committed();
  metadata_.partition_epoch = isr_.partition_epoch();
  lead_on(context);
}

}  // namespace ottla
