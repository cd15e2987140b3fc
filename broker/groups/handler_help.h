// What the handlers of the group APIs share.
#pragma once

#include <string>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/groups/group_coordinator.h"
#include "broker/handlers.h"

namespace ottla {

// Bits 3, 6, 8, 10 and 11 of AclOperation: all that can be done to a group (KIP-430).
inline constexpr std::int32_t all_group_operations = 3400;

// A request that only a member can send: what to answer if there is no such group, or none can be asked.
inline ErrorCode member_error(const Error& error) {
  return error.code == ErrorCode::GROUP_ID_NOT_FOUND ? ErrorCode::UNKNOWN_MEMBER_ID : error.code;
}

// One topic of a request, which names it or gives its id: the other half, as far as the metadata knows it.
struct NamedTopic {
  std::string name;
  TopicId id;
  std::int32_t partitions = 0;
  bool exists = false;
  [[nodiscard]] bool has(std::int32_t partition) const { return partition >= 0 && partition < partitions; }
};

inline NamedTopic resolve_topic(const Broker& broker, std::string name, TopicId id, bool by_id) {
  return broker.metadata->read([&](const Controller& state) {
    const auto topic = by_id ? state.topic(id) : state.topic(name);
    return topic != nullptr
               ? NamedTopic{topic->name, topic->id, static_cast<std::int32_t>(topic->partitions.size()), true}
               : NamedTopic{std::move(name), id};
  });
}

// A topic's offsets die with it, even if another one takes its name.
inline bool is_of(const groups::CommittedOffset& committed, const NamedTopic& topic) {
  return topic.exists && (committed.topic_id.is_zero() || committed.topic_id == topic.id);
}

}  // namespace ottla
