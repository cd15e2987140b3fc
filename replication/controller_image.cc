// The state as bytes: what the log up to here amounts to. Grows by tagged fields only; an image of the first days is
// read for ever.
#include "protocol/codec.h"
#include "replication/controller.h"

namespace ottla {

namespace {

struct PartitionImage {
  PartitionRegistration state;
  static void fields(auto& v, auto& m) {
    v("Replicas", m.state.replicas);
    v("Isr", m.state.isr);
    v("Leader", m.state.leader);
    v("LeaderEpoch", m.state.leader_epoch);
    v("PartitionEpoch", m.state.partition_epoch);
    v("LeaderRecoveryState", m.state.leader_recovery_state, tag(0));
    v("Adding", m.state.adding, tag(1));
    v("Removing", m.state.removing, tag(2));
    v("Elr", m.state.elr, tag(3));
    v("LastKnownElr", m.state.last_known_elr, tag(4));
  }
};

struct TopicImage {
  std::string name;
  TopicId id;
  std::vector<PartitionImage> partitions;
  std::vector<CreateTopic::Config> configs;
  std::int32_t min_insync_replicas = 1;
  bool default_replication = false;
  std::int64_t page_cache_until = -1;
  static void fields(auto& v, auto& m) {
    v("Name", m.name);
    v("TopicId", m.id);
    v("Partitions", m.partitions);
    v("Configs", m.configs);
    v("MinInsyncReplicas", m.min_insync_replicas, tag(0));
    v("DefaultReplication", m.default_replication, tag(1));
    v("PageCacheUntil", m.page_cache_until, tag(2));
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

struct BrokerImage {
  BrokerId id;
  BrokerRegistration registration;
  static void fields(auto& v, auto& m) {
    v("BrokerId", m.id);
    v("Registration", m.registration);
  }
};

struct Image {
  std::int64_t next_producer_id = 0;
  std::vector<TopicImage> topics;
  std::vector<ResourceImage> resources;
  std::vector<BrokerImage> brokers;
  static void fields(auto& v, auto& m) {
    v("NextProducerId", m.next_producer_id);
    v("Topics", m.topics);
    v("Resources", m.resources, tag(0));
    v("Brokers", m.brokers, tag(1));
  }
};
constexpr std::int16_t image_version = 0;

std::vector<CreateTopic::Config> listed(const Configs& configs) {
  std::vector<CreateTopic::Config> list;
  for (const auto& [name, value] : configs) {
    list.push_back({name, value});
  }
  return list;
}

Configs configs_of(std::vector<CreateTopic::Config>& list) {
  Configs configs;
  for (auto& config : list) {
    configs[std::move(config.name)] = std::move(config.value);
  }
  return configs;
}

}  // namespace

Bytes Controller::snapshot() const {
  Image image{.next_producer_id = next_producer_id_};
  for (const auto& [name, topic] : by_name_) {
    auto& topic_image = image.topics.emplace_back(name, topic->id);
    for (const PartitionRegistration& partition : topic->partitions) {
      topic_image.partitions.push_back({partition});
    }
    topic_image.configs = listed(topic->configs);
    topic_image.min_insync_replicas = topic->min_insync_replicas;
    topic_image.default_replication = topic->default_replication;
    topic_image.page_cache_until = topic->page_cache_until;
  }
  for (const auto& [resource, configs] : configs_) {
    image.resources.push_back({resource.first, resource.second, listed(configs)});
  }
  for (const auto& [id, registration] : brokers_) {
    image.brokers.push_back({id, registration});
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
    auto topic = std::make_shared<Topic>(Topic{.name = std::move(topic_image.name),
                                               .id = topic_image.id,
                                               .configs = configs_of(topic_image.configs),
                                               .min_insync_replicas = topic_image.min_insync_replicas,
                                               .default_replication = topic_image.default_replication,
                                               .page_cache_until = topic_image.page_cache_until});
    for (auto& partition : topic_image.partitions) {
      topic->partitions.push_back(std::move(partition.state));
    }
    controller.insert(std::move(topic));
  }
  for (auto& resource : image->resources) {
    controller.configs_[{resource.type, std::move(resource.name)}] = configs_of(resource.configs);
  }
  for (auto& broker : image->brokers) {
    controller.brokers_[broker.id] = std::move(broker.registration);
  }
  return controller;
}

}  // namespace ottla
