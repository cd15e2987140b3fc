// What the active controller does beside the metadata log: it knows who was heard when, fences who was not, and puts
// things in order from time to time.
#include <fmt/format.h>

#include <random>

#include "broker/broker.h"
#include "broker/cluster/cluster.h"
#include "broker/log.h"
#include "broker/wall_clock.h"
#include "replication/controller_housekeeping.h"

// g++ 12 takes the frame of a coroutine, which Asio allocates and frees, for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace ottla {

namespace {

constexpr auto look_interval = std::chrono::milliseconds(50);
constexpr std::int64_t longest_look_ms = 1'000;  // beyond it nothing was heard, for nobody listened
constexpr std::int64_t house_interval_ms = 1'000;
constexpr std::int64_t old_controller_answers_ms = 500;
// Whoever's connection broke has this long to be heard again before it is fenced.
constexpr std::int64_t grace_ms = 300;
constexpr auto turn_to_stand = std::chrono::milliseconds(150);  // an election takes less
// Of the partitions that prefer a broker; Kafka's default for what it no longer lets anybody set.
constexpr std::int64_t imbalance_percent = 10;
constexpr auto longest_observer_silence = std::chrono::minutes(1);
constexpr std::size_t elections_at_once = 1'000;

}  // namespace

Awaitable<> Cluster::control() {
  while (!is_stopping_) {
    const std::int64_t now_ms = steady_clock_ms();
    note_who_lives(now_ms);
    note_servers();
    leave_old_controllers(now_ms);
    tell_who_leaves();
    if (!broker_.metadata->is_active()) {
      sessions_.reset();
      being_fenced_.clear();
    } else {
      watch_sessions(now_ms);
      keep_house(now_ms);
    }
    co_await pause(look_interval);
  }
}

// One that hangs keeps what it was asked before another was elected: that is asked again elsewhere. One that is well
// has answered by then.
void Cluster::leave_old_controllers(std::int64_t now_ms) {
  const BrokerId active = broker_.metadata->active_controller();
  if (active != controller_) {
    controller_ = active;
    controller_since_ms_ = now_ms;
    told_leaver_index_ = -1;  // it has not been told
  }
  if (active.value < 0 || now_ms - controller_since_ms_ < old_controller_answers_ms) {
    return;
  }
  std::erase_if(controller_peers_, [&](const auto& one) {
    if (one.first == active) {
      return false;
    }
    one.second->close();
    return true;
  });
}

// A broker that stops waits until all have read that it leads nothing any more: they say so at once.
void Cluster::tell_who_leaves() {
  const std::int64_t index = broker_.metadata->read([](const Controller& state) {
    std::int64_t latest = -1;
    for (const auto& [id, broker] : state.brokers()) {
      latest = std::max(latest, broker.controlled_shutdown_index);
    }
    return latest;
  });
  if (index > told_leaver_index_ && static_cast<std::int64_t>(broker_.metadata->followed_index()) >= index) {
    told_leaver_index_ = index;
    has_news_to_tell_ = true;
    heartbeat_timer_.cancel();
  }
}

// A new controller has heard of nobody yet, nor has one that was not running: everybody has a full session, but for
// those that are known to be gone.
void Cluster::watch_sessions(std::int64_t now_ms) {
  const std::uint64_t term = broker_.metadata->term();
  const auto due = broker_.metadata->read([&](const Controller& state) {
    const bool has_slept = now_ms - std::exchange(last_watch_ms_, now_ms) > longest_look_ms;
    if (!sessions_ || sessions_term_ != term || has_slept) {
      sessions_.emplace(broker_.config.broker_session_timeout_ms, state.brokers(), now_ms);
      sessions_term_ = term;
      next_balance_ms_ = now_ms + broker_.config.leader_imbalance_check_interval_seconds * 1000;
      for (const auto& [id, registration] : state.brokers()) {
        if (transport_.is_refused(quorum::server_id(id))) {
          sessions_->connection_refused(id, now_ms);
        }
      }
    }
    return sessions_->tick(state.brokers(), now_ms);
  });
  for (const ChangeBrokerState& change : due) {
    if (being_fenced_.insert(change.broker_id).second) {
      logger().warn("broker {} was not heard of any more, and is fenced", change.broker_id.value);
      decide(change);
    }
  }
}

void Cluster::keep_house(std::int64_t now_ms) {
  if (now_ms < next_house_ms_) {
    return;
  }
  next_house_ms_ = now_ms + house_interval_ms;
  broker_.metadata->remove_observers(longest_observer_silence);
  const bool balances = broker_.config.auto_leader_rebalance_enable && now_ms >= next_balance_ms_;
  std::vector<Command> commands;
  broker_.metadata->read([&](const Controller& state) {
    Replication wanted = default_replication(state.brokers().size());
    if (broker_.config.given.contains("min.insync.replicas")) {
      wanted.min_insync_replicas = broker_.config.min_insync_replicas;
    }
    if (auto widened = widen_early_topics(state, wanted, std::random_device{}())) {
      commands.emplace_back(std::move(*widened));
    }
    if (balances) {
      if (auto elections = preferred_elections(state, imbalance_percent, elections_at_once)) {
        commands.emplace_back(std::move(*elections));
      }
    }
  });
  if (balances) {
    next_balance_ms_ = now_ms + broker_.config.leader_imbalance_check_interval_seconds * 1000;
  }
  for (Command& command : commands) {
    decide(std::move(command));
  }
}

