#include "replication/broker_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace ottla {

namespace {
using State = ChangeBrokerState::State;
constexpr std::int64_t late_ms = 300;    // what was sent before the connection was refused may take so long to be heard
constexpr std::int64_t soon_ms = 3'000;  // above the pauses with which a connection is tried again
}  // namespace

Result<void> check_cluster_id(std::string_view ours, std::string_view theirs) {
  if (ours != theirs) {
    return failure(ErrorCode::INCONSISTENT_CLUSTER_ID,
                   fmt::format("Expected cluster ID {}, but got cluster ID {}", ours, theirs));
  }
  return {};
}

BrokerSessions::BrokerSessions(std::int64_t session_timeout_ms, const Brokers& brokers, std::int64_t now_ms)
    : session_timeout_ms_(session_timeout_ms) {
  (void)tick(brokers, now_ms);
}

Result<HeartbeatAnswer> BrokerSessions::heartbeat(const Brokers& brokers, const Heartbeat& heartbeat,
                                                  std::int64_t now_ms) {
  const auto found = brokers.find(heartbeat.broker_id);
  if (found == brokers.end() || found->second.epoch != heartbeat.broker_epoch) {
    return failure(ErrorCode::STALE_BROKER_EPOCH, fmt::format("Broker {} is not registered with epoch {}.",
                                                              heartbeat.broker_id.value, heartbeat.broker_epoch.value));
  }
  const BrokerRegistration& broker = found->second;
  Session& session = sessions_[heartbeat.broker_id];
  const bool is_same = session.epoch == broker.epoch;
  if (is_same && session.refused_ms && now_ms - *session.refused_ms < late_ms) {
    return HeartbeatAnswer{.is_caught_up = true,
                           .is_fenced = broker.fenced};  // the last word of a process that is gone
  }
  const bool was_wrong = is_same && (session.refused_ms || session.was_refused_wrongly);
  session = {.epoch = broker.epoch,
             .deadline_ms = now_ms + session_timeout_ms_,
             .metadata_index = heartbeat.metadata_index,
             .was_refused_wrongly = was_wrong};
  HeartbeatAnswer answer{.is_caught_up = heartbeat.metadata_index >= broker.epoch.value, .is_fenced = broker.fenced};
  const auto wish = [&](State state) {
    answer.first = ChangeBrokerState{heartbeat.broker_id, broker.epoch, state};
    answer.is_fenced = state == State::fenced;
  };
  const bool wants_fence = heartbeat.want_fence || heartbeat.has_offline_log_dir;
  if (broker.fenced) {
    answer.should_shut_down = heartbeat.want_shut_down;
    if (!wants_fence && !heartbeat.want_shut_down && answer.is_caught_up && !broker.in_controlled_shutdown) {
      wish(State::active);
    }
  } else if (wants_fence) {
    wish(State::fenced);
    answer.should_shut_down = heartbeat.want_shut_down;
  } else if (broker.in_controlled_shutdown) {
    if (lowest_active_index(brokers) >= broker.controlled_shutdown_index) {
      wish(State::fenced);
      answer.should_shut_down = true;
    }
  } else if (heartbeat.want_shut_down) {
    wish(State::controlled_shutdown);
  }
  return answer;
}

void BrokerSessions::connection_lost(BrokerId broker, std::int64_t grace_ms, std::int64_t now_ms) {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end()) {
    return;
  }
  const auto before = std::exchange(found->second.lost_ms, now_ms);
  if (before && now_ms - *before <= soon_ms) {
    presume_gone(broker, grace_ms, now_ms);
  }
}

void BrokerSessions::connection_refused(BrokerId broker, std::int64_t now_ms) {
  const auto found = sessions_.find(broker);
  if (found != sessions_.end() && !found->second.was_refused_wrongly) {
    found->second.refused_ms = now_ms;
    found->second.deadline_ms = std::min(found->second.deadline_ms, now_ms - 1);
  }
}

void BrokerSessions::presume_gone(BrokerId broker, std::int64_t grace_ms, std::int64_t now_ms) {
  if (const auto found = sessions_.find(broker); found != sessions_.end()) {
    found->second.deadline_ms = std::min(found->second.deadline_ms, now_ms + grace_ms);
  }
}

std::vector<ChangeBrokerState> BrokerSessions::tick(const Brokers& brokers, std::int64_t now_ms) {
  std::vector<ChangeBrokerState> over;
  for (const auto& [id, broker] : brokers) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.epoch != broker.epoch) {
      sessions_[id] = {.epoch = broker.epoch, .deadline_ms = now_ms + session_timeout_ms_};
    } else if (!broker.fenced && now_ms > found->second.deadline_ms) {
      over.push_back({id, broker.epoch, State::fenced});
    }
  }
  std::erase_if(sessions_, [&](const auto& session) { return !brokers.contains(session.first); });
  return over;
}

std::int64_t BrokerSessions::lowest_active_index(const Brokers& brokers) const {
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
  for (const auto& [id, broker] : brokers) {
    if (is_active(brokers, id)) {
      const auto session = sessions_.find(id);
      const bool is_heard = session != sessions_.end() && session->second.epoch == broker.epoch;
      lowest = std::min(lowest, is_heard ? session->second.metadata_index : -1);
    }
  }
  return lowest;
}

}  // namespace ottla
