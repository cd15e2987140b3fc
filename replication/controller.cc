#include "replication/controller.h"

#include <fmt/format.h>

#include <algorithm>

namespace ottla {

namespace {

constexpr std::int64_t producer_id_block = 1000;
constexpr std::size_t topic_name_max = 249;

std::string collision_key(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '.', '_');
  return key;
}

}  // namespace

Result<void> check_topic_name(std::string_view name) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  std::string why;  // in Kafka's words
  if (name.empty()) {
    why = "the empty string is not allowed";
  } else if (name == "." || name == "..") {
    why = fmt::format("'{}' is not allowed", name);
  } else if (name.size() > topic_name_max) {
    why = fmt::format("the length of '{}' is longer than the max allowed length {}", name, topic_name_max);
  } else if (!std::ranges::all_of(name, is_legal)) {
    why = fmt::format("'{}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'", name);
  }
  return why.empty() ? Result<void>{}
                     : Result<void>(failure(ErrorCode::INVALID_TOPIC_EXCEPTION, "Topic name is invalid: " + why));
}

Result<Applied> Controller::apply(const Command& command, std::uint64_t index) {
  ++version_;
  index_ = index;
  return std::visit([this](const auto& one) { return apply_one(one); }, command);
}

Result<Applied> Controller::apply_one(const CreateTopic& command) {
  if (auto valid = check_topic_name(command.name); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (by_name_.contains(command.name)) {
    return failure(ErrorCode::TOPIC_ALREADY_EXISTS, fmt::format("Topic '{}' already exists.", command.name));
  }
  if (const auto other = by_collision_key_.find(collision_key(command.name)); other != by_collision_key_.end()) {
    return failure(ErrorCode::INVALID_TOPIC_EXCEPTION,
                   fmt::format("Topic '{}' collides with existing topic: {}", command.name, other->second));
  }
  if (command.partitions.empty() || command.topic_id.is_zero() || by_id_.contains(command.topic_id)) {
    return failure(ErrorCode::INVALID_PARTITIONS, "A topic needs a partition and an id of its own.");
  }
  auto topic = std::make_shared<Topic>(Topic{.name = command.name,
                                             .id = command.topic_id,
                                             .min_insync_replicas = command.min_insync_replicas,
                                             .default_replication = command.default_replication});
  auto partitions = planned(command.partitions, context_of(*topic));
  if (!partitions) {
    return std::unexpected(std::move(partitions.error()));
  }
  topic->partitions = std::move(*partitions);
  for (const auto& config : command.configs) {
    topic->configs[config.name] = config.value;
  }
  insert(topic);
  return TopicCreated{std::move(topic)};
}

Result<Applied> Controller::apply_one(const DeleteTopic& command) {
  const auto found = by_id_.find(command.topic_id);
  if (found == by_id_.end()) {
    return failure(ErrorCode::UNKNOWN_TOPIC_ID, "This server does not host this topic ID.");
  }
  auto topic = std::move(found->second);
  by_id_.erase(found);
  by_name_.erase(topic->name);
  by_collision_key_.erase(collision_key(topic->name));
  partition_count_ -= static_cast<std::int64_t>(topic->partitions.size());
  return TopicDeleted{std::move(topic)};
}

Result<Applied> Controller::apply_one(const AllocateProducerIds& command) {
  const std::int64_t first = std::max(next_producer_id_, command.min_producer_id);
  next_producer_id_ = first + producer_id_block;
  return ProducerIdBlock{first, producer_id_block};
}

void Controller::insert(std::shared_ptr<const Topic> topic) {
  partition_count_ += static_cast<std::int64_t>(topic->partitions.size());
  by_collision_key_[collision_key(topic->name)] = topic->name;
  by_id_[topic->id] = topic;
  by_name_[topic->name] = std::move(topic);
}

void Controller::replace(std::shared_ptr<const Topic> topic) {
  by_id_[topic->id] = topic;
  by_name_[topic->name] = std::move(topic);
}

std::shared_ptr<const Topic> Controller::topic(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? found->second : nullptr;
}

std::shared_ptr<const Topic> Controller::topic(TopicId id) const {
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? found->second : nullptr;
}

}  // namespace ottla
