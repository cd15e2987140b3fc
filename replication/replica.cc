#include "replication/replica.h"

#include <algorithm>

namespace ottla {

void Replica::step(std::int64_t now_ms, const ReplicaEvent& event, const LogView& log, ReplicaEffects& effects) {
  const Context context{now_ms, log, effects};
  std::visit([&](const auto& one) { on(context, one); }, event);
}

Result<LeaderEpoch> Replica::may_append(bool needs_all_acks, LeaderEpoch current_leader_epoch) const {
  if (!is_leading()) {
    return failure(ErrorCode::NOT_LEADER_OR_FOLLOWER, "this broker does not lead the partition");
  }
  if (current_leader_epoch.value >= 0 && current_leader_epoch != metadata_.leader_epoch) {
    return failure(current_leader_epoch < metadata_.leader_epoch ? ErrorCode::FENCED_LEADER_EPOCH
                                                                 : ErrorCode::UNKNOWN_LEADER_EPOCH,
                   "another leader epoch");
  }
  const IsrRequest* const pending = isr_.pending();
  if (pending != nullptr && std::ranges::find(pending->new_isr, id_, &IsrMember::broker_id) == pending->new_isr.end()) {
    return failure(ErrorCode::NOT_LEADER_OR_FOLLOWER, "this broker hands the partition over");  // who gets it has all
  }
  if (needs_all_acks && !has_enough_replicas()) {
    return failure(ErrorCode::NOT_ENOUGH_REPLICAS, "fewer in-sync replicas than min.insync.replicas");
  }
  return metadata_.leader_epoch;
}

// A reply to AlterPartition may have overtaken the metadata log; a leader epoch that is the same keeps the role of who
// has a replica. A reassignment may give one, and its cancel take it, within an epoch.
void Replica::on(const Context& context, const replica_event::MetadataChanged& event) {
  const PartitionMetadata& next = event.metadata;
  if (next.partition_epoch < metadata_.partition_epoch || next.leader_epoch < metadata_.leader_epoch) {
    return;
  }
  const bool is_newer = next.partition_epoch > metadata_.partition_epoch;
  const bool has_new_leader = next.leader_epoch > metadata_.leader_epoch;
  const bool had_part = role_ == Role::leader || role_ == Role::follower;
  metadata_ = next;
  if (role_ == Role::failed) {
    return;
  }
  const bool has_part = broker(id_) != nullptr && next.leader.value >= 0;
  if (has_new_leader || has_part != had_part) {
    leave_role(context);
    if (!has_part) {
      role_ = Role::none;
    } else if (next.leader == id_) {
      become_leader(context);
    } else {
      become_follower(context);
    }
  } else if (role_ == Role::leader) {
    if (is_newer) {
      isr_.commit(next.isr, next.partition_epoch);
    }
    for (const ReplicaBroker& one : next.replicas) {
      isr_.on_broker_epoch(one.id, one.broker_epoch);
    }
    if (leads_) {
      know_followers(context);
    }
    lead_on(context);
  }
}

void Replica::leave_role(const Context& context) {
  ++generation_;
  if (role_ == Role::leader) {
    context.effects.emplace_back(replica_effect::StepDown{});
  }
  leads_ = false;
  deleted_to_ = low_watermark_ = Offset{-1};
  without_room_since_ms_ = -1;
  fetch_under_way_ = false;
  followers_.clear();
  isr_.commit({}, metadata_.partition_epoch);
}

void Replica::on(const Context& context, const replica_event::LogAppended& /*event*/) {
  if (role_ == Role::leader) {
    without_room_since_ms_ = -1;
    advance_high_watermark(context);
  } else if (role_ == Role::follower) {
    follow_high_watermark(context);
    follow_log_start(context);
    follow_on(context);
  }
}

void Replica::on(const Context& context, const replica_event::DurableEndMoved& /*event*/) {
  if (role_ == Role::leader) {
    advance_high_watermark(context);
  } else if (role_ == Role::follower) {
    follow_on(context);
  }
}

void Replica::on(const Context& context, const replica_event::DurableStartMoved& /*event*/) {
  if (role_ == Role::leader) {
    advance_low_watermark(context);
  }
}

void Replica::on(const Context& context, const replica_event::LogFailed& /*event*/) {
  leave_role(context);
  role_ = Role::failed;
}

// What wakes it may be ahead of its clock: the timer is over all the same, else none would ever be armed again.
void Replica::on(const Context& context, const replica_event::Tick& event) {
  if (timer_ms_ >= 0 && (event.armed_for_ms == timer_ms_ || context.now_ms >= timer_ms_)) {
    timer_ms_ = -1;
  }
  if (is_leading()) {
    lead_on(context);
  } else if (role_ == Role::follower) {
    follow_on(context);
  }
}

// One timer at a time: the earliest. What it finds arms the next one.
void Replica::arm(const Context& context, std::int64_t at_ms) {
  if (timer_ms_ < 0 || at_ms < timer_ms_) {
    timer_ms_ = at_ms;
    context.effects.emplace_back(replica_effect::ArmTimer{at_ms});
  }
}

const ReplicaBroker* Replica::broker(BrokerId id) const {
  const auto found = std::ranges::find(metadata_.replicas, id, &ReplicaBroker::id);
  return found != metadata_.replicas.end() ? &*found : nullptr;
}

// What this replica itself vouches for.
Offset Replica::confirmed(const LogView& log) const {
  return metadata_.waits_for_disk ? log.durable_end_offset : log.log_end_offset;
}

}  // namespace ottla
