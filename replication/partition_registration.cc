#include "replication/partition_registration.h"

#include <fmt/format.h>

#include <algorithm>

#include "replication/mutants.h"
#include "replication/partition_change.h"

namespace ottla {

std::vector<BrokerId> PartitionRegistration::original_replicas() const { return without(replicas, adding); }

std::vector<BrokerId> offline_replicas(const PartitionRegistration& partition, const Brokers& brokers) {
  std::vector<BrokerId> offline;
  std::ranges::copy_if(partition.replicas, std::back_inserter(offline), [&](BrokerId id) {
    const auto found = brokers.find(id);
    return !brokers.empty() && (found == brokers.end() || found->second.fenced);
  });
  return offline;
}

std::size_t effective_min_isr(const PartitionRegistration& partition, std::int32_t min_insync_replicas) {
  const auto wanted = static_cast<std::size_t>(std::max(min_insync_replicas, 1));
  return std::min(wanted, std::max<std::size_t>(without(partition.replicas, partition.adding).size(), 1));
}

Result<PartitionRegistration> new_partition(std::vector<BrokerId> replicas, const PartitionContext& context) {
  PartitionRegistration made{.leader_epoch = {0}, .partition_epoch = {0}};
  for (const BrokerId replica : replicas) {
    if (is_active(context.brokers, replica)) {
      made.isr.push_back(replica);
    }
  }
  if (made.isr.empty()) {
    return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                   "All brokers of the assignment are fenced or in controlled shutdown.");
  }
  made.leader = made.isr.front();
  made.replicas = std::move(replicas);
  return made;
}

bool broker_left(PartitionRegistration& partition, BrokerId broker, const PartitionContext& context) {
  if (mutant(Mutant::fenced_stays_in_isr)) {
    return false;
  }
  PartitionChange change(partition, context);
  std::erase(change.next.isr, broker);
  return change.finish();
}

bool storage_lost(PartitionRegistration& partition, BrokerId broker, const PartitionContext& context) {
  PartitionChange change(partition, context);
  std::erase(change.next.isr, broker);
  if (!mutant(Mutant::elr_survives_storage_loss)) {
    change.lost = broker;
  }
  return change.finish();
}

bool broker_returned(PartitionRegistration& partition, const PartitionContext& context) {
  return partition.leader == BrokerId{} && PartitionChange(partition, context).finish();
}

void min_isr_changed(PartitionRegistration& partition, const PartitionContext& context) {
  if (mutant(Mutant::min_isr_change_unheard)) {
    return;
  }
  PartitionChange change(partition, context);
  if (!partition.isr.empty() && !mutant(Mutant::elr_survives_storage_loss)) {
    change.next.elr.clear();
    partition.elr.clear();
  }
  if (!change.finish() && !mutant(Mutant::change_keeps_partition_epoch)) {
    ++partition.partition_epoch.value;
  }
}

Result<void> elect_leader(PartitionRegistration& partition, Election election, const PartitionContext& context) {
  const bool needed = election == Election::preferred
                          ? !partition.replicas.empty() && partition.leader != partition.replicas.front()
                          : partition.leader == BrokerId{};
  if (!needed) {
    return failure(ErrorCode::ELECTION_NOT_NEEDED, "Leader election not needed for topic partition.");
  }
  PartitionChange change(partition, context);
  change.prefers_first = election == Election::preferred;
  change.may_be_unclean = election == Election::unclean;
  if (change.finish()) {
    return {};
  }
  return election == Election::preferred
             ? failure(ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE, "The preferred leader was not available.")
             : failure(ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
                       "Eligible topic partition leaders are not available.");
}

}  // namespace ottla
