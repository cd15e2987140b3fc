// Which brokers the replicas of new partitions go to, as Kafka's StripedReplicaPlacer decides: one rack after the
// other, within a rack one broker after the other, each partition beginning one further on, so that leaders and
// replicas spread; fenced brokers last and never first. So are those that shut down, which Kafka leaves out: while one
// of three stops, topics with three replicas can be made.
#pragma once

#include <vector>

#include "protocol/error_code.h"
#include "replication/broker_registration.h"

namespace ottla {

// A list of replicas for each partition, the first of them active. The same seed gives the same lists. Error
// INVALID_REPLICATION_FACTOR: not positive, more than there are brokers, no broker active.
Result<std::vector<std::vector<BrokerId>>> place_replicas(const Brokers& brokers, std::size_t partitions,
                                                          std::int32_t replication_factor, std::uint64_t seed);

}  // namespace ottla
