#include "replication/partition_change.h"

#include "replication/mutants.h"

namespace ottla {

bool PartitionChange::finish() {
  complete_reassignment();
  fill_elr();
  elect();
  if (next == current_) {
    return false;
  }
  // A leader must hear of a finished reassignment from the metadata log, with the new replicas: effective_min_isr is
  // another there.
  const bool fewer_replicas = !without(current_.replicas, next.replicas).empty();
  if ((next.leader != current_.leader || fewer_replicas || completes_) &&
      !mutant(Mutant::election_keeps_leader_epoch)) {
    ++next.leader_epoch.value;
  }
  if (!mutant(Mutant::change_keeps_partition_epoch)) {
    ++next.partition_epoch.value;
  }
  current_ = std::move(next);
  return true;
}

// Complete when all of the target is in sync, not before (KAFKA-15665).
void PartitionChange::complete_reassignment() {
  const auto target = without(next.replicas, next.removing);
  const auto missing = without(target, next.isr);
  const bool is_enough = missing.empty() || (mutant(Mutant::reassignment_ends_early) && missing.size() < target.size());
  if (!next.is_reassigning() || target.empty() || !is_enough) {
    return;
  }
  next.isr = without(next.isr, next.removing);
  next.replicas = target;
  next.adding.clear();
  next.removing.clear();
  completes_ = true;
}

// In order of preference, so that the same change gives the same bytes everywhere.
void PartitionChange::fill_elr() {
  next.elr.clear();
  if (next.isr.size() >= effective_min_isr(next, context_.min_insync_replicas)) {
    return;
  }
  for (const BrokerId replica : next.replicas) {
    const bool was_complete = contains(current_.isr, replica) || contains(current_.elr, replica);
    if (was_complete && !contains(next.isr, replica) && replica != lost) {
      next.elr.push_back(replica);
    }
  }
}

bool PartitionChange::may_lead(BrokerId id) const {
  if (mutant(Mutant::elects_anyone)) {
    return contains(next.replicas, id);
  }
  const auto& from = next.isr.empty() ? next.elr : next.isr;
  return contains(from, id) && is_active(context_.brokers, id);
}

BrokerId PartitionChange::clean_leader() const {
  if (prefers_first && may_lead(next.replicas.front())) {
    return next.replicas.front();
  }
  if (may_lead(current_.leader)) {
    return current_.leader;
  }
  const auto first = std::ranges::find_if(next.replicas, [this](BrokerId id) { return may_lead(id); });
  return first != next.replicas.end() ? *first : BrokerId{};
}

// The last leader had the most; it counts only if it is there (Kafka forgets to ask).
BrokerId PartitionChange::unclean_leader() const {
  const auto is_there = [this](BrokerId id) { return is_active(context_.brokers, id) && contains(next.replicas, id); };
  if (const auto last = std::ranges::find_if(next.last_known_elr, is_there); last != next.last_known_elr.end()) {
    return *last;
  }
  const auto first = std::ranges::find_if(next.replicas, is_there);
  return first != next.replicas.end() ? *first : BrokerId{};
}

void PartitionChange::elect() {
  next.leader = clean_leader();
  if (next.leader == BrokerId{} && may_be_unclean) {
    next.leader = unclean_leader();
    if (next.leader != BrokerId{}) {
      next.elr.clear();
      next.leader_recovery_state = LeaderRecoveryState::recovering;
    }
  }
  if (next.leader != BrokerId{} && next.isr.empty()) {  // from the ELR, or from nowhere
    next.isr = {next.leader};
    std::erase(next.elr, next.leader);
  }
  if (next.isr.size() >= effective_min_isr(next, context_.min_insync_replicas)) {
    next.elr.clear();
  }
  if (next.leader != BrokerId{}) {
    next.last_known_elr.clear();
  } else if (current_.leader != BrokerId{}) {
    next.last_known_elr = {current_.leader};
  }
  std::erase(next.last_known_elr, lost);
}

}  // namespace ottla
