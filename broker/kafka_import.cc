#include "broker/kafka_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "broker/groups/offsets_topic.h"
#include "broker/log.h"
#include "broker/metadata_quorum.h"
#include "storage/log_tail.h"
#include "storage/partition_metadata.h"

namespace ottla {

namespace {

std::unexpected<Error> cannot(std::string why) { return failure(ErrorCode::KAFKA_STORAGE_ERROR, std::move(why)); }

struct Found {
  std::map<std::string, CreateTopic> topics;  // partitions by index, those that are missing have leader -1
  std::int64_t next_producer_id = 0;
};

Result<void> add_partition(Disk& disk, const std::string& root, const PartitionDirectory& partition,
                           const Config& config, BrokerId node_id, Found& found) {
  const std::string path = root + "/" + partition.name;
  const auto id = read_topic_id(disk, path);
  if (!id) {
    return std::unexpected(id.error());
  }
  CreateTopic& topic = found.topics[partition.topic];
  topic.name = partition.topic;
  if (!topic.topic_id.is_zero() && topic.topic_id != *id) {
    return cannot(fmt::format("{} says topic id {}, another partition of that topic {}", path, id->to_string(),
                              topic.topic_id.to_string()));
  }
  topic.topic_id = *id;
  if (partition.partition >= config.max_partitions_per_cluster) {
    return cannot(
        fmt::format("{} has a number beyond max.partitions.per.cluster, {}", path, config.max_partitions_per_cluster));
  }
  const auto tail = read_log_tail(disk, path);
  if (!tail) {
    return std::unexpected(tail.error());
  }
  found.next_producer_id = std::max(found.next_producer_id, tail->greatest_producer_id + 1);
  topic.partitions.resize(std::max(topic.partitions.size(), static_cast<std::size_t>(partition.partition) + 1));
  auto& made = topic.partitions[static_cast<std::size_t>(partition.partition)];
  made.leader = node_id;
  made.leader_epoch = LeaderEpoch{tail->latest_epoch.value + 1};
  return {};
}

// Those of a topic that Kafka had elsewhere begin empty: a topic has all its partitions.
void complete(CreateTopic& topic, BrokerId node_id) {
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    auto& partition = topic.partitions[index];
    if (partition.leader != node_id) {
      logger().warn("{}-{} is not in this directory and begins empty", topic.name, index);
      partition.leader_epoch = LeaderEpoch{0};
    }
    partition.partition_index = static_cast<std::int32_t>(index);
    partition.replicas = partition.isr = {node_id};
    partition.leader = node_id;
  }
}

void configure(CreateTopic& topic, const Config& config) {
  if (topic.name != offsets_topic) {
    return;
  }
  for (const auto& [name, value] : offsets_topic_wish(config).configs) {
    topic.configs.push_back({name, value});
  }
}

}  // namespace

Result<void> import_kafka(Disk& disk, LogDirectory& directory, const Config& config) {
  Found found;
  for (const PartitionDirectory& partition : directory.partitions()) {
    if (auto added = add_partition(disk, directory.path(), partition, config, directory.node_id(), found); !added) {
      return added;
    }
  }
  std::vector<Command> commands;
  for (auto& [name, topic] : found.topics) {
    complete(topic, directory.node_id());
    configure(topic, config);
    commands.emplace_back(topic);
  }
  if (found.next_producer_id > 0) {
    commands.emplace_back(
        AllocateProducerIds{.broker_id = directory.node_id(), .min_producer_id = found.next_producer_id});
  }
  if (auto written = MetadataQuorum::seed(disk, directory.path(), commands); !written) {
    return written;
  }
  if (auto done = directory.import_is_done(); !done) {
    return done;
  }
  for (const auto& [name, topic] : found.topics) {
    logger().info("imported from Kafka: topic {}, id {}, {} partitions; settings are the defaults", name,
                  topic.topic_id.to_string(), topic.partitions.size());
  }
  return {};
}

}  // namespace ottla
