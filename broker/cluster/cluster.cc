#include "broker/cluster/cluster.h"

#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/cluster/cluster_config.h"
#include "broker/log.h"
#include "protocol/api/10005_change_voter.h"

// g++ 12 takes the frame of a coroutine, which Asio allocates and frees, for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace ottla {

namespace {

constexpr auto pause_without_controller = std::chrono::milliseconds(50);
constexpr auto longest_proposal = std::chrono::seconds(30);
constexpr auto call_time_out = std::chrono::seconds(10);
constexpr auto longest_silence = std::chrono::seconds(2);  // of a controller that it asks whether it may go
constexpr auto longest_hand_over = std::chrono::milliseconds(500);
constexpr auto short_pause = std::chrono::milliseconds(5);
constexpr std::chrono::milliseconds quick_heartbeat(100);  // while it waits for something

}  // namespace

Cluster::Cluster(Broker& broker)
    : broker_(broker),
      core_(*broker.cores.front()),
      heartbeat_timer_(core_.io),
      incarnation_(Uuid::random()),
      transport_(core_, broker.directory->cluster_id(), quorum::server_id(broker.config.node_id),
                 quorum_plan(broker.config).address,
                 [this](quorum::ServerId server, bool was_connected) { peer_lost(server, was_connected); }),
      replicas_(
          core_, broker.config, broker.directory->cluster_id(), epoch_, [this](BrokerId id) { return address_of(id); },
          [this](std::shared_ptr<Partition> partition, const replica_effect::SendAlterPartition& request) {
            asio::co_spawn(core_.io, alter_partition(std::move(partition), request), asio::detached);
          },
          [&partitions = broker.partitions] { partitions.housekeeper().make_log_starts_durable(); }) {
  broker.metadata->connect(
      [this](const quorum::Message& message, const std::string& address) { transport_.send(message, address); },
      [this](Bytes command) { return forward(std::move(command)); });
  broker.partitions.set_replica_outside(&replicas_, {.lag_time_max_ms = broker.config.replica_lag_time_max_ms,
                                                     .fetch_backoff_ms = broker.config.replica_fetch_backoff_ms});
}

Cluster::~Cluster() = default;

void Cluster::stop() {
  is_stopping_ = true;
  broker_.metadata->end_waits();
  transport_.close();
  replicas_.close();
  for (const auto& [id, peer] : controller_peers_) {
    peer->close();
  }
}

// Who has no log yet knows the sender by nothing else.
void Cluster::receive(const quorum::Message& message, const std::string& from_address) {
  const BrokerId from = quorum::broker_id(message.from);
  if (broker_.metadata->servers_version() == 0 &&
      parse_voters(std::vector{fmt::format("{}@{}", from.value, from_address)})) {
    asio::post(core_.io, [this, from, from_address] {
      told_voters_[from] = from_address;
      transport_.learn(quorum::server_id(from), from_address);
    });
  }
  broker_.metadata->receive(message);
}

Awaitable<> Cluster::pause(Clock::duration duration) {
  Timer timer(core_.io);
  timer.expires_after(duration);
  co_await timer.async_wait(asio::as_tuple(use_awaitable));
}

// Where other brokers reach it.
std::optional<PeerAddress> Cluster::address_of(BrokerId id) const {
  return broker_.metadata->read([&](const Controller& state) -> std::optional<PeerAddress> {
    const auto found = state.brokers().find(id);
    if (found == state.brokers().end()) {
      return std::nullopt;
    }
    for (const BrokerEndpoint& endpoint : found->second.endpoints) {
      if (endpoint.name == broker_.config.inter_broker_listener_name) {
        return PeerAddress{endpoint.host, endpoint.port};
      }
    }
    return std::nullopt;
  });
}

std::shared_ptr<Peer> Cluster::controller_peer(BrokerId id, const std::string& address) {
  auto& peer = controller_peers_[id];
  if (peer == nullptr || peer->address() != to_peer_address(address)) {
    if (peer != nullptr) {
      peer->close();
    }
    peer = std::make_shared<Peer>(core_, to_peer_address(address));
  }
  return peer;
}

