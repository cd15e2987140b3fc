#include "broker/partitions.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/descriptors.h"
#include "broker/log.h"
#include "storage/partition_metadata.h"

namespace ottla {

namespace {

std::size_t open_files_max() { return std::clamp<std::size_t>(descriptors_max() / 4, 16, 4096); }

}  // namespace

ErrorCode absence(const std::shared_ptr<const ServedTopic>& topic, std::int32_t index) {
  const bool has_it = topic != nullptr && index >= 0 && static_cast<std::size_t>(index) < topic->partitions.size();
  return has_it ? ErrorCode::NOT_LEADER_OR_FOLLOWER : ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
}

Partitions::Partitions(Disk& disk, LogDirectory& directory, const Config& config)
    : directory_(directory),
      started_with_(config),
      self_(config.node_id),
      config_(std::make_shared<const Config>(config)),
      files_(disk, open_files_max()),
      environment_{disk, files_, directory.marks()},
      committer_(environment_, directory.path(), config.log_dir_reserved_bytes,
                 [this](const Error& error) { fail(error); }),
      housekeeper_(*this, directory, environment_, config) {}

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
    if (partition != nullptr) {
      partition->fail(*failure_);  // it came while the directory died
    }
  }
}

void Partitions::fail(const Error& error) {
  logger().error("{}: the disk failed ({}). Nothing more is written here until a restart.", directory_.path(),
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
  logger().info("deletes topic {} with {} partitions, id {}", removed->name, removed->partitions.size(),
                id.to_string());
  for (const auto& partition : removed->partitions) {
    if (partition == nullptr) {
      continue;
    }
    if (auto given_up = give_up(*partition, "the topic was deleted"); !given_up) {
      return given_up;
    }
  }
  return {};
}

Result<void> Partitions::give_up(Partition& partition, std::string_view why) {
  partition.fail({ErrorCode::NOT_LEADER_OR_FOLLOWER, std::string(why)});
  if (auto forgotten = environment_.marks.forget(partition.key()); !forgotten) {
    return forgotten;
  }
  return directory_.delete_partition(partition.name());
}

// In a cluster a topic may be deleted, and another take its name, while this broker is away.
bool Partitions::is_of_another_topic(const std::string& directory_name, TopicId id) const {
  if (outside_ == nullptr) {
    return false;
  }
  const auto found = read_topic_id(environment_.disk, fmt::format("{}/{}", directory_.path(), directory_name));
  return found && *found != id;
}

Result<void> Partitions::set_aside_strays(const Controller& metadata) {
  for (const auto& found : directory_.partitions()) {
    const auto topic = metadata.topic(found.topic);
    const auto index = static_cast<std::size_t>(found.partition);
    const auto* const known =
        topic != nullptr && index < topic->partitions.size() ? &topic->partitions[index] : nullptr;
    if (known == nullptr || std::ranges::find(known->replicas, self_) == known->replicas.end() ||
        is_of_another_topic(found.name, topic->id)) {
      const auto aside = directory_.set_aside(found.name);
      if (!aside) {
        return std::unexpected(aside.error());
      }
      logger().error("{} belongs to no {} that is known: kept as {}, and not read", found.name,
                     known == nullptr ? "topic" : "replica of this broker's", *aside);
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

std::vector<std::shared_ptr<const ServedTopic>> Partitions::all() const {
  std::vector<std::shared_ptr<const ServedTopic>> topics;
  const std::shared_lock lock(mutex_);
  topics.reserve(by_name_.size());
  for (const auto& [name, topic] : by_name_) {
    topics.push_back(topic);
  }
  return topics;
}

void Partitions::for_each(const std::function<void(Partition&)>& action) const {
  for (const auto& topic : all()) {
    for (const auto& partition : topic->partitions) {
      if (partition != nullptr) {
        action(*partition);
      }
    }
  }
}

Result<void> Partitions::close() {
  housekeeper_.stop();
  committer_.stop();
  std::map<std::string, Offset> recovery_points;
  std::map<std::string, CleanEnd> ends;
  Result<void> outcome;
  auto written = write_high_watermarks();
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
  written = written ? directory_.write_recovery_points([&](const auto&) { return recovery_points; }) : written;
  return written ? directory_.mark_clean(ends) : written;
}

Result<void> Partitions::write_high_watermarks() {
  if (outside_ == nullptr) {
    return {};
  }
  return directory_.write_high_watermarks([this](const OffsetsByDirectory& known) {
    OffsetsByDirectory high_watermarks;
    for_each([&](Partition& partition) {
      const auto state = partition.log_state();
      const auto before = known.find(partition.name());
      high_watermarks[partition.name()] = state                   ? state->high_watermark
                                          : before != known.end() ? before->second
                                                                  : Offset{0};
    });
    return high_watermarks;
  });
}

}  // namespace ottla
