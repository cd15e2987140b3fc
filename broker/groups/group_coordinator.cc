#include "broker/groups/group_coordinator.h"

#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/log.h"

namespace ottla {

GroupCoordinator::GroupCoordinator(Broker& broker) : broker_(broker) {
  for (const auto& core : broker.cores) {
    shards_.push_back(std::make_unique<GroupShard>(*core, broker));
  }
}

Result<void> GroupCoordinator::load() {
  if (const auto topic = broker_.partitions.find(offsets_topic)) {
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      if (auto restored = shards_[index % shards_.size()]->restore(*topic->partitions[index]); !restored) {
        return failure(restored.error().code,
                       fmt::format("{}-{} cannot be read: {}", offsets_topic, index, restored.error().message));
      }
    }
  }
  for (const auto& shard : shards_) {
    shard->loaded();
  }
  return {};
}

void GroupCoordinator::close() {
  for (const auto& shard : shards_) {
    shard->close();
  }
}

std::int32_t GroupCoordinator::partition_count() const {
  const auto topic = broker_.partitions.find(offsets_topic);
  return topic ? static_cast<std::int32_t>(topic->partitions.size()) : 0;
}

std::shared_ptr<Partition> GroupCoordinator::home_of(const std::string& group) const {
  const auto topic = broker_.partitions.find(offsets_topic);
  return topic ? topic->partition(partition_of_group(group, static_cast<std::int32_t>(topic->partitions.size())))
               : nullptr;
}

GroupShard* GroupCoordinator::shard_of(const std::string& group) const {
  const std::int32_t count = partition_count();
  return count > 0 ? shards_[static_cast<std::size_t>(partition_of_group(group, count)) % shards_.size()].get()
                   : nullptr;
}

Awaitable<Result<void>> GroupCoordinator::ensure_topic() {
  if (partition_count() > 0) {
    co_return Result<void>{};
  }
  NewTopic wish = offsets_topic_wish(broker_.config);
  const auto made = co_await create_topic(broker_, std::move(wish));
  if (!made && made.error().code != ErrorCode::TOPIC_ALREADY_EXISTS) {
    logger().error("{} cannot be made: {}", offsets_topic, made.error().message);
    co_return failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, made.error().message);
  }
  co_return Result<void>{};
}

Awaitable<GroupAnswer> GroupCoordinator::ask(std::string group, groups::Event event, IfAbsent if_absent) {
  if (if_absent == IfAbsent::create) {
    if (auto ready = co_await ensure_topic(); !ready) {
      co_return std::unexpected(ready.error());
    }
  }
  GroupShard* shard = shard_of(group);
  auto home = home_of(group);
  if (shard == nullptr || !home) {
    co_return failure(ErrorCode::GROUP_ID_NOT_FOUND, fmt::format("Group {} not found.", group));
  }
  auto answer = std::make_shared<OneShot<GroupAnswer>>();
  asio::post(shard->core().io,
             [shard, group = std::move(group), home = std::move(home), event = std::move(event), if_absent,
              answer]() mutable { shard->ask(group, std::move(home), std::move(event), if_absent, answer); });
  co_return co_await answer->wait();
}

}  // namespace ottla
