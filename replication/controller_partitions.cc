// Commands that name partitions, and the ways in which partitions are changed in their topics.
#include <fmt/format.h>

#include "replication/controller.h"

namespace ottla {

std::vector<ChangedPartition> Controller::change_partitions(const Concerns& concerns, const Change& change) {
  std::vector<ChangedPartition> changed;
  if (brokers_.empty()) {
    return changed;
  }
  for (const auto& [name, topic] : by_name_) {
    const std::shared_ptr<const Topic> before = topic;
    std::shared_ptr<Topic> after;
    for (std::size_t index = 0; index < before->partitions.size(); ++index) {
      if (!concerns(before->partitions[index])) {
        continue;
      }
      PartitionRegistration next = before->partitions[index];
      change(*before, static_cast<std::int32_t>(index), next);
      if (next != before->partitions[index]) {
        after = after != nullptr ? std::move(after) : std::make_shared<Topic>(*before);
        after->partitions[index] = std::move(next);
        changed.push_back({after, static_cast<std::int32_t>(index)});
      }
    }
    if (after != nullptr) {
      replace(std::move(after));
    }
  }
  return changed;
}

namespace {
std::int32_t index_of(std::int32_t partition) { return partition; }
std::int32_t index_of(const auto& partition) { return partition.partition_index; }
}  // namespace

// `change(partition, wish, context)` for each partition that the topics name.
template <class Named, class ChangeOne>
PartitionsChanged Controller::change_named(const Named& topics, ChangeOne change) {
  PartitionsChanged done;
  for (const auto& named : topics) {
    const auto before = topic(named.topic_id);
    auto after = before != nullptr ? std::make_shared<Topic>(*before) : nullptr;
    for (const auto& wish : named.partitions) {
      auto& outcome = done.outcomes.emplace_back(named.topic_id, index_of(wish));
      const auto index = static_cast<std::size_t>(index_of(wish));
      if (after == nullptr || index >= after->partitions.size()) {
        outcome.code = after == nullptr ? ErrorCode::UNKNOWN_TOPIC_ID : ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        outcome.message =
            fmt::format("There is no such partition: {} of {}.", index_of(wish), named.topic_id.to_string());
        continue;
      }
      PartitionRegistration& partition = after->partitions[index];
      if (auto result = change(partition, wish, context_of(*after)); !result) {
        outcome.code = result.error().code;
        outcome.message = std::move(result.error().message);
      }
      outcome.partition = partition;
      if (partition != before->partitions[index]) {
        done.partitions.push_back({after, outcome.partition_index});
      }
    }
    if (!done.partitions.empty() && done.partitions.back().topic == after) {
      replace(std::move(after));
    }
  }
  return done;
}

Result<Applied> Controller::apply_one(const AlterPartition& command) {
  const auto sender = brokers_.find(command.broker_id);
  if (sender == brokers_.end() || sender->second.epoch != command.broker_epoch) {
    return failure(ErrorCode::STALE_BROKER_EPOCH, fmt::format("Broker {} is not registered with epoch {}.",
                                                              command.broker_id.value, command.broker_epoch.value));
  }
  return change_named(command.topics,
                      [&](PartitionRegistration& partition, const IsrChange& wish, const PartitionContext& context) {
                        return alter_isr(partition, command.broker_id, wish, context);
                      });
}

Result<Applied> Controller::apply_one(const ElectLeaders& command) {
  return change_named(command.topics,
                      [&](PartitionRegistration& partition, std::int32_t, const PartitionContext& context) {
                        return elect_leader(partition, command.election, context);
                      });
}

Result<Applied> Controller::apply_one(const AlterPartitionReassignments& command) {
  std::vector<ChangedPartition> concerned;
  for (const auto& named : command.topics) {  // more replicas come with another min.insync.replicas
    const auto before = topic(named.topic_id);
    if (named.min_insync_replicas > 0 && before != nullptr) {
      auto after = std::make_shared<Topic>(*before);
      after->min_insync_replicas = named.min_insync_replicas;
      if (min_insync_replicas(*after) != min_insync_replicas(*before)) {
        for (std::size_t index = 0; index < after->partitions.size(); ++index) {
          min_isr_changed(after->partitions[index], context_of(*after));
          concerned.push_back({after, static_cast<std::int32_t>(index)});
        }
      }
      replace(std::move(after));
    }
  }
  auto changed = change_named(command.topics,
                              [](PartitionRegistration& partition, const AlterPartitionReassignments::Partition& wish,
                                 const PartitionContext& context) {
                                return wish.replicas.empty() ? cancel_reassignment(partition, context)
                                                             : reassign(partition, wish.replicas, context);
                              });
  for (ChangedPartition& one : concerned) {
    one.topic = topic(one.topic->id);  // as it is now
  }
  std::ranges::move(concerned, std::back_inserter(changed.partitions));
  return changed;
}

// New partitions as the command has them or, where it leaves that open, led by who is there.
Result<std::vector<PartitionRegistration>> Controller::planned(const std::vector<CreateTopic::Partition>& partitions,
                                                               const PartitionContext& context) {
  std::vector<PartitionRegistration> made;
  for (const auto& partition : partitions) {
    if (!partition.isr.empty()) {
      made.push_back({.replicas = partition.replicas,
                      .isr = partition.isr,
                      .leader = partition.leader,
                      .leader_epoch = partition.leader_epoch,
                      .partition_epoch = PartitionEpoch{0}});
      continue;
    }
    if (auto valid = check_replicas(partition.replicas, context.brokers); !valid) {
      return std::unexpected(std::move(valid.error()));
    }
    auto started = new_partition(partition.replicas, context);
    if (!started) {
      return std::unexpected(std::move(started.error()));
    }
    made.push_back(std::move(*started));
  }
  return made;
}

}  // namespace ottla
