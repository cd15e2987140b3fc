// What the cluster's metadata say to the replicas of a topic.
#pragma once

#include <vector>

#include "replication/controller.h"
#include "replication/replica_events.h"

namespace ottla {

// By partition index, for the replicas of broker `self`. Where no broker is registered, a broker is on its own: its
// replicas may join, and have no broker epoch.
std::vector<PartitionMetadata> partition_metadata(const Controller& controller, const Topic& topic, BrokerId self);

}  // namespace ottla
