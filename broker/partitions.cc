#include "broker/partitions.h"

#include <fmt/format.h>

#include <chrono>

#include "broker/log.h"

namespace ottla {

namespace {

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Partitions::Partitions(Disk& disk, LogDirectory& directory, const Config& config)
    : disk_(disk), directory_(directory), config_(config), committer_([this](const Error& error) {
        logger().error("{}: a sync failed ({}). Nothing more is written here until a restart.", directory_.path(),
                       error.message);
        for_each([&](Partition& partition) { partition.fail(error); });
      }) {}

Result<void> Partitions::open(const Topic& topic) {
  const auto topic_config = parse_topic_config(topic.configs, config_);
  if (!topic_config) {
    return std::unexpected(topic_config.error());
  }
  auto served = std::make_shared<ServedTopic>(topic.name, topic.id);
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    const std::string name = fmt::format("{}-{}", topic.name, index);
    const LeaderEpoch epoch = topic.partitions[index].leader_epoch;
    auto log = Log::open(disk_, fmt::format("{}/{}", directory_.path(), name), topic.id, topic_config->log,
                         directory_.recovery_point(name), wall_clock_ms());
    if (!log) {
      return std::unexpected(std::move(log.error()));
    }
    if ((*log)->latest_epoch() < epoch) {
      if (auto assigned = (*log)->assign_epoch(epoch); !assigned) {
        return assigned;
      }
    }
    served->partitions.push_back(std::make_shared<Partition>(name, std::move(*log), epoch, *topic_config, committer_));
  }
  const std::unique_lock lock(mutex_);
  by_name_[topic.name] = served;
  by_id_[topic.id] = served;
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
  for (const auto& partition : removed->partitions) {
    partition->fail({ErrorCode::NOT_LEADER_OR_FOLLOWER, "the topic was deleted"});
    if (auto deleted = directory_.delete_partition(partition->name()); !deleted) {
      return deleted;
    }
  }
  return {};
}

Result<void> Partitions::remove_strays(const Controller& metadata) {
  for (const auto& found : directory_.partitions()) {
    const auto topic = metadata.topic(found.topic);
    if (topic == nullptr || static_cast<std::size_t>(found.partition) >= topic->partitions.size()) {
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
  committer_.stop();
  std::map<std::string, Offset> recovery_points;
  std::map<std::string, CleanEnd> ends;
  Result<void> outcome;
  for_each([&](Partition& partition) {
    const auto end = partition.close();
    if (!end) {
      outcome = std::unexpected(end.error());
      return;
    }
    recovery_points[partition.name()] = end->log_end_offset;
    ends[partition.name()] = CleanEnd{end->log_end_offset, end->last_batch_crc};
  });
  if (!outcome) {
    return outcome;  // no marker: the next start recovers
  }
  if (auto written = directory_.write_recovery_points(recovery_points); !written) {
    return written;
  }
  return directory_.mark_clean(ends);
}

}  // namespace ottla
