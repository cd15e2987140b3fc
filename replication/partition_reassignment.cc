// Moving a partition to other replicas, and back (KIP-455).
#include <fmt/format.h>

#include <set>

#include "replication/partition_change.h"

namespace ottla {

Result<void> check_replicas(const std::vector<BrokerId>& replicas, const Brokers& brokers) {
  if (replicas.empty()) {
    return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                   "The manual partition assignment includes an empty replica list.");
  }
  std::set<BrokerId> seen;
  for (const BrokerId replica : replicas) {
    if (!seen.insert(replica).second) {
      return failure(
          ErrorCode::INVALID_REPLICA_ASSIGNMENT,
          fmt::format("The manual partition assignment includes the broker {} more than once.", replica.value));
    }
    if (!brokers.contains(replica)) {
      return failure(
          ErrorCode::INVALID_REPLICA_ASSIGNMENT,
          fmt::format("The manual partition assignment includes broker {}, but no such broker is registered.",
                      replica.value));
    }
  }
  return {};
}

Result<void> reassign(PartitionRegistration& partition, const std::vector<BrokerId>& target,
                      const PartitionContext& context) {
  if (auto valid = check_replicas(target, context.brokers); !valid) {
    return valid;
  }
  // One that an earlier reassignment adds and this one does not want is both added and removed: it may be all there is
  // in sync, and a cancellation takes it out with the others.
  const auto original = partition.original_replicas();
  PartitionChange change(partition, context);
  change.next.removing = without(partition.replicas, target);
  change.next.replicas = target;
  change.next.replicas.insert(change.next.replicas.end(), change.next.removing.begin(), change.next.removing.end());
  change.next.adding = without(change.next.replicas, original);
  change.finish();
  return {};
}

Result<void> cancel_reassignment(PartitionRegistration& partition, const PartitionContext& context) {
  if (!partition.is_reassigning()) {
    return failure(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, "No partition reassignment is in progress.");
  }
  PartitionChange change(partition, context);
  change.next.isr = without(partition.isr, partition.adding);
  if (change.next.isr.empty()) {
    return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                   "Unable to revert the partition assignment: it would require an unclean leader election.");
  }
  change.next.replicas = partition.original_replicas();
  change.next.adding.clear();
  change.next.removing.clear();
  change.finish();
  return {};
}

}  // namespace ottla
