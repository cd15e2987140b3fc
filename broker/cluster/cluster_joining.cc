// From a start to membership: whether there is a quorum already, the metadata, the registration, the first heartbeat
// that says that this broker is not fenced any more.
#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/cluster/cluster.h"
#include "broker/cluster/cluster_config.h"
#include "broker/log.h"

// g++ 12 takes the frame of a coroutine, which Asio allocates and frees, for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace ottla {

namespace {

constexpr auto shortest_pause = std::chrono::milliseconds(2);
constexpr auto quick_pause = std::chrono::milliseconds(100);
constexpr auto slow_pause = std::chrono::milliseconds(500);
constexpr auto longest_question = std::chrono::seconds(1);
constexpr auto silence_before_founding = std::chrono::seconds(2);
constexpr auto patience_of_voter = std::chrono::seconds(3);
constexpr auto silence_before_telling = std::chrono::seconds(10);

// Partitions whose records are not all here any more, or cannot be had; none before they are opened.
std::vector<RegisterBroker::DegradedTopic> degraded(const Partitions& partitions) {
  std::vector<RegisterBroker::DegradedTopic> found;
  partitions.for_each([&](Partition& partition) {
    if (!partition.is_damaged() && !partition.is_offline()) {
      return;
    }
    const PartitionKey& key = partition.key();
    if (found.empty() || found.back().topic_id != key.topic_id) {
      found.push_back({.topic_id = key.topic_id, .partitions = {}});
    }
    found.back().partitions.push_back(key.index);
  });
  return found;
}

}  // namespace

Awaitable<> Cluster::join(std::vector<BrokerEndpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  broker_.metadata->run();
  connect_to_voters();
  asio::co_spawn(core_.io, control(), asio::detached);
  if (quorum_plan(broker_.config).is_voter()) {
    asio::co_spawn(core_.io, learn_whether_quorum_is_new(), asio::detached);
  }
  co_await register_here();
  if (is_stopping_) {
    co_return;
  }
  co_await broker_.metadata->follow();
  if (!degraded(broker_.partitions).empty()) {  // before it may lead anything
    logger().error(
        "partitions are damaged here, as told above: their other replicas do without this broker's until it "
        "starts with an empty log.dirs");
    co_await register_here();
  }
  has_joined_ = true;
  for (;;) {
    const MemberHeartbeatResponse answer = co_await send_heartbeat();
    if (is_stopping_ || (answer.error_code == ErrorCode::NONE && !answer.is_fenced)) {
      break;
    }
    co_await pause(quick_pause);
  }
  asio::co_spawn(core_.io, send_heartbeats(), asio::detached);
  // The controller knows it first; clients are answered by what this broker knows.
  const auto knows_it = [this](const Controller& state) { return is_active(state.brokers(), broker_.config.node_id); };
  while (!is_stopping_ && !broker_.metadata->read(knows_it)) {
    co_await pause(shortest_pause);
  }
}

// Those that the metadata name; before they are here, those of the settings, and whom these named.
std::map<BrokerId, std::string> Cluster::voters() const {
  std::map<BrokerId, std::string> addresses;
  for (const quorum::Server& server : broker_.metadata->servers()) {
    if (server.role == quorum::ServerRole::voter) {
      addresses[quorum::broker_id(server.id)] = server.address;
    }
  }
  return addresses.empty() ? told_voters() : addresses;
}

std::map<BrokerId, std::string> Cluster::told_voters() const {
  std::map<BrokerId, std::string> addresses = told_voters_;
  for (const QuorumVoter& voter : broker_.config.controller_quorum_voters) {
    addresses.emplace(voter.id, fmt::format("{}:{}", voter.host, voter.port));
  }
  return addresses;
}

JoinQuorumRequest Cluster::join_request() const {
  const QuorumVoter self = own_address(broker_.config);
  return {.cluster_id = broker_.directory->cluster_id(),
          .broker_id = self.id,
          .address = fmt::format("{}:{}", self.host, self.port)};
}

// As long as this voter does not vote. A leader that is there sends it all it lacks meanwhile, and that ends it, too.
// One that is the only voter by its settings, and may have had a quorum before its directory was emptied, would be
// heard of by the others within a second.
Awaitable<> Cluster::learn_whether_quorum_is_new() {
  const bool is_only_one = broker_.config.controller_quorum_voters.size() == 1;
  const auto founds_at = Clock::now() + (is_only_one ? silence_before_founding : Clock::duration{});
  const auto told_at = Clock::now() + silence_before_telling;
  bool is_told = false;
  while (!is_stopping_ && broker_.metadata->is_newcomer()) {
    if (Clock::now() >= founds_at && co_await is_new_for_all()) {
      co_await broker_.metadata->found_quorum();
      co_return;
    }
    if (!is_told && Clock::now() > told_at) {
      is_told = true;
      logger().warn(
          "this voter's directory is empty, and the quorum's need not be: it does not vote before it has caught up "
          "with "
          "a leader that the others have elected; a new quorum begins when all its voters are there");
    }
    co_await pause(quick_pause);
  }
}

