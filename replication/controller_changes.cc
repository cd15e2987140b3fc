// What changes without coming or going: settings, and topics that get more partitions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "replication/controller.h"

namespace ottla {

namespace {

using Operation = AlterConfigs::Operation;

std::vector<std::string> elements_of(std::string_view list) {
  std::vector<std::string> elements;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (comma > 0) {
      elements.emplace_back(list.substr(0, comma));
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return elements;
}

// An element is appended once, and taken out if it is there (KIP-339).
std::string changed_list(std::string_view list, const AlterConfigs::Change& change) {
  auto elements = elements_of(list);
  for (std::string& element : elements_of(change.value)) {
    if (change.operation == Operation::subtract) {
      std::erase(elements, element);
    } else if (std::ranges::find(elements, element) == elements.end()) {
      elements.push_back(std::move(element));
    }
  }
  return fmt::format("{}", fmt::join(elements, ","));
}

}  // namespace

Configs changed_configs(const Configs& before, const AlterConfigs& command) {
  Configs after = command.replaces_all ? Configs{} : before;
  for (const auto& change : command.changes) {
    switch (change.operation) {
      case Operation::set:
        after[change.name] = change.value;
        break;
      case Operation::remove:
        after.erase(change.name);
        break;
      case Operation::append:
      case Operation::subtract: {
        const auto found = after.find(change.name);
        after[change.name] = changed_list(found != after.end() ? found->second : change.base, change);
        break;
      }
    }
  }
  return after;
}

void Controller::replace(std::shared_ptr<const Topic> topic) {
  by_id_[topic->id] = topic;
  by_name_[topic->name] = std::move(topic);
}

const Configs& Controller::configs(std::int8_t resource_type, const std::string& resource_name) const {
  static const Configs none;
  const auto found = configs_.find({resource_type, resource_name});
  return found != configs_.end() ? found->second : none;
}

Result<Applied> Controller::apply_one(const AlterConfigs& command) {
  ConfigsChanged changed{command.resource_type, command.resource_name, nullptr};
  if (command.resource_type != config_resource::topic) {
    const Resource resource{command.resource_type, command.resource_name};
    Configs after = changed_configs(configs(resource.first, resource.second), command);
    if (after.empty()) {
      configs_.erase(resource);
    } else {
      configs_[resource] = std::move(after);
    }
    return changed;
  }
  const auto before = topic(command.resource_name);
  if (before == nullptr) {
    return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                   fmt::format("The topic '{}' does not exist.", command.resource_name));
  }
  auto after = std::make_shared<Topic>(*before);
  after->configs = changed_configs(before->configs, command);
  replace(after);
  changed.topic = std::move(after);
  return changed;
}

Result<Applied> Controller::apply_one(const AddPartitions& command) {
  const auto before = topic(command.topic_id);
  if (before == nullptr) {
    return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "The topic does not exist.");
  }
  if (command.partitions.empty() ||
      command.partitions.front().partition_index != static_cast<std::int32_t>(before->partitions.size())) {
    return failure(ErrorCode::INVALID_PARTITIONS,
                   fmt::format("Topic {} has {} partitions by now.", before->name, before->partitions.size()));
  }
  auto after = std::make_shared<Topic>(*before);
  for (const auto& partition : command.partitions) {
    after->partitions.push_back({.replicas = partition.replicas,
                                 .isr = partition.isr,
                                 .leader = partition.leader,
                                 .leader_epoch = partition.leader_epoch,
                                 .partition_epoch = PartitionEpoch{0}});
  }
  partition_count_ += static_cast<std::int64_t>(command.partitions.size());
  replace(after);
  return PartitionsAdded{std::move(after), before->partitions.size()};
}

}  // namespace ottla
