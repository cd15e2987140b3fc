// What the coordinator's configuration says about groups.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "broker/groups/core/events.h"

namespace ottla::groups {

// Breaks one rule on purpose, so that a test can show that it would notice.
enum class Mutant : std::uint8_t {
  none,
  generation_unchecked,            // an old generation may commit and beat
  sync_answered_before_leader,     // members get an assignment before there is one
  static_member_not_fenced,        // the replaced holder of an instance id goes on
  commit_answered_before_written,  // an offset is acknowledged that a crash may lose
  unjoined_members_kept,           // who missed the rebalance keeps its place
  sessions_do_not_expire,          // a dead member is waited for until the end of time
  assignment_survives_rebalance,   // the leader's late answer becomes that of the next generation

  // The new protocol's (KIP-848); it shares those above whose rule it has too.
  release_not_awaited,          // a partition goes to its next owner before the last one let it go
  answered_before_written,      // a member is told an epoch and partitions that a crash may take back
  revocation_awaited_for_ever,  // who does not let go within its rebalance time-out stays
  topics_not_watched,           // nobody gets the partitions that a topic has grown by
  leaver_keeps_partitions,      // what a member had is never free again
  assignment_epoch_unchecked,   // an old commit counts although the partition came later
};

struct Settings {
  Millis initial_rebalance_delay_ms = 0;        // group.initial.rebalance.delay.ms
  std::int32_t min_session_timeout_ms = 6'000;  // group.min.session.timeout.ms
  std::int32_t max_session_timeout_ms = 1'800'000;
  std::int32_t max_size = std::numeric_limits<std::int32_t>::max();  // group.max.size
  // Of the new protocol, where the members have no say: group.consumer.session.timeout.ms and so on.
  std::int32_t consumer_session_timeout_ms = 45'000;
  std::int32_t consumer_heartbeat_interval_ms = 5'000;
  std::int32_t consumer_max_size = std::numeric_limits<std::int32_t>::max();
  Mutant mutant = Mutant::none;
};

// In Kafka's words.
inline std::string too_large(const Settings& settings) {
  return "The consumer group has reached its maximum capacity of " + std::to_string(settings.consumer_max_size) +
         " members.";
}

}  // namespace ottla::groups
