// Where the replicas of a broker go that shall have none.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "protocol/api/03_metadata.h"
#include "protocol/api/45_alter_partition_reassignments.h"

namespace ottla {

using TopicPartition = std::pair<std::string, std::int32_t>;

struct DrainPlan {
  AlterPartitionReassignmentsRequest request;  // no topics: nothing can be moved
  std::size_t partitions = 0;                  // in it
  std::vector<TopicPartition> stuck;           // every broker that runs has a replica already
};

// Each replica of `leaving` goes to the broker that runs, has none of that partition and fewest of all, in a rack of
// its own if there is one; its place in the list stays, and with it who is preferred as leader. Those of `under_way`
// are moving already.
DrainPlan plan_drain(const MetadataResponse& metadata, BrokerId leaving, const std::vector<TopicPartition>& under_way);

// How many partitions have a replica there.
std::size_t partitions_on(const MetadataResponse& metadata, BrokerId broker);

}  // namespace ottla
