// What changes without coming or going: settings, and topics that get more partitions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

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

namespace {

constexpr const char* min_isr_setting = "min.insync.replicas";
constexpr const char* flush_setting = "flush.messages";
constexpr const char* broker_flush_setting = "log.flush.interval.messages";

// Settings are checked before they are proposed; what is no number all the same does not count.
std::optional<std::int64_t> number(const Configs& configs, const char* name) {
  const auto found = configs.find(name);
  if (found == configs.end()) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto read = std::from_chars(found->second.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(value) : std::nullopt;
}

}  // namespace

std::int32_t Controller::min_insync_replicas(const Topic& topic) const {
  const auto own = number(topic.configs, min_isr_setting);
  const auto of_all = own ? own : number(configs(config_resource::broker, ""), min_isr_setting);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(of_all.value_or(topic.min_insync_replicas), 1,
                                                            std::numeric_limits<std::int32_t>::max()));
}

bool Controller::waits_for_disk(const Topic& topic, BrokerId replica) const {
  if (const auto own = number(topic.configs, flush_setting)) {
    return *own == 1;
  }
  for (const std::string& name : {std::to_string(replica.value), std::string{}}) {
    if (const auto set = number(configs(config_resource::broker, name), broker_flush_setting)) {
      return *set == 1;
    }
  }
  const auto broker = brokers_.find(replica);
  return broker == brokers_.end() || broker->second.flush_messages == 1;
}

const Configs& Controller::configs(std::int8_t resource_type, const std::string& resource_name) const {
  static const Configs none;
  const auto found = configs_.find({resource_type, resource_name});
  return found != configs_.end() ? found->second : none;
}

// A broker that runs now may have claimed by the page cache up to here, whatever it does from here on.
void Controller::note_page_cache(const Resource& resource) {
  for (auto& [id, broker] : brokers_) {
    const bool is_its = resource.second.empty() || resource.second == std::to_string(id.value);
    if (resource.first == config_resource::broker && is_its && !waits_for_disk(Topic{}, id)) {
      broker.page_cache_until = static_cast<std::int64_t>(index_);
    }
  }
}

void Controller::change_configs(const Resource& resource, Configs after) {
  note_page_cache(resource);
  std::map<TopicId, std::int32_t> before;
  const bool is_of_all_brokers = resource == Resource{config_resource::broker, ""};
  for (const auto& [name, topic] : by_name_) {
    if (is_of_all_brokers) {
      before[topic->id] = min_insync_replicas(*topic);
    }
  }
  if (after.empty()) {
    configs_.erase(resource);
  } else {
    configs_[resource] = std::move(after);
  }
  // Where that gives topics another min.insync.replicas, their partitions hear of it.
  change_partitions([&](const PartitionRegistration&) { return is_of_all_brokers; },
                    [&](const Topic& topic, std::int32_t, PartitionRegistration& partition) {
                      if (min_insync_replicas(topic) != before.at(topic.id)) {
                        min_isr_changed(partition, context_of(topic));
                      }
                    });
}

Result<Applied> Controller::apply_one(const AlterConfigs& command) {
  ConfigsChanged changed{command.resource_type, command.resource_name, nullptr};
  if (command.resource_type != config_resource::topic) {
    const Resource resource{command.resource_type, command.resource_name};
    change_configs(resource, changed_configs(configs(resource.first, resource.second), command));
    return changed;
  }
  const auto before = topic(command.resource_name);
  if (before == nullptr) {
    return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                   fmt::format("The topic '{}' does not exist.", command.resource_name));
  }
  auto after = std::make_shared<Topic>(*before);
  after->configs = changed_configs(before->configs, command);
  const bool trusted =
      std::ranges::any_of(brokers_, [&](const auto& one) { return !waits_for_disk(*before, one.first); });
  if (trusted && before->configs != after->configs) {
    after->page_cache_until = static_cast<std::int64_t>(index_);
  }
  if (!brokers_.empty() && min_insync_replicas(*after) != min_insync_replicas(*before)) {
    for (auto& partition : after->partitions) {
      min_isr_changed(partition, context_of(*after));
    }
  }
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
  auto added = planned(command.partitions, context_of(*before));
  if (!added) {
    return std::unexpected(std::move(added.error()));
  }
  auto after = std::make_shared<Topic>(*before);
  std::ranges::move(*added, std::back_inserter(after->partitions));
  partition_count_ += static_cast<std::int64_t>(command.partitions.size());
  replace(after);
  return PartitionsAdded{std::move(after), before->partitions.size()};
}

}  // namespace ottla
