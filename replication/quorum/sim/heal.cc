// The end of a run: no more faults, and all must agree before long.
#include <fmt/format.h>

#include "replication/quorum/configuration.h"
#include "replication/quorum/sim/violation.h"
#include "replication/quorum/sim/world.h"

namespace ottla::quorum::sim {

void World::heal() {
  cut_.clear();
  tell("no more faults");
  for (const auto& node : nodes_) {
    const bool belongs = node->id() <= options.servers || node->has_been_up();
    if (!node->is_up() && belongs) {
      node->start();
    }
  }
  LogIndex wanted = 0;  // of a proposal made now
  std::string why = "nothing was tried";
  const TimeMs end_ms = schedule.now_ms() + 30'000;
  while (!why.empty() && schedule.now_ms() < end_ms) {
    schedule.run(500);
    Node* leads = leader();
    if (leads != nullptr && leads->driver().core().last_index() < wanted) {
      wanted = 0;  // it was lost with the leader of then
    }
    if (leads != nullptr && wanted == 0) {
      const auto at = propose(*leads);
      wanted = at ? at->index : 0;
    } else {
      why = disagreement(wanted);
    }
  }
  counts.virtual_ms += schedule.now_ms();
  if (!why.empty()) {
    throw Violation(fmt::format("liveness: {}", why));
  }
  check_configurations();
}

std::string World::disagreement(LogIndex wanted) {
  const Node* leads = leader();
  if (leads == nullptr) {
    return "no leader";
  }
  if (wanted == 0) {
    return "no proposal was taken";
  }
  for (const auto& member : leads->driver().configuration().servers) {
    const Node& node = *nodes_[member.id - 1];
    const LogIndex applied = node.is_up() ? node.driver().applied() : 0;
    if (member.role != ServerRole::spare && applied < wanted) {
      return fmt::format("server {} has applied {} of {}", member.id, applied, wanted);
    }
  }
  return "";
}

// A configuration that the driver has applied is the core's, and no change is stuck. (After a start the core takes all
// changes but the last for committed; who is a member no more may never hear that they are.)
void World::check_configurations() {
  for (const auto& node : nodes_) {
    if (!node->is_up() || node->driver().applied() < node->driver().core().committed_configuration_index()) {
      continue;
    }
    const Driver& driver = node->driver();
    const LogIndex uncommitted = driver.core().uncommitted_configuration_index();
    require(uncommitted == 0 || uncommitted > driver.applied(), "a change of the quorum is applied and uncommitted");
    require(driver.core().committed_configuration_index() == driver.configuration_index(),
            "core and driver have committed different changes");
    require(uncommitted != 0 || driver.core().configuration() == driver.configuration(),
            "core and driver have different configurations");
  }
}

Outcome run_seed(std::uint64_t seed, const Options& options, std::function<void(std::string)> tell) {
  World world(seed, options, std::move(tell));
  Outcome outcome;
  try {
    world.run();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
    world.tell(violation.what());
  }
  outcome.at_ms = world.schedule.now_ms();
  outcome.counts = world.counts;
  outcome.counts.seeds = 1;
  outcome.trace = world.trace;
  return outcome;
}

}  // namespace ottla::quorum::sim