// REQUIRES: the request lives until this is awaited.
template <class Request>
Awaitable<Result<typename Request::Response>> Cluster::call_controller(const Request& request,
                                                                       Clock::duration time_out) {
  const BrokerId controller = broker_.metadata->active_controller();
  const auto addresses = voters();
  const auto address = addresses.find(controller);
  if (address == addresses.end() || controller == broker_.config.node_id) {
    co_return failure(ErrorCode::NOT_CONTROLLER, "the cluster has no active controller");
  }
  const auto peer = controller_peer(controller, address->second);
  auto answer = co_await peer->call(request, time_out);
  if (!answer) {
    co_return std::unexpected(std::move(answer.error()));
  }
  co_return std::move(answer->response);
}

// A command from this broker, wherever it comes from in it.
Awaitable<Result<std::uint64_t>> Cluster::forward(Bytes command) {
  const auto done = std::make_shared<OneShot<Result<std::uint64_t>>>();
  asio::co_spawn(core_.io, forward_from_here(std::move(command), done), asio::detached);
  co_return co_await done->wait();
}

// Asks until somebody says that it is committed. One that is committed twice does no harm: a command names the epochs
// that it was decided on.
Awaitable<> Cluster::forward_from_here(Bytes command, std::shared_ptr<OneShot<Result<std::uint64_t>>> done) {
  const auto deadline = Clock::now() + longest_proposal;
  Result<std::uint64_t> outcome = failure(ErrorCode::NOT_CONTROLLER, "the cluster has no active controller");
  while (!is_stopping_ && Clock::now() < deadline) {
    outcome = co_await ask_to_commit(command);
    if (outcome ||
        (outcome.error().code != ErrorCode::NOT_CONTROLLER && outcome.error().code != ErrorCode::NETWORK_EXCEPTION)) {
      break;
    }
    co_await pause(pause_without_controller);
  }
  done->complete(std::move(outcome));
}

Awaitable<Result<std::uint64_t>> Cluster::ask_to_commit(const Bytes& command) {
  if (broker_.metadata->active_controller() == broker_.config.node_id) {
    auto decoded = decode_command(command);
    if (!decoded) {
      co_return std::unexpected(std::move(decoded.error()));
    }
    note_successor(*decoded);
    co_return co_await broker_.metadata->commit(std::move(*decoded));
  }
  const ProposeRequest request{.cluster_id = broker_.directory->cluster_id(), .command = command};
  const auto answer = co_await call_controller(request, call_time_out);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (answer->error_code != ErrorCode::NONE) {
    co_return failure(answer->error_code, "the active controller refused it");
  }
  co_return static_cast<std::uint64_t>(answer->index);
}

Awaitable<Result<DescribeQuorumResponse>> Cluster::ask_controller(const DescribeQuorumRequest& request) {
  const auto done = std::make_shared<QuorumAnswer>();
  asio::co_spawn(core_.io, ask_controller_from_here(request, done), asio::detached);
  co_return co_await done->wait();
}

Awaitable<> Cluster::ask_controller_from_here(DescribeQuorumRequest request, std::shared_ptr<QuorumAnswer> done) {
  done->complete(co_await call_controller(request, call_time_out));
}

Awaitable<Result<void>> Cluster::change_voter(const VoterChange& change, Clock::duration time_out) {
  const auto done = std::make_shared<OneShot<Result<void>>>();
  asio::co_spawn(core_.io, change_voter_from_here(change, Clock::now() + time_out, done), asio::detached);
  co_return co_await done->wait();
}

Awaitable<> Cluster::change_voter_from_here(VoterChange change, Clock::time_point deadline,
                                            std::shared_ptr<OneShot<Result<void>>> done) {
  Result<void> outcome = failure(ErrorCode::REQUEST_TIMED_OUT, "the quorum has not agreed on it");
  while (!is_stopping_ && Clock::now() < deadline) {
    const auto told = co_await ask_to_change(change);
    if (told && *told) {
      outcome = {};
      break;
    }
    if (!told) {
      outcome = std::unexpected(told.error());
      const ErrorCode code = told.error().code;
      if (code != ErrorCode::NOT_CONTROLLER && code != ErrorCode::NETWORK_EXCEPTION &&
          code != ErrorCode::REQUEST_TIMED_OUT) {
        break;
      }
    }
    co_await pause(pause_without_controller);
  }
  done->complete(std::move(outcome));
}

