// Partitions come, go and change as the metadata say.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "broker/log.h"
#include "broker/partitions.h"
#include "broker/wall_clock.h"

namespace ottla {

void Partitions::set_replica_outside(ReplicaOutside* outside, const ReplicaTimes& times) {
  outside_ = outside;
  times_ = times;
}

bool Partitions::has_replica(const PartitionMetadata& metadata) const {
  return std::ranges::find(metadata.replicas, self_, &ReplicaBroker::id) != metadata.replicas.end();
}

// A broker that is registered nowhere has told nobody whether it waits for its disk: its own settings say so.
void Partitions::tell(Partition& partition, PartitionMetadata metadata, const TopicConfig& config) const {
  const auto own = std::ranges::find(metadata.replicas, self_, &ReplicaBroker::id);
  if (own != metadata.replicas.end() && own->broker_epoch == BrokerEpoch{}) {
    metadata.waits_for_disk = config.flush_messages == 1;
  }
  partition.follow(metadata);
}

std::shared_ptr<Partition> Partitions::open_partition(const Topic& topic, std::size_t index, const TopicConfig& config,
                                                      const PartitionMetadata& metadata) {
  const std::string name = fmt::format("{}-{}", topic.name, index);
  const PartitionKey key{topic.id, static_cast<std::int32_t>(index)};
  auto log = Log::open(environment_, fmt::format("{}/{}", directory_.path(), name), key, config.log,
                       directory_.hints(name, key), wall_clock_ms());
  if (!log) {
    logger().error("{} is offline: {}", name, log.error().message);
  } else {
    if ((*log)->cut_bytes() > 0) {
      logger().info("{}: {} bytes that had never been acknowledged were cut; it ends at offset {}", name,
                    (*log)->cut_bytes(), (*log)->log_end_offset().value);
    }
    for (const DamagedRange& range : (*log)->damaged()) {
      const bool is_only = topic.partitions.at(index).replicas.size() < 2;
      logger().error("{}. {}", range.what,
                     is_only ? fmt::format("The partition takes no writes; DeleteRecords to offset {} gives these "
                                           "records up.",
                                           range.to.value)
                             : "Its other replicas do without this one; an empty directory gets all of it from them.");
    }
  }
  const ReplicaPlace place{
      .self = self_, .times = times_, .high_watermark = directory_.high_watermark(name), .outside = outside_};
  auto opened = std::make_shared<Partition>(name, key, std::move(log), config, committer_, place);
  tell(*opened, metadata, config);
  return opened;
}

Result<void> Partitions::open(const Topic& topic, std::span<const PartitionMetadata> metadata) {
  return open_from(topic, std::make_shared<ServedTopic>(topic.name, topic.id), metadata);
}

Result<void> Partitions::add_partitions(const Topic& topic, std::size_t first_added,
                                        std::span<const PartitionMetadata> metadata) {
  const auto before = find(topic.id);
  if (before == nullptr || before->partitions.size() != first_added) {
    return ottla::failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "the topic is not served");
  }
  return open_from(topic, std::make_shared<ServedTopic>(*before), metadata);
}

// Those that `served` does not have yet; then it is served.
Result<void> Partitions::open_from(const Topic& topic, std::shared_ptr<ServedTopic> served,
                                   std::span<const PartitionMetadata> metadata) {
  const auto config = config_of(topic);
  if (!config) {
    return std::unexpected(config.error());
  }
  for (std::size_t index = served->partitions.size(); index < topic.partitions.size(); ++index) {
    served->partitions.push_back(has_replica(metadata[index]) ? open_partition(topic, index, *config, metadata[index])
                                                              : nullptr);
  }
  serve(std::move(served));
  return {};
}

Result<void> Partitions::open_all(const Controller& metadata) {
  struct Task {
    const Topic* topic;
    std::size_t index;
    TopicConfig config;
    PartitionMetadata metadata;
    std::shared_ptr<Partition>* opened;
  };
  std::vector<Task> tasks;
  std::vector<std::shared_ptr<ServedTopic>> topics;
  for (const auto& [name, topic] : metadata.topics()) {
    const auto config = config_of(*topic);
    if (!config) {
      return std::unexpected(config.error());
    }
    auto& served = topics.emplace_back(std::make_shared<ServedTopic>(topic->name, topic->id));
    served->partitions.resize(topic->partitions.size());
    auto known = partition_metadata(metadata, *topic, self_);
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      if (has_replica(known[index])) {
        tasks.push_back({topic.get(), index, *config, std::move(known[index]), &served->partitions[index]});
      }
    }
  }
  std::atomic<std::size_t> next = 0;
  const std::int32_t recovery_threads = config()->num_recovery_threads_per_data_dir;
  {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(recovery_threads));
    for (std::int32_t i = 0; i < recovery_threads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < tasks.size(); at = next++) {
          const Task& task = tasks[at];
          *task.opened = open_partition(*task.topic, task.index, task.config, task.metadata);
        }
      });
    }
  }
  for (auto& topic : topics) {
    serve(std::move(topic));
  }
  housekeeper_.start();
  return {};
}

Result<void> Partitions::change(const Topic& topic, std::size_t index, const PartitionMetadata& metadata) {
  const auto before = find(topic.id);
  const auto config = config_of(topic);
  if (!config) {
    return std::unexpected(config.error());
  }
  if (before == nullptr || index >= before->partitions.size()) {
    return ottla::failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "the partition is not served");
  }
  const auto& partition = before->partitions[index];
  const bool has = has_replica(metadata);
  if (partition != nullptr && has) {
    tell(*partition, metadata, *config);
    return {};
  }
  if (partition == nullptr && !has) {
    return {};
  }
  auto after = std::make_shared<ServedTopic>(*before);
  after->partitions[index] = has ? open_partition(topic, index, *config, metadata) : nullptr;
  serve(after);
  if (has) {
    return {};
  }
  logger().info("deletes {}, which has no replica here any more", partition->name());
  return give_up(*partition, "this broker has no replica of it any more");
}

}  // namespace ottla
