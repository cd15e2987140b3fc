#include "broker/metadata_follower.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>

#include "broker/log.h"
#include "replication/partition_metadata.h"

namespace ottla {

namespace {

Result<void> apply_broker_changes(const Controller& state, BrokerId node_id, Partitions& partitions) {
  return partitions.set_broker_changes(state.configs(config_resource::broker, ""),
                                       state.configs(config_resource::broker, std::to_string(node_id.value)));
}

}  // namespace

MetadataFollower::MetadataFollower(BrokerId node_id, Partitions& partitions, LookAtState look_at_state)
    : node_id_(node_id), partitions_(partitions), look_at_state_(std::move(look_at_state)) {}

void MetadataFollower::start() {
  thread_ = std::jthread([this] {
    pthread_setname_np(pthread_self(), "metadata");
    work();
  });
}

MetadataFollower::~MetadataFollower() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

Result<void> MetadataFollower::open_at_start(const Controller& state) {
  for (const Task& task : queue_) {  // the state has it already
    index_ = std::max(index_.load(), task.index);
  }
  queue_.clear();
  return open(state);
}

Result<void> MetadataFollower::open(const Controller& state) {
  if (auto changed = apply_broker_changes(state, node_id_, partitions_); !changed) {
    logger().error("the changed settings of this broker do not count: {}", changed.error().message);
  }
  if (auto cleaned = partitions_.set_aside_strays(state); !cleaned) {
    return cleaned;
  }
  if (auto opened = partitions_.open_all(state); !opened) {
    return opened;
  }
  follows_ = true;
  return {};
}

void MetadataFollower::applied(std::uint64_t index, Result<Applied> applied, Done done) {
  enqueue({index,
           [this, applied = std::move(applied)]() mutable -> Result<Applied> {
             if (applied && follows_) {
               auto followed = std::visit([this](const auto& one) { return follow(one); }, *applied);
               if (!followed) {
                 logger().error("metadata is committed but not followed here: {}", followed.error().message);
                 return std::unexpected(std::move(followed.error()));
               }
             }
             return std::move(applied);
           },
           std::move(done)});
}

void MetadataFollower::restored(std::uint64_t index) {
  enqueue({index,
           [this]() -> Result<Applied> {
             if (follows_) {
               if (auto followed = follow_all(); !followed) {
                 logger().error("metadata is restored but not followed here: {}", followed.error().message);
               }
             }
             return failure(ErrorCode::REQUEST_TIMED_OUT, "the command is part of a snapshot");
           },
           {}});
}

void MetadataFollower::begin(std::function<void()> done) {
  enqueue({0,
           [this]() -> Result<Applied> {
             if (auto opened = open(copy_of_state());
                 !opened) {  // to join all the same would be to lead what it cannot
               logger().critical("cannot go on: {}", opened.error().message);
               logger().flush();
               std::_Exit(1);
             }
             return failure(ErrorCode::NONE, "");
           },
           [done = std::move(done)](std::uint64_t, const Result<Applied>&) { done(); }});
}

void MetadataFollower::enqueue(Task task) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void MetadataFollower::work() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) {
        return;
      }
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    finish(task);
  }
}

void MetadataFollower::finish(Task& task) {
  const Result<Applied> outcome = task.run();
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    index_ = std::max(index_.load(), task.index);
    if (expected_ > 0 && task.index > 0) {
      kept_.emplace(task.index, outcome);
    }
    const auto end = waiting_.upper_bound(task.index);
    for (auto one = waiting_.begin(); one != end; ++one) {
      waiting.push_back(std::move(one->second));
    }
    waiting_.erase(waiting_.begin(), end);
  }
  if (task.done) {
    task.done(task.index, outcome);
  }
  for (const Done& done : waiting) {
    done(task.index, outcome);
  }
}

Controller MetadataFollower::copy_of_state() {
  Controller copy;
  look_at_state_([&](const Controller& state) { copy = state; });
  return copy;
}

