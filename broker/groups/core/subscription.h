// What members of a consumer group subscribe to, as far as their metadata can be read (Kafka's
// ConsumerProtocolSubscription: int16 version, then the topics; the rest is the assignor's).
#pragma once

#include <set>
#include <string>

#include "broker/groups/core/group.h"

namespace ottla::groups {

// Empty for a group of another protocol type.
std::set<std::string> subscribed_topics(const Group& group);

}  // namespace ottla::groups
