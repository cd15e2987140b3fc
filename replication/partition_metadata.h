// What the cluster's metadata say to the replicas of a topic.
#pragma once

#include <vector>

#include "replication/controller.h"
#include "replication/replica_events.h"

namespace ottla {

// By partition index, for the replicas of broker `self`. Where no broker is registered, a broker is on its own: its
// replicas may join, and have no broker epoch.
std::vector<PartitionMetadata> partition_metadata(const Controller& controller, const Topic& topic, BrokerId self);
// Of one partition, to whichever broker, as if flush.messages were 1 everywhere.
PartitionMetadata partition_metadata(const PartitionRegistration& partition, const Brokers& brokers,
                                     std::int32_t min_insync_replicas);

}  // namespace ottla
