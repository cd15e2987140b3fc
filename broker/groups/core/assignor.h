// The server's assignors (KIP-848): who shall have which partitions. Pure functions of the members in order.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "broker/groups/core/topics.h"

namespace ottla::groups {

struct Subscriber {
  std::set<TopicId> topics;
  Partitions has;  // now, or soon
  std::optional<std::string> instance_id = std::nullopt;
};
using Subscribers = std::map<std::string, Subscriber>;  // by member id
using PartitionCounts = std::map<TopicId, std::int32_t>;
using Target = std::map<std::string, Partitions>;

inline constexpr const char* uniform_assignor = "uniform";  // the default
inline constexpr const char* range_assignor = "range";
bool is_assignor(const std::string& name);

// Equal shares, as few moves as that allows; members may subscribe to different topics.
Target assign_uniform(const Subscribers& members, const PartitionCounts& counts);
// Neighbouring partitions of each topic to neighbouring members: partition n of like topics goes to the same member.
Target assign_range(const Subscribers& members, const PartitionCounts& counts);

inline Target assign(const std::string& assignor, const Subscribers& members, const PartitionCounts& counts) {
  return assignor == range_assignor ? assign_range(members, counts) : assign_uniform(members, counts);
}

}  // namespace ottla::groups
