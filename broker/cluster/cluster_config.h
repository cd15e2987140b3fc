// The settings by which brokers form a cluster: controller.quorum.voters and what has to go with it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "broker/config.h"

namespace ottla {

// Of "id@host:port" each; by id. Error INVALID_CONFIG: what is wrong with which.
Result<std::vector<QuorumVoter>> parse_voters(std::span<const std::string> texts);

// Where other brokers reach this one: what controller.quorum.voters gives for it; for a broker that is no voter, its
// inter-broker listener, as it is advertised. REQUIRES: is_cluster().
QuorumVoter own_address(const Config& config);

// What no single setting can tell. REQUIRES: is_cluster(). Error INVALID_CONFIG, one line.
Result<void> check_cluster(const Config& config);

// The same on every broker that names the same voters, in whatever order: a UUID from the SHA-256 of
// "1@host:port,2@host:port", by id.
std::string cluster_id_of(std::span<const QuorumVoter> voters);

}  // namespace ottla
