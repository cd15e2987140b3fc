// Who agrees on the metadata is changed (AddRaftVoter, RemoveRaftVoter; KIP-853), asked of any broker.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "broker/asio.h"
#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

class Broker;

struct VoterChange {
  BrokerId broker;
  bool shall_vote = false;
  std::optional<std::string> cluster_id;  // nothing: not compared
  Uuid directory_id;
};

// Comes back when the change is committed. A voter is reached where it follows the metadata already. Errors:
// UNSUPPORTED_VERSION (a broker on its own), INCONSISTENT_CLUSTER_ID, DUPLICATE_VOTER, VOTER_NOT_FOUND,
// INVALID_REQUEST (no directory id; a broker that does not run cannot catch up; those that remain could not agree),
// REQUEST_TIMED_OUT, after `time_out` or longest_voter_change.
constexpr std::chrono::seconds longest_voter_change{60};
Awaitable<Result<void>> change_voter(Broker& broker, VoterChange change, Clock::duration time_out);

}  // namespace ottla
