// What the active controller does unasked, from time to time or when brokers come: it looks at the state and says which
// commands to propose.
#pragma once

#include <optional>

#include "replication/controller.h"

namespace ottla {

// Partitions go back to their preferred leader, where that is in sync, of brokers that lead fewer of the partitions
// which prefer them than `imbalance_percent` allows (leader.imbalance.per.broker.percentage). At most `partitions_max`
// at a time; nothing: all is well.
std::optional<ElectLeaders> preferred_elections(const Controller& controller, std::int64_t imbalance_percent,
                                                std::size_t partitions_max);

struct Replication {
  std::int32_t replication_factor = 1;
  std::int32_t min_insync_replicas = 1;
};
// Of topics for which nobody says it: 3 replicas and min.insync.replicas 2 once there are three brokers; 2 and 1 of
// two.
Replication default_replication(std::size_t registered_brokers);

// Topics made with default replication when there were fewer brokers get more replicas, on active brokers, those in
// other racks and with few replicas first. Nothing: there is nothing to do now.
std::optional<AlterPartitionReassignments> widen_early_topics(const Controller& controller, const Replication& wanted,
                                                              std::uint64_t seed);

}  // namespace ottla
