#include "replication/isr.h"

#include <algorithm>

#include "replication/mutants.h"
#include "replication/partition_change.h"

namespace ottla {

void Isr::commit(BrokerIds isr, PartitionEpoch partition_epoch) {
  committed_ = std::move(isr);
  partition_epoch_ = partition_epoch;
  state_ = Committed{};
}

IsrRequest& Isr::expand(BrokerId joiner, std::vector<IsrMember> new_isr, std::uint64_t token) {
  state_ = PendingExpand{
      joiner, {.token = token, .partition_epoch = partition_epoch_, .new_isr = std::move(new_isr), .sent_ms = 0}};
  return *pending();
}

IsrRequest& Isr::shrink(BrokerIds leavers, std::vector<IsrMember> new_isr, std::uint64_t token) {
  state_ = PendingShrink{std::move(leavers),
                         {.token = token, .partition_epoch = partition_epoch_, .new_isr = std::move(new_isr)}};
  return *pending();
}

bool Isr::on_reply(const AlterPartitionReply& reply, LeaderEpoch leader_epoch) {
  IsrRequest* const request = pending();
  if (mutant(Mutant::alter_partition_reply_unchecked) && reply.error == ErrorCode::NONE) {
    commit(reply.isr, reply.partition_epoch);
    return true;
  }
  const bool answers = request != nullptr && reply.token == request->token;
  if (!answers && !(request != nullptr && mutant(Mutant::late_alter_partition_reply))) {
    return false;
  }
  if (reply.error == ErrorCode::REQUEST_TIMED_OUT || reply.error == ErrorCode::NETWORK_EXCEPTION) {
    return false;  // no answer of the controller's
  }
  switch (reply.error) {
    case ErrorCode::NONE:
      if (reply.leader_epoch != leader_epoch || reply.partition_epoch < partition_epoch_) {
        return false;
      }
      commit(reply.isr, reply.partition_epoch);
      return true;
    case ErrorCode::INELIGIBLE_REPLICA:
      if (mutant(Mutant::refusal_keeps_partition_epoch)) {
        state_ = Committed{};
        return false;
      }
      [[fallthrough]];
    case ErrorCode::FENCED_LEADER_EPOCH:
    case ErrorCode::INVALID_UPDATE_VERSION:
    case ErrorCode::INVALID_REQUEST:  // sent by one who leads no more
    case ErrorCode::NEW_LEADER_ELECTED:
    case ErrorCode::UNKNOWN_TOPIC_ID:
    case ErrorCode::UNKNOWN_TOPIC_OR_PARTITION:
      request->is_answered_by_log = true;
      return false;
    default:
      return false;  // sent again in a while
  }
}

void Isr::on_timeout() {
  if (mutant(Mutant::rollback_on_timeout)) {
    state_ = Committed{};
  }
}

void Isr::on_broker_epoch(BrokerId id, BrokerEpoch epoch) {
  const auto* const expand = std::get_if<PendingExpand>(&state_);
  if (expand != nullptr && expand->joiner == id && expand->request.new_isr.back().broker_epoch < epoch) {
    state_ = Committed{};
  }
}

bool Isr::has(BrokerId id) const {
  const auto* const shrink = std::get_if<PendingShrink>(&state_);
  if (mutant(Mutant::shrink_used_before_commit) && shrink != nullptr && contains(shrink->leavers, id)) {
    return false;
  }
  return contains(committed_, id);
}

bool Isr::counts(BrokerId id) const {
  const auto* const expand = std::get_if<PendingExpand>(&state_);
  return has(id) || (expand != nullptr && expand->joiner == id && !mutant(Mutant::pending_expand_not_counted));
}

std::size_t Isr::greatest_size() const {
  return committed_.size() + (std::holds_alternative<PendingExpand>(state_) ? 1 : 0);
}

const IsrRequest* Isr::pending() const { return const_cast<Isr*>(this)->pending(); }

IsrRequest* Isr::pending() {
  if (auto* const expand = std::get_if<PendingExpand>(&state_)) {
    return &expand->request;
  }
  auto* const shrink = std::get_if<PendingShrink>(&state_);
  return shrink != nullptr ? &shrink->request : nullptr;
}

}  // namespace ottla