// Every voter says that it is empty: nothing was ever agreed on. One that is silent may have all there is.
Awaitable<bool> Cluster::is_new_for_all() {
  const JoinQuorumRequest request = join_request();
  const auto& voters = broker_.config.controller_quorum_voters;
  for (const QuorumVoter& voter : voters) {
    if (voter.id == request.broker_id) {
      continue;
    }
    const auto peer = controller_peer(voter.id, fmt::format("{}:{}", voter.host, voter.port));
    const auto answer = co_await peer->call(request, longest_question);
    if (!answer || !answer->response.is_new) {
      co_return false;
    }
  }
  co_return true;
}

// Until the quorum's leader sends the metadata log here. Who votes hears from it by itself, unless it votes no more and
// does not know that yet.
Awaitable<> Cluster::find_quorum() {
  const bool is_voter = voters().contains(broker_.config.node_id);
  const auto patient_until = Clock::now() + patience_of_voter;
  const auto told_at = Clock::now() + silence_before_telling;
  bool is_told = false;
  while (!is_stopping_) {
    const QuorumStatus status = co_await broker_.metadata->status();
    if (status.is_current) {
      break;
    }
    const bool asks = !is_voter || Clock::now() >= patient_until;
    if (asks) {
      co_await ask_to_join();
    }
    if (!is_told && Clock::now() > told_at && !broker_.metadata->is_newcomer()) {
      is_told = true;
      logger().warn("no controller has spoken to this broker yet, nor taken it in; it asks the voters it knows of");
    }
    co_await pause(asks ? quick_pause : shortest_pause);
  }
}

// Any voter may be the active controller, and knows the others, who may be newer than the settings.
Awaitable<> Cluster::ask_to_join() {
  const JoinQuorumRequest request = join_request();
  auto asked = voters();
  asked.merge(told_voters());  // what the log says may be old
  for (const auto& [id, address] : asked) {
    if (id == request.broker_id || is_stopping_) {
      continue;
    }
    const auto peer = controller_peer(id, address);
    const auto answer = co_await peer->call(request, longest_question);
    if (!answer) {
      continue;
    }
    const auto told = parse_voters(answer->response.voters);
    for (const QuorumVoter& voter : told.value_or(std::vector<QuorumVoter>{})) {
      told_voters_[voter.id] = fmt::format("{}:{}", voter.host, voter.port);
    }
    if (broker_.metadata->servers().empty()) {
      connect_to_voters();
    }
    if (answer->response.error_code == ErrorCode::NONE && !answer->response.is_new) {
      co_return;
    }
  }
}

void Cluster::connect_to_voters() {
  std::vector<quorum::Server> servers;
  for (const auto& [id, address] : voters()) {
    servers.push_back({.id = quorum::server_id(id), .address = address, .role = quorum::ServerRole::voter});
  }
  transport_.stay_connected(servers);
}

// Until it is registered. The process before this one may count as alive for a while yet.
Awaitable<> Cluster::register_here() {
  co_await find_quorum();
  while (!is_stopping_) {
    RegisterBroker command{.broker_id = broker_.config.node_id,
                           .incarnation_id = incarnation_,
                           .endpoints = endpoints_,
                           .log_dirs = {broker_.directory->directory_id()},
                           .rack = broker_.config.broker_rack,
                           .flush_messages = broker_.partitions.config()->log_flush_interval_messages,
                           .degraded = degraded(broker_.partitions)};
    auto applied = co_await broker_.metadata->propose(std::move(command));
    if (applied) {
      epoch_ = std::get<BrokerChanged>(*applied).broker_epoch.value;
      logger().info("registered as broker {}, epoch {}", broker_.config.node_id.value, epoch_.load());
      co_return;
    }
    const bool is_refused = applied.error().code != ErrorCode::NOT_CONTROLLER;
    if (is_refused && !std::exchange(was_told_of_duplicate_, true)) {
      logger().warn("not registered yet: {}", applied.error().message);
    }
    co_await pause(is_refused ? slow_pause : quick_pause);  // each refusal is an entry of the metadata log
  }
}

}  // namespace ottla
