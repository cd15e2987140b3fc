// For who walks states and must know those it has seen: all that decides what a replica does next, as numbers.
//
// Left out: generations and tokens, which are only compared for being the same (who holds an answer back knows whether
// it is to what was asked last), and the timer, for a Tick may come at any time. Times are told as they lie behind now.
#pragma once

#include <utility>

#include "replication/replica.h"

namespace ottla {

template <class Add>
void add_metadata(const PartitionMetadata& metadata, const Add& add) {
  add(metadata.leader.value);
  add(metadata.leader_epoch.value);
  add(metadata.partition_epoch.value);
  add(static_cast<std::int64_t>(metadata.replicas.size()));
  for (const ReplicaBroker& one : metadata.replicas) {
    add(one.id.value);
    add(one.broker_epoch.value);
    add((one.may_join_isr ? 1 : 0) + (one.waits_for_disk ? 2 : 0));
  }
  add(static_cast<std::int64_t>(metadata.isr.size()));
  for (const BrokerId id : metadata.isr) {
    add(id.value);
  }
  add((metadata.is_recovering ? 1 : 0) + (metadata.waits_for_disk ? 2 : 0));
  add(static_cast<std::int64_t>(metadata.effective_min_isr));
}

template <class Add>
void add_isr(const Isr& isr, std::int64_t now_ms, const Add& add) {
  add(isr.partition_epoch().value);
  add(static_cast<std::int64_t>(isr.committed().size()));
  for (const BrokerId id : isr.committed()) {
    add(id.value);
  }
  const IsrRequest* const pending = isr.pending();
  if (pending == nullptr) {
    add(0);
    return;
  }
  add(static_cast<std::int64_t>(pending->new_isr.size()));  // with the committed ones it tells who joins and who leaves
  for (const IsrMember& member : pending->new_isr) {
    add(member.broker_id.value);
    add(member.broker_epoch.value);
  }
  add(pending->partition_epoch.value);
  add(now_ms - pending->sent_ms);
  add(pending->is_answered_by_log ? 1 : 0);
}

template <class Add>
void Replica::add_state(std::int64_t now_ms, const Add& add) const {
  add(std::to_underlying(role_));
  add(high_watermark_.value);
  add_metadata(metadata_, add);
  if (role_ == Role::follower) {
    add((fetch_under_way_ ? 1 : 0) + (has_more_ ? 2 : 0) + (hides_last_epoch_ ? 4 : 0) + (retry_ms_ >= 0 ? 8 : 0));
    add(retry_ms_ >= 0 ? now_ms - retry_ms_ : 0);
    add(leader_high_watermark_.value);
    add(leader_log_start_offset_.value);
  } else if (role_ == Role::leader) {
    add(leads_ ? 1 : 0);
    add(epoch_start_offset_.value);
    add(first_log_start_offset_.value);
    add(deleted_to_.value);
    add(low_watermark_.value);
    add(without_room_since_ms_ >= 0 ? now_ms - without_room_since_ms_ : -1);
    add_isr(isr_, now_ms, add);
    add(static_cast<std::int64_t>(followers_.size()));
    for (const Follower& one : followers_) {
      add(one.id.value);
      add(one.broker_epoch.value);
      add(one.log_end_offset.value);
      add(one.durable_end_offset.value);
      add(one.durable_start_offset.value);
      add(one.has_no_room ? 1 : 0);
      add(without_room_since_ms_ >= 0 ? now_ms - one.received_ms : 0);
      add(one.was_caught_up ? now_ms - one.last_caught_up_ms : -1);
      add(one.mark.value);
      add(now_ms - one.mark_ms);
    }
  }
}

}  // namespace ottla
