#include "replication/partition_invariants.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "replication/partition_change.h"

namespace ottla {

namespace {

std::string shown(const std::vector<BrokerId>& ids) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(ids.size());
  for (const BrokerId id : ids) {
    numbers.push_back(id.value);
  }
  return fmt::format("{}", numbers);
}

bool is_set(const std::vector<BrokerId>& list) { return std::set(list.begin(), list.end()).size() == list.size(); }

}  // namespace

std::string broken_invariant(const PartitionRegistration& partition, const PartitionContext& context) {
  for (const auto* list : {&partition.isr, &partition.elr, &partition.adding, &partition.removing}) {
    if (!is_set(*list) || !without(*list, partition.replicas).empty()) {
      return fmt::format("{} is no part of the replicas {}", shown(*list), shown(partition.replicas));
    }
  }
  if (partition.replicas.empty() || !is_set(partition.replicas)) {
    return fmt::format("replicas {}", shown(partition.replicas));
  }
  if (partition.leader != BrokerId{} && !contains(partition.isr, partition.leader)) {
    return fmt::format("leader {} is not in the ISR {}", partition.leader.value, shown(partition.isr));
  }
  if (partition.leader == BrokerId{} && !partition.isr.empty()) {
    return fmt::format("no leader, and an ISR {}", shown(partition.isr));
  }
  if (without(partition.isr, partition.elr).size() != partition.isr.size()) {
    return fmt::format("ISR {} and ELR {} meet", shown(partition.isr), shown(partition.elr));
  }
  if (partition.isr.size() >= effective_min_isr(partition, context.min_insync_replicas) && !partition.elr.empty()) {
    return fmt::format("ELR {} beside a full ISR {}", shown(partition.elr), shown(partition.isr));
  }
  for (const BrokerId member : partition.isr) {
    if (!is_active(context.brokers, member)) {
      return fmt::format("broker {} in the ISR {} is fenced or shutting down", member.value, shown(partition.isr));
    }
  }
  return {};
}

std::string broken_transition(const PartitionRegistration& before, const PartitionRegistration& after,
                              const PartitionContext& context) {
  if (after.leader_epoch < before.leader_epoch || after.partition_epoch < before.partition_epoch) {
    return "an epoch went back";
  }
  if (after.partition_epoch == before.partition_epoch) {
    return after == before ? "" : "a change under the same partition epoch";
  }
  if (after.leader != before.leader && after.leader_epoch == before.leader_epoch) {
    return fmt::format("leader {} after {} in one leader epoch", after.leader.value, before.leader.value);
  }
  if (!without(before.replicas, after.replicas).empty() && after.leader_epoch == before.leader_epoch) {
    return "a replica was removed within a leader epoch";
  }
  const bool reaches_target = before.is_reassigning() && !after.is_reassigning() &&
                              after.replicas == without(before.replicas, before.removing) &&
                              after.replicas != before.original_replicas();
  if (reaches_target && !without(after.replicas, after.isr).empty()) {
    return fmt::format("a reassignment to {} ended with an ISR {}", shown(after.replicas), shown(after.isr));
  }
  for (const BrokerId joined : without(after.isr, before.isr)) {
    if (!is_active(context.brokers, joined)) {
      return fmt::format("broker {} was fenced or shutting down as it joined the ISR", joined.value);
    }
  }
  return {};
}

}  // namespace ottla
