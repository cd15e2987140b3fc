#include "broker/groups/core/subscription.h"

#include "broker/groups/core/consumer_protocol.h"

namespace ottla::groups {

std::set<std::string> subscribed_topics(const Group& group) {
  std::set<std::string> topics;
  if (group.protocol_type() != "consumer") {
    return topics;
  }
  for (const auto& [id, member] : group.members()) {
    for (const auto& protocol : member.protocols) {
      if (const auto subscription = read_subscription(protocol.metadata)) {
        topics.insert(subscription->topics.begin(), subscription->topics.end());
      }
    }
  }
  return topics;
}

}  // namespace ottla::groups
