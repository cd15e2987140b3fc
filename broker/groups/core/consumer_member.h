// One member of a group of the new protocol (KIP-848). A member of the classic one may be among them, on its way from
// or to it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "broker/groups/core/events.h"
#include "broker/groups/core/member.h"

namespace ottla::groups {

// Kafka's numbers, as they are stored.
enum class MemberState : std::int8_t {
  stable = 0,      // has what it shall have
  unrevoked = 1,   // has been asked to let go of partitions
  unreleased = 2,  // waits for partitions that others have not let go of yet
};

// One member's record has to fit into a batch: no more than this of topic names, or of a classic member's metadata.
inline constexpr std::size_t subscription_max_bytes = std::size_t{256} * 1024;

struct ClassicSide {
  std::int32_t session_timeout_ms = 0;
  Protocols protocols;  // in the member's order of preference
};

// Partitions, and the epoch of the member when it got each.
using Owned = std::map<TopicIdPartition, std::int32_t>;

struct ConsumerMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::string client_id;
  std::string client_host;
  std::int32_t rebalance_timeout_ms = -1;
  std::set<std::string> topic_names;
  std::string regex;  // empty: none
  std::optional<std::string> server_assignor;
  std::optional<ClassicSide> classic;  // it speaks the classic protocol

  std::int32_t epoch = 0;  // -2: a static member that said it would come back
  std::int32_t previous_epoch = 0;
  MemberState state = MemberState::stable;
  Owned assigned;
  Owned pending_revocation;
  Partitions target;

  Millis expires_at = 0;              // the end of its session
  std::optional<Millis> must_act_by;  // let go of partitions, or (classic) join or fetch its assignment
  const char* must_do = "";
  Millis last_heard_at = 0;
  const char* last_said = "";

  [[nodiscard]] bool is_settled(std::int32_t target_epoch) const {
    return state == MemberState::stable && epoch == target_epoch;
  }
};

}  // namespace ottla::groups
