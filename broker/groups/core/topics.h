// The topics as a group sees them, and partitions under the name that survives a topic's name: its id.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "protocol/ids.h"

namespace ottla::groups {

struct TopicIdPartition {
  TopicId topic_id;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicIdPartition&, const TopicIdPartition&) = default;
};
using Partitions = std::set<TopicIdPartition>;

// Immutable, shared by all groups; a change of the metadata makes another one.
struct Topics {
  struct Topic {
    TopicId id;
    std::int32_t partitions = 0;
  };
  std::uint64_t version = 0;  // grows with each change: views may come out of order
  std::map<std::string, Topic> by_name;
  std::map<TopicId, std::string> names;

  [[nodiscard]] const Topic* find(const std::string& name) const {
    const auto found = by_name.find(name);
    return found != by_name.end() ? &found->second : nullptr;
  }
  [[nodiscard]] const std::string* name_of(TopicId id) const {
    const auto found = names.find(id);
    return found != names.end() ? &found->second : nullptr;
  }
  void add(const std::string& name, const Topic& topic) {
    by_name[name] = topic;
    names[topic.id] = name;
  }
};
using TopicsView = std::shared_ptr<const Topics>;

}  // namespace ottla::groups
