#include "broker/groups/group_coordinator.h"

#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/log.h"

// g++ 12 takes the frame of a coroutine, which Asio allocates and frees, for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace ottla {

namespace {
constexpr auto longest_wait_for_topic = std::chrono::seconds(10);
constexpr auto pause_between_looks = std::chrono::milliseconds(5);
constexpr auto look_interval = std::chrono::milliseconds(100);  // a partition's leader may have moved
}  // namespace

GroupCoordinator::GroupCoordinator(Broker& broker) : broker_(broker) {
  for (const auto& core : broker.cores) {
    shards_.push_back(std::make_unique<GroupShard>(*core, broker));
  }
}

void GroupCoordinator::start() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->start();
    if (broker_.config.is_cluster()) {
      asio::post(shards_[i]->core().io, [this, i] { look_after(i); });
    }
  }
  const auto topic = broker_.config.is_cluster() ? nullptr : broker_.partitions.find(offsets_topic);
  for (std::size_t index = 0; topic && index < topic->partitions.size(); ++index) {
    load(*shards_[index % shards_.size()], topic->partitions[index]);
  }
}

void GroupCoordinator::load(GroupShard& shard, const std::shared_ptr<Partition>& partition) {
  Home home{.partition = partition, .epoch = partition->view().leader_epoch};
  if (auto restored = shard.restore(*partition); !restored) {
    logger().error("{} cannot be read, its groups are not served: {}", partition->name(), restored.error().message);
    shard.forget(*partition);
    home.state = ErrorCode::COORDINATOR_NOT_AVAILABLE;
  } else {
    shard.loaded(*partition);
  }
  const std::lock_guard lock(homes_mutex_);
  homes_[partition.get()] = std::move(home);
}

// On the shard's core. Groups follow the leaders of their partitions.
void GroupCoordinator::look_after(std::size_t shard_index) {
  GroupShard& shard = *shards_[shard_index];
  const auto topic = broker_.partitions.find(offsets_topic);
  std::map<const Partition*, LeaderEpoch> led;
  std::vector<std::shared_ptr<Partition>> fresh;
  for (std::size_t index = shard_index; topic && index < topic->partitions.size(); index += shards_.size()) {
    if (const auto& partition = topic->partitions[index]) {
      if (const PartitionView view = partition->view(); view.error == ErrorCode::NONE) {
        led[partition.get()] = view.leader_epoch;
        fresh.push_back(partition);
      }
    }
  }
  std::vector<std::shared_ptr<Partition>> left;
  {
    const std::lock_guard lock(homes_mutex_);
    for (auto home = homes_.begin(); home != homes_.end();) {
      const auto now = led.find(home->first);
      const bool is_mine =
          static_cast<std::size_t>(home->second.partition->key().index) % shards_.size() == shard_index;
      if (is_mine && (now == led.end() || now->second != home->second.epoch)) {
        left.push_back(home->second.partition);
        home = homes_.erase(home);
      } else {
        ++home;
      }
    }
    std::erase_if(fresh, [this](const auto& partition) { return homes_.contains(partition.get()); });
  }
  for (const auto& partition : left) {
    shard.forget(*partition);
  }
  for (const auto& partition : fresh) {
    load(shard, partition);
  }
  shard.core().after(look_interval, [this, shard_index] { look_after(shard_index); });
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
  if (place.shard == nullptr) {
    return {};
  }
  const PartitionView view =
      place.home ? place.home->view() : PartitionView{.error = ErrorCode::NOT_LEADER_OR_FOLLOWER};
  if (view.error == ErrorCode::NOT_LEADER_OR_FOLLOWER) {
    return failure(ErrorCode::NOT_COORDINATOR, "another broker coordinates the group");
  }
  const std::lock_guard lock(homes_mutex_);
  const auto home = homes_.find(place.home.get());
  if (home == homes_.end() || home->second.epoch != view.leader_epoch) {
    if (view.error != ErrorCode::NONE) {
      return failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, fmt::format("{} is offline", place.home->name()));
    }
    return broker_.config.is_cluster() ? failure(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, "its groups are being read")
                                       : Result<void>{};
  }
  if (home->second.state != ErrorCode::NONE) {
    return failure(home->second.state, fmt::format("{} could not be read", place.home->name()));
  }
  return {};
}

Result<void> GroupCoordinator::check(const std::string& group) const { return check(place_of(group)); }

BrokerId GroupCoordinator::coordinator_of(const std::string& group) const {
  return broker_.metadata->read([&](const Controller& state) -> BrokerId {
    const auto topic = state.topic(offsets_topic);
    if (topic == nullptr) {
      return {};
    }
    const auto index = partition_of_group(group, static_cast<std::int32_t>(topic->partitions.size()));
    return topic->partitions[static_cast<std::size_t>(index)].leader;
  });
}

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
  // Another request is making it. librdkafka's admin client takes a third refusal for the last one, so wait.
  Timer timer(co_await asio::this_coro::executor);
  const auto deadline = Clock::now() + longest_wait_for_topic;
  while (!broker_.partitions.find(offsets_topic) && broker_.ready && Clock::now() < deadline) {
    timer.expires_after(pause_between_looks);
    co_await timer.async_wait(asio::as_tuple(use_awaitable));
  }
  if (!broker_.partitions.find(offsets_topic)) {
    co_return failure(ErrorCode::COORDINATOR_NOT_AVAILABLE, fmt::format("{} is being made", offsets_topic));
  }
  co_return Result<void>{};
}

groups::TopicsView GroupCoordinator::topics() {
  const std::lock_guard lock(topics_mutex_);
  broker_.metadata->read([this](const Controller& state) {
    if (state.version() == topics_version_) {
      return;
    }
    auto made = std::make_shared<groups::Topics>();
    made->version = state.version();
    for (const auto& [name, topic] : state.topics()) {
      made->add(name, {.id = topic->id, .partitions = static_cast<std::int32_t>(topic->partitions.size())});
    }
    topics_ = std::move(made);
    topics_version_ = state.version();
  });
  return topics_;
}

void GroupCoordinator::bring_topics(groups::Event& event) {
  std::visit(
      [this](auto& one) {
        if constexpr (requires { one.topics; }) {
          one.topics = topics();
        }
      },
      event);
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
  bring_topics(event);
  auto answer = std::make_shared<OneShot<GroupAnswer>>();
  asio::post(place->shard->core().io, [shard = place->shard, group = std::move(group), home = std::move(place->home),
                                       event = std::move(event), if_absent, answer]() mutable {
    shard->ask(group, std::move(home), std::move(event), if_absent, answer);
  });
  co_return co_await answer->wait();
}

void GroupCoordinator::count_held_bytes() {
  for (const auto& shard : shards_) {
    asio::post(shard->core().io, [one = shard.get()] { one->count_held_bytes(); });
  }
}

}  // namespace ottla
