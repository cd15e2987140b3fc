#include "broker/cluster/voter_change.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/cluster/cluster_services.h"
#include "broker/log.h"

// g++ 12 takes the frame of a coroutine, which Asio allocates and frees, for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace ottla {

namespace {

Result<void> check_names(const Broker& broker, const VoterChange& change) {
  if (change.broker.value < 0 || change.directory_id == Uuid{}) {  // in the words of Kafka
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("{} voter request didn't include a valid voter", change.shall_vote ? "Add" : "Remove"));
  }
  if (broker.cluster == nullptr) {
    return failure(ErrorCode::UNSUPPORTED_VERSION,
                   "this broker is on its own: a quorum grows only where controller.quorum.voters was given");
  }
  if (change.cluster_id && *change.cluster_id != broker.directory->cluster_id()) {
    return failure(ErrorCode::INCONSISTENT_CLUSTER_ID,
                   fmt::format("this is cluster {}, not {}", broker.directory->cluster_id(), *change.cluster_id));
  }
  const bool has_other_directory = broker.metadata->read([&](const Controller& state) {
    const auto known = state.brokers().find(change.broker);
    return known != state.brokers().end() &&
           std::ranges::find(known->second.log_dirs, change.directory_id) == known->second.log_dirs.end();
  });
  if (has_other_directory) {
    return failure(ErrorCode::VOTER_NOT_FOUND, fmt::format("the directory of broker {} is not {}", change.broker.value,
                                                           change.directory_id.to_string()));
  }
  return {};
}

// What is known before the active controller is asked.
Result<void> check(const Broker& broker, const VoterChange& change) {
  if (auto named = check_names(broker, change); !named) {
    return named;
  }
  const auto servers = broker.metadata->servers();
  const bool votes = std::ranges::any_of(servers, [&](const quorum::Server& server) {
    return quorum::broker_id(server.id) == change.broker && server.role == quorum::ServerRole::voter;
  });
  if (!change.shall_vote) {
    return votes ? Result<void>{}
                 : failure(ErrorCode::VOTER_NOT_FOUND, fmt::format("broker {} is no voter", change.broker.value));
  }
  if (votes) {
    return failure(ErrorCode::DUPLICATE_VOTER, fmt::format("broker {} is a voter", change.broker.value));
  }
  const bool runs =
      broker.metadata->read([&](const Controller& state) { return is_active(state.brokers(), change.broker); });
  return runs ? Result<void>{}
              : failure(ErrorCode::INVALID_REQUEST,
                        fmt::format("broker {} does not run: start it first", change.broker.value));
}

}  // namespace

Awaitable<Result<void>> change_voter(Broker& broker, VoterChange change, Clock::duration time_out) {
  auto outcome = check(broker, change);
  if (outcome) {
    outcome = co_await broker.cluster->change_voter(change, std::min<Clock::duration>(time_out, longest_voter_change));
    logger().info("broker {} is to be {} of the quorum: {}", change.broker.value,
                  change.shall_vote ? "a voter" : "no voter", outcome ? "done" : outcome.error().message);
  }
  co_return outcome;
}

}  // namespace ottla
