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

void GroupCoordinator::load() {
  if (const auto topic = broker_.partitions.find(offsets_topic)) {
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      GroupShard& shard = *shards_[index % shards_.size()];
      Partition& partition = *topic->partitions[index];
      if (auto restored = shard.restore(partition); !restored) {
        logger().error("{}-{} cannot be read, its groups are not served: {}", offsets_topic, index,
                       restored.error().message);
        shard.forget(partition);
        unreadable_.insert(&partition);
      }
    }
  }
  for (const auto& shard : shards_) {
    shard->loaded();
  }
}

void GroupCoordinator::close() {
  for (const auto& shard : shards_) {
    asio::post(shard->core().io, [one = shard.get()] { one->close(); });
  }
}

GroupCoordinator::Place GroupCoordinator::place_of(const std::string& group) const {
  const auto topic = broker_.partitions.find(offsets_topic);
  if (!topic) {
    return {};
  }
  const auto index = partition_of_group(group, static_cast<std::int32_t>(topic->partitions.size()));
  return {topic->partition(index), shards_[static_cast<std::size_t>(index) % shards_.size()].get()};
}

Result<void> GroupCoordinator::check(const Place& place) const {
  if (unreadable_.contains(place.home.get())) {
    return failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, fmt::format("{} could not be read", place.home->name()));
  }
  return {};
}

Result<void> GroupCoordinator::check(const std::string& group) const { return check(place_of(group)); }

Awaitable<Result<void>> GroupCoordinator::ensure_topic() {
  if (broker_.partitions.find(offsets_topic)) {
    co_return Result<void>{};
  }
  NewTopic wish = offsets_topic_wish(broker_.config);
  const auto made = co_await create_topic(broker_, std::move(wish));
  if (!made && made.error().code != ErrorCode::TOPIC_ALREADY_EXISTS) {
    logger().error("{} cannot be made: {}", offsets_topic, made.error().message);
    co_return failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, made.error().message);
  }
  if (!broker_.partitions.find(offsets_topic)) {
    co_return failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, fmt::format("{} is being made", offsets_topic));
  }
  co_return Result<void>{};
}

Awaitable<Result<GroupCoordinator::Place>> GroupCoordinator::find(const std::string& group, IfAbsent if_absent) {
  if (if_absent == IfAbsent::create) {
    if (auto ready = co_await ensure_topic(); !ready) {
      co_return std::unexpected(ready.error());
    }
  }
  Place place = place_of(group);
  if (place.shard == nullptr) {
    co_return failure(ErrorCode::GROUP_ID_NOT_FOUND, fmt::format("Group {} not found.", group));
  }
  if (auto readable = check(place); !readable) {
    co_return std::unexpected(readable.error());
  }
  co_return place;
}

Awaitable<GroupAnswer> GroupCoordinator::ask(std::string group, groups::Event event, IfAbsent if_absent) {
  auto place = co_await find(group, if_absent);
  if (!place) {
    co_return std::unexpected(place.error());
  }
  auto answer = std::make_shared<OneShot<GroupAnswer>>();
  asio::post(place->shard->core().io, [shard = place->shard, group = std::move(group), home = std::move(place->home),
                                       event = std::move(event), if_absent, answer]() mutable {
    shard->ask(group, std::move(home), std::move(event), if_absent, answer);
  });
  co_return co_await answer->wait();
}

}  // namespace ottla
