// Regular expressions in subscriptions, in RE2's dialect as in Kafka (KIP-848): linear in time, bounded in memory.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "broker/groups/core/topics.h"

namespace ottla::groups {

// Why not; nothing: it is one.
std::optional<std::string> regex_error(const std::string& regex);
// Topics whose whole name matches; internal ones too, as in Kafka: clients that want none leave them out.
std::set<std::string> matching_topics(const std::string& regex, const Topics& topics);

}  // namespace ottla::groups
