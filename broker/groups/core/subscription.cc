#include "broker/groups/core/subscription.h"

namespace ottla::groups {

namespace {

void add_topics(std::set<std::string>& topics, Bytes metadata) {
  Reader reader(metadata);
  (void)reader.integer<std::int16_t>();  // version
  const auto count = reader.integer<std::int32_t>();
  for (std::int32_t i = 0; i < count && reader.ok(); ++i) {
    const auto size = reader.integer<std::int16_t>();
    if (size < 0) {
      return;
    }
    const auto name = reader.take(static_cast<std::size_t>(size));
    if (reader.ok()) {
      topics.emplace(reinterpret_cast<const char*>(name.data()), name.size());
    }
  }
}

}  // namespace

std::set<std::string> subscribed_topics(const Group& group) {
  std::set<std::string> topics;
  if (group.protocol_type() != "consumer") {
    return topics;
  }
  for (const auto& [id, member] : group.members()) {
    for (const auto& protocol : member.protocols) {
      add_topics(topics, protocol.metadata);
    }
  }
  return topics;
}

}  // namespace ottla::groups
