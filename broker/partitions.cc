#include "broker/partitions.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "broker/log.h"
#include "broker/wall_clock.h"

namespace ottla {

namespace {

// A quarter of the descriptors we may have; sockets need the others.
std::size_t open_files_max() {
  constexpr std::size_t most = 4096;
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::clamp<std::size_t>(limit.rlim_cur / 4, 16, most) : most;
}

}  // namespace

Partitions::Partitions(Disk& disk, LogDirectory& directory, const Config& config)
    : directory_(directory),
      started_with_(config),
      config_(std::make_shared<const Config>(config)),
      files_(disk, open_files_max()),
      environment_{disk, files_, directory.marks()},
      committer_(environment_, directory.path(), config.log_dir_reserved_bytes,
                 [this](const Error& error) { fail(error); }),
      housekeeper_(*this, directory, environment_, config) {}

std::shared_ptr<Partition> Partitions::open_partition(const Topic& topic, std::size_t index,
                                                      const TopicConfig& config) {
  const std::string name = fmt::format("{}-{}", topic.name, index);
  const PartitionKey key{topic.id, static_cast<std::int32_t>(index)};
  const LeaderEpoch epoch = topic.partitions[index].leader_epoch;
  auto log = Log::open(environment_, fmt::format("{}/{}", directory_.path(), name), key, config.log,
                       directory_.hints(name, key), wall_clock_ms());
  if (log && (*log)->latest_epoch() < epoch && (*log)->damaged().empty()) {
    if (auto assigned = (*log)->assign_epoch(epoch); !assigned) {
      log = std::unexpected(std::move(assigned.error()));
    }
  }
  if (!log) {
    logger().error("{} is offline: {}", name, log.error().message);
    return std::make_shared<Partition>(name, Error{ErrorCode::KAFKA_STORAGE_ERROR, log.error().message}, config,
                                       committer_);
  }
  if ((*log)->cut_bytes() > 0) {
    logger().info("{}: {} bytes that had never been acknowledged were cut; it ends at offset {}", name,
                  (*log)->cut_bytes(), (*log)->log_end_offset().value);
  }
  for (const DamagedRange& range : (*log)->damaged()) {
    logger().error("{}. The partition takes no writes; DeleteRecords up to offset {} gives these records up.",
                   range.what, range.to.value);
  }
  return std::make_shared<Partition>(name, std::move(*log), epoch, config, committer_);
}

void Partitions::serve(const std::shared_ptr<const ServedTopic>& topic) {
  {
    const std::unique_lock lock(mutex_);
    by_name_[topic->name] = topic;
    by_id_[topic->id] = topic;
    if (!failure_) {
      return;
    }
  }
  for (const auto& partition : topic->partitions) {
    partition->fail(*failure_);  // it came while the directory died
  }
}

void Partitions::fail(const Error& error) {
  logger().error("{}: a sync failed ({}). Nothing more is written here until a restart.", directory_.path(),
                 error.message);
  {
    const std::unique_lock lock(mutex_);
    failure_ = error;
  }
  for_each([&](Partition& partition) { partition.fail(error); });
}

std::optional<Error> Partitions::failure() const {
  const std::shared_lock lock(mutex_);
  return failure_;
}

Result<void> Partitions::open(const Topic& topic) {
  const auto config = config_of(topic);
  if (!config) {
    return std::unexpected(config.error());
  }
  auto served = std::make_shared<ServedTopic>(topic.name, topic.id);
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    served->partitions.push_back(open_partition(topic, index, *config));
  }
  serve(std::move(served));
  return {};
}

Result<void> Partitions::add_partitions(const Topic& topic, std::size_t first_added) {
  const auto config = config_of(topic);
  if (!config) {
    return std::unexpected(config.error());
  }
  const auto before = find(topic.id);
  if (before == nullptr) {
    return ottla::failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "the topic is not served");
  }
  auto served = std::make_shared<ServedTopic>(*before);
  for (std::size_t index = first_added; index < topic.partitions.size(); ++index) {
    served->partitions.push_back(open_partition(topic, index, *config));
  }
  serve(std::move(served));
  return {};
}

Result<void> Partitions::open_all(const Controller& metadata) {
  struct Task {
    const Topic* topic;
    std::size_t index;
    TopicConfig config;
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
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      tasks.push_back({topic.get(), index, *config, &served->partitions[index]});
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
          *tasks[at].opened = open_partition(*tasks[at].topic, tasks[at].index, tasks[at].config);
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

Result<void> Partitions::remove(TopicId id) {
  std::shared_ptr<const ServedTopic> removed;
  {
    const std::unique_lock lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) {
      return {};
    }
    removed = found->second;
    by_id_.erase(found);
    by_name_.erase(removed->name);
  }
  for (std::size_t index = 0; index < removed->partitions.size(); ++index) {
    const auto& partition = removed->partitions[index];
    partition->fail({ErrorCode::NOT_LEADER_OR_FOLLOWER, "the topic was deleted"});
    const PartitionKey key{id, static_cast<std::int32_t>(index)};
    if (auto forgotten = environment_.marks.forget(key); !forgotten) {
      return forgotten;
    }
    if (auto deleted = directory_.delete_partition(partition->name()); !deleted) {
      return deleted;
    }
  }
  return {};
}

Result<void> Partitions::remove_strays(const Controller& metadata, bool metadata_was_cut) {
  for (const auto& found : directory_.partitions()) {
    const auto topic = metadata.topic(found.topic);
    if (topic == nullptr || static_cast<std::size_t>(found.partition) >= topic->partitions.size()) {
      if (metadata_was_cut) {  // its topic may have been in what is lost
        const auto aside = directory_.set_aside(found.name);
        if (!aside) {
          return std::unexpected(aside.error());
        }
        logger().error("{} belongs to no topic, and the end of the metadata log could not be read: kept as {}",
                       found.name, *aside);
        continue;
      }
      logger().warn("{} belongs to no topic: deleted", found.name);
      if (auto deleted = directory_.delete_partition(found.name); !deleted) {
        return deleted;
      }
    }
  }
  return {};
}

std::shared_ptr<const ServedTopic> Partitions::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? found->second : nullptr;
}

std::shared_ptr<const ServedTopic> Partitions::find(TopicId id) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? found->second : nullptr;
}

void Partitions::for_each(const std::function<void(Partition&)>& action) const {
  std::vector<std::shared_ptr<const ServedTopic>> topics;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, topic] : by_name_) {
      topics.push_back(topic);
    }
  }
  for (const auto& topic : topics) {
    for (const auto& partition : topic->partitions) {
      action(*partition);
    }
  }
}

Result<void> Partitions::close() {
  housekeeper_.stop();
  committer_.stop();
  std::map<std::string, Offset> recovery_points;
  std::map<std::string, CleanEnd> ends;
  Result<void> outcome;
  for_each([&](Partition& partition) {
    const auto end = partition.close();
    if (!end) {
      outcome = std::unexpected(end.error());
    } else if (!*end) {  // offline or damaged: the next start looks again
      recovery_points[partition.name()] = directory_.recovery_point(partition.name());
    } else {
      recovery_points[partition.name()] = (*end)->durable_end_offset;
      ends[partition.name()] = CleanEnd{(*end)->durable_end_offset, (*end)->last_batch_crc};
    }
  });
  if (!outcome) {
    return outcome;  // no marker: the next start recovers
  }
  if (auto written = directory_.write_recovery_points([&](const auto&) { return recovery_points; }); !written) {
    return written;
  }
  return directory_.mark_clean(ends);
}

}  // namespace ottla
