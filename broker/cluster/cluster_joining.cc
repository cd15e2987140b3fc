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
constexpr auto longest_change = std::chrono::seconds(10);
constexpr auto silence_before_telling = std::chrono::seconds(10);

}  // namespace

Awaitable<> Cluster::join(std::vector<BrokerEndpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  broker_.metadata->run();
  transport_.open();
  asio::co_spawn(core_.io, control(), asio::detached);
  asio::co_spawn(core_.io, learn_whether_quorum_is_new(), asio::detached);
  co_await register_here();
  if (is_stopping_) {
    co_return;
  }
  co_await broker_.metadata->follow();
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

JoinQuorumRequest Cluster::join_request() const {
  const QuorumVoter self = own_address(broker_.config);
  return {.cluster_id = broker_.directory->cluster_id(),
          .broker_id = self.id,
          .address = fmt::format("{}:{}", self.host, self.port)};
}

// As long as this voter does not vote. A leader that is there sends it all it lacks meanwhile, and that ends it, too.
Awaitable<> Cluster::learn_whether_quorum_is_new() {
  const auto told_at = Clock::now() + silence_before_telling;
  bool is_told = false;
  while (!is_stopping_ && broker_.metadata->is_newcomer()) {
    if (co_await is_new_for_all()) {
      co_await broker_.metadata->found_quorum();
      co_return;
    }
    if (!is_told && Clock::now() > told_at) {
      is_told = true;
      logger().warn(
          "this voter's directory is empty, and the quorum's need not be: it does not vote before it has caught up "
          "with a "
          "leader that the others have elected; a new quorum begins when all its voters are there");
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
    const auto peer = controller_peer(voter.id);
    const auto answer = co_await peer->call(request, longest_question);
    if (!answer || !answer->response.is_new) {
      co_return false;
    }
  }
  co_return true;
}

// Until the voters send the metadata log here, too. Any of them may be the active controller.
Awaitable<> Cluster::become_observer() {
  const JoinQuorumRequest request = join_request();
  while (!is_stopping_) {
    for (const QuorumVoter& voter : broker_.config.controller_quorum_voters) {
      const auto peer = controller_peer(voter.id);
      const auto answer = co_await peer->call(request, longest_change);
      if (is_stopping_ || (answer && answer->response.error_code == ErrorCode::NONE)) {
        co_return;
      }
    }
    co_await pause(quick_pause);
  }
}

// Until it is registered. The process before this one may count as alive for a while yet.
Awaitable<> Cluster::register_here() {
  if (!quorum_plan(broker_.config).is_voter()) {
    co_await become_observer();
  }
  while (!is_stopping_) {
    RegisterBroker command{.broker_id = broker_.config.node_id,
                           .incarnation_id = incarnation_,
                           .endpoints = endpoints_,
                           .log_dirs = {broker_.directory->directory_id()},
                           .rack = broker_.config.broker_rack,
                           .flush_messages = broker_.partitions.config()->log_flush_interval_messages};
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
