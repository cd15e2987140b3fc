// One member of a group, and what the group waits for from it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "broker/groups/core/events.h"

namespace ottla::groups {

using Protocols = std::vector<JoinGroupRequest::JoinGroupRequestProtocol>;

struct Member {
  std::string id;
  std::optional<std::string> instance_id;  // KIP-345: a static member
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  Protocols protocols;  // in the member's order of preference
  Bytes assignment;

  std::optional<Token> join;  // its JoinGroup waits for an answer
  std::optional<Token> sync;  // its SyncGroup does
  bool is_new = false;        // has never been told its id: cannot send heartbeats
  bool must_sync = false;     // has not yet fetched its assignment of this generation
  Millis expires_at = 0;      // the end of its session
  Millis last_heard_at = 0;
  const char* last_said = "";

  // Kafka's rule: who waits for us is alive, unless it may have come again under another id.
  [[nodiscard]] bool can_expire() const { return is_new || (!join && !sync); }
  [[nodiscard]] const Bytes* metadata(const std::string& protocol) const {
    const auto found = std::ranges::find(protocols, protocol, &JoinGroupRequest::JoinGroupRequestProtocol::name);
    return found != protocols.end() ? &found->metadata : nullptr;
  }
  [[nodiscard]] bool speaks_the_same(const Protocols& others) const {
    return std::ranges::equal(protocols, others, [](const auto& left, const auto& right) {
      return left.name == right.name && left.metadata == right.metadata;
    });
  }
};

}  // namespace ottla::groups
