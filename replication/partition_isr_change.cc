// What a leader may ask of the ISR (KIP-497, KIP-841, KIP-903). Unlike in Kafka, it may leave it: one whose disk is
// full hands the partition over so, where a Kafka broker's log directory goes offline.
#include <fmt/format.h>

#include <set>

#include "replication/mutants.h"
#include "replication/partition_change.h"

namespace ottla {

namespace {

// Who knows epochs that we do not know talks to a controller that was; who knows older ones has been overtaken.
Result<void> check_epochs(const PartitionRegistration& partition, BrokerId sender, const IsrChange& change) {
  if (change.leader_epoch > partition.leader_epoch || change.partition_epoch > partition.partition_epoch) {
    return failure(
        ErrorCode::NOT_CONTROLLER,
        fmt::format("leader epoch {} and partition epoch {} are newer than {} and {}", change.leader_epoch.value,
                    change.partition_epoch.value, partition.leader_epoch.value, partition.partition_epoch.value));
  }
  if (change.leader_epoch < partition.leader_epoch) {
    return failure(
        ErrorCode::FENCED_LEADER_EPOCH,
        fmt::format("the leader epoch is {}, not {}", partition.leader_epoch.value, change.leader_epoch.value));
  }
  if (sender != partition.leader) {
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("broker {} leads, not {}", partition.leader.value, sender.value));
  }
  if (change.partition_epoch < partition.partition_epoch && !mutant(Mutant::partition_epoch_unchecked)) {
    return failure(ErrorCode::INVALID_UPDATE_VERSION,
                   fmt::format("the partition epoch is {}, not {}", partition.partition_epoch.value,
                               change.partition_epoch.value));
  }
  return {};
}

Result<void> check_shape(const PartitionRegistration& partition, const IsrChange& change) {
  std::set<BrokerId> members;
  for (const auto& member : change.new_isr) {
    if (!contains(partition.replicas, member.broker_id) || !members.insert(member.broker_id).second) {
      return failure(ErrorCode::INVALID_REQUEST,
                     fmt::format("broker {} is no replica or named twice", member.broker_id.value));
    }
  }
  if (members.empty()) {
    return failure(ErrorCode::INVALID_REQUEST, "nobody is in the new ISR");
  }
  if (change.leader_recovery_state == LeaderRecoveryState::recovering) {
    if (partition.leader_recovery_state == LeaderRecoveryState::recovered) {
      return failure(ErrorCode::INVALID_REQUEST, "a leader that has recovered does not recover again");
    }
    if (members.size() > 1 || !members.contains(partition.leader)) {
      return failure(ErrorCode::INVALID_REQUEST, "the ISR of a leader that recovers is that leader");
    }
  } else if (change.leader_recovery_state != LeaderRecoveryState::recovered) {
    return failure(ErrorCode::INVALID_REQUEST, "no such leader recovery state");
  }
  return {};
}

Result<void> check_members(const Brokers& brokers, const IsrChange& change) {
  for (const auto& member : change.new_isr) {
    const auto found = brokers.find(member.broker_id);
    const bool is_same_incarnation = found != brokers.end() && (found->second.epoch == member.broker_epoch ||
                                                                mutant(Mutant::expand_without_broker_epoch));
    const bool may_join = is_active(brokers, member.broker_id) || mutant(Mutant::inactive_joins_isr);
    if (!may_join || !is_same_incarnation) {
      return failure(ErrorCode::INELIGIBLE_REPLICA,
                     fmt::format("broker {} is fenced, shutting down, or not of epoch {}", member.broker_id.value,
                                 member.broker_epoch.value));
    }
  }
  return {};
}

}  // namespace

Result<void> alter_isr(PartitionRegistration& partition, BrokerId sender, const IsrChange& change,
                       const PartitionContext& context) {
  if (auto valid = check_epochs(partition, sender, change); !valid) {
    return valid;
  }
  if (auto valid = check_shape(partition, change); !valid) {
    return valid;
  }
  // A copy of this request that is still on its way must not be accepted once the member is eligible again: the leader
  // does not count with it any more when it hears of this.
  if (auto valid = check_members(context.brokers, change); !valid) {
    if (!mutant(Mutant::refusal_keeps_partition_epoch)) {
      ++partition.partition_epoch.value;
    }
    return valid;
  }
  PartitionChange altered(partition, context);
  altered.next.isr.clear();
  for (const auto& member : change.new_isr) {
    altered.next.isr.push_back(member.broker_id);
  }
  // Not before every replica is in sync: one that was away at the unclean election has to know that it may lose what
  // was committed once. Kafka's is over with the leader's first request.
  if (altered.next.isr.size() == altered.next.replicas.size()) {
    altered.next.leader_recovery_state = change.leader_recovery_state;
  }
  altered.finish();
  if (partition.leader != sender) {
    return failure(ErrorCode::NEW_LEADER_ELECTED, fmt::format("broker {} leads now", partition.leader.value));
  }
  return {};
}

}  // namespace ottla
