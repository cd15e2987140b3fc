#include "replication/controller_housekeeping.h"

#include <algorithm>
#include <tuple>

#include "replication/partition_change.h"
#include "replication/random.h"

namespace ottla {

namespace {

struct Leaderships {
  std::int64_t preferred = 0;
  std::int64_t led_by_others = 0;
};

using ReplicaCounts = std::map<BrokerId, std::size_t>;

std::optional<std::string> rack_of(const Brokers& brokers, BrokerId id) {
  const auto found = brokers.find(id);
  return found != brokers.end() ? found->second.rack : std::nullopt;
}

// The active broker that serves a partition of `replicas` best: in a rack of its own if there is one, with few
// replicas.
BrokerId best_addition(const Brokers& brokers, const std::vector<BrokerId>& replicas, const ReplicaCounts& counts,
                       const std::vector<BrokerId>& ties) {
  BrokerId best;
  std::tuple<bool, std::size_t> best_rank;
  for (const BrokerId candidate : ties) {
    if (!is_active(brokers, candidate) || contains(replicas, candidate)) {
      continue;
    }
    const auto rack = rack_of(brokers, candidate);
    const bool shares_rack =
        rack && std::ranges::any_of(replicas, [&](BrokerId id) { return rack_of(brokers, id) == rack; });
    const std::tuple rank{shares_rack, counts.contains(candidate) ? counts.at(candidate) : 0};
    if (best == BrokerId{} || rank < best_rank) {
      best = candidate;
      best_rank = rank;
    }
  }
  return best;
}

bool is_too_narrow(const Topic& topic, const PartitionRegistration& partition, const Replication& wanted) {
  return topic.default_replication && !partition.is_reassigning() &&
         partition.replicas.size() < static_cast<std::size_t>(wanted.replication_factor);
}

}  // namespace

std::optional<ElectLeaders> preferred_elections(const Controller& controller, std::int64_t imbalance_percent,
                                                std::size_t partitions_max) {
  std::map<BrokerId, Leaderships> brokers;
  for (const auto& [name, topic] : controller.topics()) {
    for (const auto& partition : topic->partitions) {
      Leaderships& of = brokers[partition.replicas.front()];
      ++of.preferred;
      of.led_by_others += partition.leader != partition.replicas.front() ? 1 : 0;
    }
  }
  ElectLeaders command{.election = Election::preferred};
  std::size_t named = 0;
  for (const auto& [name, topic] : controller.topics()) {
    ElectLeaders::Topic elections{topic->id, {}};
    for (std::size_t index = 0; index < topic->partitions.size() && named < partitions_max; ++index) {
      const auto& partition = topic->partitions[index];
      const BrokerId preferred = partition.replicas.front();
      const Leaderships& of = brokers[preferred];
      if (partition.leader != preferred && contains(partition.isr, preferred) &&
          is_active(controller.brokers(), preferred) && of.led_by_others * 100 > imbalance_percent * of.preferred) {
        elections.partitions.push_back(static_cast<std::int32_t>(index));
        ++named;
      }
    }
    if (!elections.partitions.empty()) {
      command.topics.push_back(std::move(elections));
    }
  }
  return named > 0 ? std::optional(std::move(command)) : std::nullopt;
}

Replication default_replication(std::size_t registered_brokers) {
  if (registered_brokers >= 3) {
    return {.replication_factor = 3, .min_insync_replicas = 2};
  }
  return {.replication_factor = registered_brokers == 2 ? 2 : 1, .min_insync_replicas = 1};
}

std::optional<AlterPartitionReassignments> widen_early_topics(const Controller& controller, const Replication& wanted,
                                                              std::uint64_t seed) {
  ReplicaCounts counts;
  for (const auto& [name, topic] : controller.topics()) {
    for (const auto& partition : topic->partitions) {
      std::ranges::for_each(partition.replicas, [&](BrokerId id) { ++counts[id]; });
    }
  }
  std::vector<BrokerId> ties;
  for (const auto& [id, broker] : controller.brokers()) {
    ties.push_back(id);
  }
  Random random(seed);
  AlterPartitionReassignments command;
  for (const auto& [name, topic] : controller.topics()) {
    AlterPartitionReassignments::Topic widened{topic->id, {}, wanted.min_insync_replicas};
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      auto replicas = topic->partitions[index].replicas;
      if (!is_too_narrow(*topic, topic->partitions[index], wanted)) {
        continue;
      }
      random.shuffle(std::span(ties));
      while (replicas.size() < static_cast<std::size_t>(wanted.replication_factor)) {
        const BrokerId added = best_addition(controller.brokers(), replicas, counts, ties);
        if (added == BrokerId{}) {
          break;
        }
        ++counts[added];
        replicas.push_back(added);
      }
      if (replicas.size() == static_cast<std::size_t>(wanted.replication_factor)) {
        widened.partitions.push_back({static_cast<std::int32_t>(index), std::move(replicas)});
      }
    }
    if (!widened.partitions.empty()) {
      command.topics.push_back(std::move(widened));
    }
  }
  return command.topics.empty() ? std::nullopt : std::optional(std::move(command));
}

}  // namespace ottla
