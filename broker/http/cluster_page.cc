#include "broker/http/cluster_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/wall_clock.h"
#include "replication/partition_change.h"

namespace ottla {

namespace {

std::string list_of(const std::vector<BrokerId>& ids) {
  std::vector<std::int32_t> numbers;
  std::ranges::transform(ids, std::back_inserter(numbers), &BrokerId::value);
  return numbers.empty() ? "nobody" : fmt::format("{}", fmt::join(numbers, " "));
}

std::string state_of(const BrokerRegistration& broker) {
  if (broker.in_controlled_shutdown) {
    return "shuts down";
  }
  return broker.fenced ? "fenced: it was not heard of, or has not caught up yet" : "active";
}

struct Counts {
  std::int64_t partitions = 0;
  std::int64_t under_replicated = 0;
  std::int64_t under_min_isr = 0;
  std::int64_t leaderless = 0;
};

// How far the replica is behind, if this broker leads the partition and has heard of it.
std::string lag_of(const Broker& broker, const Topic& topic, std::int32_t index, BrokerId leader, BrokerId replica) {
  const auto served = broker.partitions.find(topic.id);
  const auto partition = served != nullptr ? served->partition(index) : nullptr;
  if (leader != broker.config.node_id || partition == nullptr) {
    return fmt::format("lags; broker {} knows how far", leader.value);
  }
  for (const Replica::Follower& follower : partition->followers()) {
    if (follower.id == replica && follower.log_end_offset.value >= 0) {
      const std::int64_t behind = partition->view().log_end_offset - follower.log_end_offset;
      const std::string when =
          follower.was_caught_up
              ? fmt::format(", had caught up {} s ago", (steady_clock_ms() - follower.last_caught_up_ms) / 1000)
              : ", has not caught up since this broker leads";
      return fmt::format("{} records behind{}", behind, when);
    }
  }
  return "not heard of since this broker leads";
}

std::string why_missing(const Broker& broker, const Controller& state, const Topic& topic, std::int32_t index,
                        BrokerId replica) {
  const auto registered = state.brokers().find(replica);
  const PartitionRegistration& partition = topic.partitions[static_cast<std::size_t>(index)];
  if (registered == state.brokers().end()) {
    return "not registered";
  }
  if (!is_active(state.brokers(), replica)) {
    return state_of(registered->second);
  }
  return partition.leader == BrokerId{} ? "waits for a leader"
                                        : lag_of(broker, topic, index, partition.leader, replica);
}

// One line, or nothing if the partition lacks nothing.
std::string describe(const Broker& broker, const Controller& state, const Topic& topic, std::int32_t index,
                     Counts& counts) {
  const PartitionRegistration& partition = topic.partitions[static_cast<std::size_t>(index)];
  const auto missing = without(partition.replicas, partition.isr);
  const bool has_leader = partition.leader != BrokerId{};
  const auto least = effective_min_isr(partition, state.min_insync_replicas(topic));
  ++counts.partitions;
  counts.under_replicated += missing.empty() ? 0 : 1;
  counts.under_min_isr += partition.isr.size() < least ? 1 : 0;
  counts.leaderless += has_leader ? 0 : 1;
  if (missing.empty() && has_leader && !partition.is_reassigning()) {
    return {};
  }
  std::string line =
      fmt::format("{}-{}: {}, in sync {} of {}", topic.name, index,
                  has_leader ? fmt::format("led by {}", partition.leader.value) : std::string("without a leader"),
                  list_of(partition.isr), list_of(partition.replicas));
  for (const BrokerId replica : missing) {
    line += fmt::format("; {}: {}", replica.value, why_missing(broker, state, topic, index, replica));
  }
  if (partition.is_reassigning()) {
    line += fmt::format("; moves: {} come, {} go", list_of(partition.adding), list_of(partition.removing));
  }
  return line + "\n";
}

std::string describe_brokers(const Broker& broker, const Controller& state, const QuorumStatus& quorum) {
  std::string text = fmt::format(
      "cluster {}, active controller: {}, term {}\n", broker.directory->cluster_id(),
      quorum.leader.value < 0 ? std::string("none") : fmt::format("broker {}", quorum.leader.value), quorum.term);
  for (const auto& [id, registered] : state.brokers()) {
    std::vector<std::string> addresses;
    addresses.reserve(registered.endpoints.size());
    for (const BrokerEndpoint& endpoint : registered.endpoints) {
      addresses.push_back(fmt::format("{}://{}:{}", endpoint.name, endpoint.host, endpoint.port));
    }
    text += fmt::format("broker {} ({}): {}\n", id.value, fmt::join(addresses, " "), state_of(registered));
  }
  if (state.brokers().empty()) {
    text += fmt::format("broker {}, on its own\n", broker.config.node_id.value);
  }
  for (const QuorumStatus::Server& server : quorum.servers) {
    if (!server.is_voter && !state.brokers().contains(server.id)) {
      continue;  // it has left for good
    }
    if (server.is_voter && !state.brokers().empty() && !state.brokers().contains(server.id)) {
      text += fmt::format("broker {}, which votes, has not registered\n", server.id.value);
    }
    if (quorum.is_leader && server.last_index < quorum.committed_index) {
      text += fmt::format("broker {} lacks {} entries of the metadata log\n", server.id.value,
                          quorum.committed_index - server.last_index);
    }
  }
  return text;
}

}  // namespace

Awaitable<std::string> cluster_page(Broker& broker) {
  const QuorumStatus quorum = co_await broker.metadata->status();
  const Controller state = broker.metadata->read([](const Controller& now) { return now; });
  const bool knows_controller = quorum.is_current && quorum.leader.value >= 0;
  std::string text;
  if (!knows_controller) {
    text += "this broker does not hear of an active controller: what follows may be old\n";
  }
  if (!broker.ready) {
    text += "this broker is not ready\n";
  }
  text += describe_brokers(broker, state, quorum);
  Counts counts;
  std::string lines;
  for (const auto& [name, topic] : state.topics()) {
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      lines += describe(broker, state, *topic, static_cast<std::int32_t>(index), counts);
    }
  }
  text += fmt::format("{} partitions: {} under-replicated, {} below min.insync.replicas, {} without a leader\n",
                      counts.partitions, counts.under_replicated, counts.under_min_isr, counts.leaderless);
  const bool all_active = std::ranges::all_of(state.brokers(), [](const auto& one) { return !one.second.fenced; });
  const bool all_here = std::ranges::all_of(quorum.servers, [&](const QuorumStatus::Server& server) {
    return !server.is_voter || state.brokers().empty() || state.brokers().contains(server.id);
  });
  const bool is_well =
      lines.empty() && all_active && all_here && knows_controller && broker.ready && !broker.partitions.failure();
  co_return text + lines + (is_well ? "all is well\n" : "");
}

}  // namespace ottla