void Cluster::decide(Command command) {
  const auto* const change = std::get_if<ChangeBrokerState>(&command);
  const BrokerId broker = change != nullptr ? change->broker_id : BrokerId{};
  broker_.metadata->propose(std::move(command), [this, broker](const Result<Applied>& applied) {
    if (!applied) {
      logger().warn("the controller's decision was not carried out: {}", applied.error().message);
    }
    asio::post(core_.io, [this, broker] { being_fenced_.erase(broker); });
  });
}

void Cluster::note_servers() {
  const std::uint64_t version = broker_.metadata->servers_version();
  if (std::exchange(seen_servers_version_, version) != version) {
    if (const auto servers = broker_.metadata->servers(); !servers.empty()) {
      transport_.stay_connected(servers);
    }
  }
}

void Cluster::note_who_lives(std::int64_t now_ms) {
  broker_.metadata->read([&](const Controller& state) {
    for (const auto& [id, broker] : state.brokers()) {
      if (!broker.fenced) {
        recent_losses.seen_alive(id, now_ms);
      }
    }
  });
}

void Cluster::peer_lost(quorum::ServerId server, bool was_connected) {
  const BrokerId broker = quorum::broker_id(server);
  const std::int64_t now_ms = steady_clock_ms();
  if (was_connected) {
    recent_losses.connection_lost(broker, now_ms);
  }
  if (!transport_.is_refused(server)) {
    if (sessions_) {
      sessions_->connection_lost(broker, grace_ms, now_ms);
    }
  } else if (sessions_ && broker_.metadata->is_active()) {
    sessions_->connection_refused(broker, now_ms);
    watch_sessions(now_ms);
  } else if (broker == broker_.metadata->active_controller()) {
    asio::co_spawn(core_.io, replace_controller(server), asio::detached);
  }
}

// One of the other voters after the other: those that stand for election together split the votes.
Awaitable<> Cluster::replace_controller(quorum::ServerId gone) {
  const auto all = voters();
  const BrokerId self = broker_.config.node_id;
  if (!all.contains(self)) {
    co_return;
  }
  const auto before_self = std::ranges::count_if(
      all, [&](const auto& one) { return one.first < self && one.first != quorum::broker_id(gone); });
  co_await pause(before_self * turn_to_stand);
  if (!is_stopping_ && transport_.is_refused(gone)) {
    broker_.metadata->leader_is_gone(gone);
  }
}

// Who registers with the directory of a broker that counts as alive holds its lock: the process before it is gone. It
// still has the grace to contradict.
void Cluster::note_successor(const Command& command) {
  const auto* const registration = std::get_if<RegisterBroker>(&command);
  if (registration == nullptr || !sessions_) {
    return;
  }
  const bool succeeds = broker_.metadata->read([&](const Controller& state) {
    const auto before = state.brokers().find(registration->broker_id);
    return before != state.brokers().end() && !before->second.fenced &&
           before->second.incarnation_id != registration->incarnation_id &&
           before->second.log_dirs == registration->log_dirs;
  });
  if (succeeds) {
    sessions_->presume_gone(registration->broker_id, grace_ms, steady_clock_ms());
  }
}

Awaitable<ProposeResponse> Cluster::propose(std::span<const std::byte> command) {
  auto decoded = decode_command(command);
  if (!decoded) {
    co_return ProposeResponse{.error_code = ErrorCode::INVALID_REQUEST};
  }
  asio::post(core_.io, [this, command = *decoded] { note_successor(command); });
  const auto index = co_await broker_.metadata->commit(std::move(*decoded));
  co_return index ? ProposeResponse{.index = static_cast<std::int64_t>(*index)}
                  : ProposeResponse{.error_code = index.error().code};
}

Awaitable<ErrorCode> Cluster::join_quorum(const JoinQuorumRequest& request) {
  const auto added = co_await broker_.metadata->add_observer(request.broker_id, request.address);
  co_return added ? ErrorCode::NONE : added.error().code;
}

Awaitable<MemberHeartbeatResponse> Cluster::heartbeat(const MemberHeartbeatRequest& request) {
  const auto done = std::make_shared<OneShot<MemberHeartbeatResponse>>();
  asio::co_spawn(core_.io, answer_heartbeat(request, done), asio::detached);
  co_return co_await done->wait();
}

Awaitable<> Cluster::answer_heartbeat(MemberHeartbeatRequest request,
                                      std::shared_ptr<OneShot<MemberHeartbeatResponse>> done) {
  if (!broker_.metadata->is_active() || !sessions_) {
    done->complete(MemberHeartbeatResponse{.error_code = ErrorCode::NOT_CONTROLLER});
    co_return;
  }
  const Heartbeat heard{.broker_id = request.broker_id,
                        .broker_epoch = request.broker_epoch,
                        .metadata_index = request.metadata_index,
                        .want_fence = request.want_fence,
                        .want_shut_down = request.want_shut_down,
                        .has_offline_log_dir = request.has_offline_log_dir};
  const auto answer = broker_.metadata->read(
      [&](const Controller& state) { return sessions_->heartbeat(state.brokers(), heard, steady_clock_ms()); });
  if (!answer) {
    done->complete(MemberHeartbeatResponse{.error_code = answer.error().code});
    co_return;
  }
  if (answer->first) {
    const auto index = co_await broker_.metadata->commit(*answer->first);
    if (!index) {
      done->complete(MemberHeartbeatResponse{.error_code = index.error().code});
      co_return;
    }
  }
  done->complete(MemberHeartbeatResponse{.is_caught_up = answer->is_caught_up,
                                         .is_fenced = answer->is_fenced,
                                         .should_shut_down = answer->should_shut_down});
}

}  // namespace ottla