std::optional<MetadataFollower::TopicState> MetadataFollower::state_of(TopicId id) {
  std::optional<TopicState> found;
  look_at_state_([&](const Controller& state) {
    if (const auto topic = state.topic(id)) {
      found = TopicState{topic, partition_metadata(state, *topic, node_id_)};
    }
  });
  return found;
}

// The state may have partitions that are not served yet: when their turn comes, they are opened as it says then.
Result<void> MetadataFollower::change(const TopicState& now, std::size_t index) {
  const auto served = partitions_.find(now.topic->id);
  if (served == nullptr || index >= served->partitions.size() || index >= now.partitions.size()) {
    return {};
  }
  return partitions_.change(*now.topic, index, now.partitions[index]);
}

// One that cannot be followed does not keep the others from it.
Result<void> MetadataFollower::follow(const PartitionsChanged& changed) {
  Result<void> outcome;
  for (const ChangedPartition& one : changed.partitions) {
    if (const auto now = state_of(one.topic->id)) {
      auto followed = change(*now, static_cast<std::size_t>(one.partition_index));
      outcome = outcome ? std::move(followed) : outcome;
    }
  }
  return outcome;
}

// Whether it may join an ISR, and its epoch, concern every partition that it has a replica of.
Result<void> MetadataFollower::follow(const BrokerChanged& changed) {
  Result<void> outcome;
  const Controller state = copy_of_state();
  for (const auto& [name, topic] : state.topics()) {
    const auto now = state_of(topic->id);
    for (std::size_t index = 0; now && index < now->partitions.size(); ++index) {
      const auto& replicas = now->topic->partitions[index].replicas;
      if (std::ranges::find(replicas, changed.broker_id) != replicas.end()) {
        auto followed = change(*now, index);
        outcome = outcome ? std::move(followed) : outcome;
      }
    }
  }
  return outcome;
}

Result<void> MetadataFollower::follow(const ConfigsChanged& changed) {
  if (changed.topic != nullptr) {
    const auto now = state_of(changed.topic->id);
    return now ? partitions_.configure(*now->topic, now->partitions) : Result<void>{};
  }
  return changed.resource_type == config_resource::broker ? follow_broker_settings() : Result<void>{};
}

// The broker's settings are the defaults of its topics.
Result<void> MetadataFollower::follow_broker_settings() {
  const Controller state = copy_of_state();
  if (auto applied = apply_broker_changes(state, node_id_, partitions_); !applied) {
    return applied;
  }
  for (const auto& [name, topic] : state.topics()) {
    if (partitions_.find(topic->id) == nullptr) {
      continue;
    }
    if (auto configured = partitions_.configure(*topic, partition_metadata(state, *topic, node_id_)); !configured) {
      return configured;
    }
  }
  return {};
}

// A topic may be served already, or gone again: the state may be later than what is told.
Result<void> MetadataFollower::follow_topic(const Topic& topic) {
  const auto now = state_of(topic.id);
  if (!now) {
    return {};
  }
  const auto served = partitions_.find(topic.id);
  if (served == nullptr) {
    return partitions_.open(*now->topic, now->partitions);
  }
  if (served->partitions.size() < now->partitions.size()) {
    return partitions_.add_partitions(*now->topic, served->partitions.size(), now->partitions);
  }
  return {};
}

Result<void> MetadataFollower::follow_all() {
  Result<void> outcome;
  const Controller state = copy_of_state();
  for (const auto& served : partitions_.all()) {
    if (state.topic(served->id) == nullptr) {
      if (auto removed = partitions_.remove(served->id); !removed) {
        return removed;
      }
    }
  }
  for (const auto& [name, topic] : state.topics()) {
    auto followed = follow_topic(*topic);
    outcome = outcome ? std::move(followed) : outcome;
    const auto now = state_of(topic->id);
    for (std::size_t index = 0; now && index < now->partitions.size(); ++index) {
      auto changed = change(*now, index);
      outcome = outcome ? std::move(changed) : outcome;
    }
  }
  auto settings = follow_broker_settings();
  return outcome ? settings : outcome;
}

}  // namespace ottla