Awaitable<Result<bool>> Cluster::ask_to_change(const VoterChange& change) {
  if (broker_.metadata->active_controller() == broker_.config.node_id) {
    co_return co_await broker_.metadata->change_voter(change.broker, change.shall_vote);
  }
  const ChangeVoterRequest request{
      .cluster_id = broker_.directory->cluster_id(), .broker_id = change.broker, .shall_vote = change.shall_vote};
  const auto answer = co_await call_controller(request, call_time_out);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (answer->error_code != ErrorCode::NONE) {
    co_return failure(answer->error_code, answer->error_message.value_or(""));
  }
  co_return answer->is_done;
}

Awaitable<MemberHeartbeatResponse> Cluster::send_heartbeat() {
  const MemberHeartbeatRequest request{.cluster_id = broker_.directory->cluster_id(),
                                       .broker_id = broker_.config.node_id,
                                       .broker_epoch = BrokerEpoch{epoch_.load()},
                                       .metadata_index = static_cast<std::int64_t>(broker_.metadata->followed_index()),
                                       .want_fence = false,
                                       .want_shut_down = wants_to_leave_,
                                       .has_offline_log_dir = broker_.partitions.failure().has_value()};
  MemberHeartbeatResponse answer;
  if (broker_.metadata->active_controller() == broker_.config.node_id) {
    answer = co_await heartbeat(request);
  } else {
    const std::chrono::milliseconds time_out(broker_.config.broker_session_timeout_ms);
    is_asking_ = true;
    const auto called = co_await call_controller(request, time_out);
    is_asking_ = false;
    answer = called ? *called : MemberHeartbeatResponse{.error_code = called.error().code};
  }
  if (answer.error_code == ErrorCode::STALE_BROKER_EPOCH && !is_stopping_ && !wants_to_leave_) {
    co_await register_here();
  }
  last_heard_ = answer.error_code == ErrorCode::NONE ? Clock::now() : last_heard_;
  may_leave_ = may_leave_ || answer.should_shut_down;
  co_return answer;
}

Awaitable<> Cluster::send_heartbeats() {
  const std::chrono::milliseconds interval(broker_.config.broker_heartbeat_interval_ms);
  while (!is_stopping_) {
    has_news_to_tell_ = false;
    const MemberHeartbeatResponse answer = co_await send_heartbeat();
    const bool all_is_well = answer.error_code == ErrorCode::NONE && !answer.is_fenced && !wants_to_leave_;
    if (!has_news_to_tell_) {
      heartbeat_timer_.expires_after(all_is_well ? interval : std::min(interval, quick_heartbeat));
      co_await heartbeat_timer_.async_wait(asio::as_tuple(use_awaitable));
    }
  }
}

Awaitable<> Cluster::leave() {
  if (!has_joined_) {
    co_return;
  }
  wants_to_leave_ = has_news_to_tell_ = true;
  heartbeat_timer_.cancel();
  last_heard_ = Clock::now();
  while (!may_leave_ && !is_stopping_ && (is_asking_ || Clock::now() < last_heard_ + longest_silence)) {
    co_await pause(short_pause);
  }
  co_await broker_.metadata->hand_over();
  const auto deadline = Clock::now() + longest_hand_over;
  while (broker_.metadata->is_active() && !is_stopping_ && Clock::now() < deadline) {
    co_await pause(short_pause);
  }
}

// A partition whose leader asks for another ISR. Without an answer it asks again by itself.
Awaitable<> Cluster::alter_partition(std::shared_ptr<Partition> partition, replica_effect::SendAlterPartition request) {
  const PartitionKey key = partition->key();
  request.change.partition_index = key.index;
  AlterPartition command{.broker_id = broker_.config.node_id, .broker_epoch = BrokerEpoch{epoch_.load()}};
  command.topics.push_back({.topic_id = key.topic_id, .partitions = {request.change}});
  const auto applied = co_await broker_.metadata->propose(std::move(command));
  AlterPartitionReply reply{.token = request.token};
  if (applied) {
    const PartitionOutcome& outcome = std::get<PartitionsChanged>(*applied).outcomes.front();
    reply.error = outcome.code;
    reply.leader_epoch = outcome.partition.leader_epoch;
    reply.partition_epoch = outcome.partition.partition_epoch;
    reply.isr = outcome.partition.isr;
  } else if (reply.error = applied.error().code; reply.error != ErrorCode::STALE_BROKER_EPOCH) {
    co_return;
  }
  partition->isr_answered(reply);
}

}  // namespace ottla
