#include "replication/controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/codec.h"

namespace ottla {

namespace {

constexpr std::int64_t producer_id_block = 1000;
constexpr std::size_t topic_name_max = 249;

std::string collision_key(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '.', '_');
  return key;
}

// The image: what the log up to here amounts to.
struct Image {
  struct TopicImage {
    struct PartitionImage {
      std::vector<BrokerId> replicas;
      std::vector<BrokerId> isr;
      BrokerId leader;
      LeaderEpoch leader_epoch;
      PartitionEpoch partition_epoch;
      static void fields(auto& v, auto& m) {
        v("Replicas", m.replicas);
        v("Isr", m.isr);
        v("Leader", m.leader);
        v("LeaderEpoch", m.leader_epoch);
        v("PartitionEpoch", m.partition_epoch);
      }
    };
    std::string name;
    TopicId id;
    std::vector<PartitionImage> partitions;
    std::vector<CreateTopic::Config> configs;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("TopicId", m.id);
      v("Partitions", m.partitions);
      v("Configs", m.configs);
    }
  };
  struct ResourceImage {
    std::int8_t type = 0;
    std::string name;
    std::vector<CreateTopic::Config> configs;
    static void fields(auto& v, auto& m) {
      v("Type", m.type);
      v("Name", m.name);
      v("Configs", m.configs);
    }
  };
  std::int64_t next_producer_id = 0;
  std::vector<TopicImage> topics;
  std::vector<ResourceImage> resources;
  static void fields(auto& v, auto& m) {
    v("NextProducerId", m.next_producer_id);
    v("Topics", m.topics);
    v("Resources", m.resources, tag(0));  // images of the first days have none
  }
};
constexpr std::int16_t image_version = 0;

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

Result<Applied> Controller::apply(const Command& command) {
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
  auto topic = std::make_shared<Topic>(Topic{.name = command.name, .id = command.topic_id});
  for (const auto& partition : command.partitions) {
    topic->partitions.push_back({.replicas = partition.replicas,
                                 .isr = partition.isr,
                                 .leader = partition.leader,
                                 .leader_epoch = partition.leader_epoch,
                                 .partition_epoch = PartitionEpoch{0}});
  }
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

std::shared_ptr<const Topic> Controller::topic(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? found->second : nullptr;
}

std::shared_ptr<const Topic> Controller::topic(TopicId id) const {
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? found->second : nullptr;
}

Bytes Controller::snapshot() const {
  Image image{.next_producer_id = next_producer_id_};
  for (const auto& [name, topic] : by_name_) {
    auto& topic_image = image.topics.emplace_back();
    topic_image.name = name;
    topic_image.id = topic->id;
    for (const PartitionState& state : topic->partitions) {
      topic_image.partitions.push_back(
          {state.replicas, state.isr, state.leader, state.leader_epoch, state.partition_epoch});
    }
    for (const auto& [config, value] : topic->configs) {
      topic_image.configs.push_back({config, value});
    }
  }
  for (const auto& [resource, configs] : configs_) {
    auto& resource_image = image.resources.emplace_back(resource.first, resource.second);
    for (const auto& [config, value] : configs) {
      resource_image.configs.push_back({config, value});
    }
  }
  Writer writer;
  writer.integer(image_version);
  encode_message(writer, image, image_version, 0);
  return writer.flatten();
}

Result<Controller> Controller::restore(std::span<const std::byte> bytes) {
  Bytes copy(bytes.begin(), bytes.end());
  Reader reader(copy);
  if (reader.integer<std::int16_t>() != image_version || !reader.ok()) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "the metadata snapshot is of a newer Ottla");
  }
  DecodeBudget budget{copy.size() * 64 + 1024};
  auto image = decode_message<Image>(std::span(copy).subspan(reader.position()), image_version, 0, budget);
  if (!image) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "the metadata snapshot: " + image.error().message);
  }
  Controller controller;
  controller.next_producer_id_ = image->next_producer_id;
  for (auto& topic_image : image->topics) {
    auto topic = std::make_shared<Topic>(Topic{.name = std::move(topic_image.name), .id = topic_image.id});
    for (auto& partition : topic_image.partitions) {
      topic->partitions.push_back({std::move(partition.replicas), std::move(partition.isr), partition.leader,
                                   partition.leader_epoch, partition.partition_epoch});
    }
    for (auto& config : topic_image.configs) {
      topic->configs[std::move(config.name)] = std::move(config.value);
    }
    controller.insert(std::move(topic));
  }
  for (auto& resource : image->resources) {
    Configs& configs = controller.configs_[{resource.type, std::move(resource.name)}];
    for (auto& config : resource.configs) {
      configs[std::move(config.name)] = std::move(config.value);
    }
  }
  return controller;
}

}  // namespace ottla
