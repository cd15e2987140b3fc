// What the active controller remembers of the brokers beside the metadata: when each was last heard, and how far it has
// read. Not in the log: another controller that takes over starts with a full session for everybody. Gives commands to
// propose; time comes with the call, in ms of a clock that never goes back.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/error_code.h"
#include "replication/cluster_commands.h"

namespace ottla {

struct Heartbeat {
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  std::int64_t metadata_index = -1;  // applied there
  bool want_fence = true;
  bool want_shut_down = false;
  bool has_offline_log_dir = false;
};

struct HeartbeatAnswer {
  std::optional<ChangeBrokerState> first;  // to be committed before the rest is true and may be told
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;
};

// Error INCONSISTENT_CLUSTER_ID.
Result<void> check_cluster_id(std::string_view ours, std::string_view theirs);

class BrokerSessions {
 public:
  BrokerSessions(std::int64_t session_timeout_ms, const Brokers& brokers, std::int64_t now_ms);

  // A broker is unfenced once it has read its own registration, not the end of the log, which never stands still
  // (KAFKA-13959). One that wants to stop first gives up its leaderships, and may go when all active brokers have read
  // of that. Error STALE_BROKER_EPOCH.
  Result<HeartbeatAnswer> heartbeat(const Brokers& brokers, const Heartbeat& heartbeat, std::int64_t now_ms);

  // The connection of a broker broke, or cannot be made. Any connection may break; if it cannot be made again soon
  // after, the broker has `grace_ms` left to be heard.
  void connection_lost(BrokerId broker, std::int64_t grace_ms, std::int64_t now_ms);
  // Nobody listens where the broker did, on a machine that answers: its process is gone, and so is its session. One
  // that is heard all the same (something between here and there refuses in its name) is not taken for gone so again.
  void connection_refused(BrokerId broker, std::int64_t now_ms);
  // It is gone, by all that is known: it has `grace_ms` left to contradict.
  void presume_gone(BrokerId broker, std::int64_t grace_ms, std::int64_t now_ms);

  // Those whose session is over, to be fenced. Given again until it is done.
  std::vector<ChangeBrokerState> tick(const Brokers& brokers, std::int64_t now_ms);

 private:
  struct Session {
    BrokerEpoch epoch;
    std::int64_t deadline_ms = 0;
    std::int64_t metadata_index = -1;
    std::optional<std::int64_t> refused_ms;
    bool was_refused_wrongly = false;
    std::optional<std::int64_t> lost_ms;  // when its connection broke last, and it was not heard since
  };
  [[nodiscard]] std::int64_t lowest_active_index(const Brokers& brokers) const;

  std::int64_t session_timeout_ms_;
  std::map<BrokerId, Session> sessions_;
};

}  // namespace ottla
