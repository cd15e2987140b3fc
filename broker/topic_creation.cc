#include "broker/topic_creation.h"

#include <fmt/format.h>

#include "broker/config_entries.h"
#include "broker/log.h"

namespace ottla {

namespace {

Result<void> check_assignments(const NewTopic& wish, BrokerId node) {
  std::int32_t expected = 0;
  for (const auto& [index, brokers] : wish.assignments) {
    if (index != expected++) {
      return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                     "partitions should be a consecutive 0-based integer sequence");
    }
    if (brokers.size() != 1 || brokers.front() != node) {
      return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                     fmt::format("partition {} must be on broker {} alone: there is no other", index, node.value));
    }
  }
  return {};
}

Result<std::int32_t> partition_count(const NewTopic& wish, const Config& config) {
  if (!wish.assignments.empty()) {
    return static_cast<std::int32_t>(wish.assignments.size());
  }
  const std::int32_t count = wish.partitions == -1 ? config.num_partitions : wish.partitions;
  if (count < 1) {
    return failure(ErrorCode::INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value.");
  }
  return count;
}

Result<void> check_replication_factor(const NewTopic& wish) {
  if (wish.replication_factor == -1 || wish.replication_factor == 1) {
    return {};
  }
  if (wish.replication_factor < 1) {
    return failure(ErrorCode::INVALID_REPLICATION_FACTOR,
                   "Replication factor must be larger than 0, or -1 to use the default value.");
  }
  return failure(
      ErrorCode::INVALID_REPLICATION_FACTOR,
      fmt::format("Unable to replicate the partition {0} time(s): The target replication factor of {0} cannot be "
                  "reached because only 1 broker(s) are registered.",
                  wish.replication_factor));
}

// Refusals that need the whole state: taken names, and the bound on partitions.
Result<void> check_against_state(const Controller& state, const NewTopic& wish, std::int32_t partitions,
                                 const Config& config) {
  if (state.topic(wish.name) != nullptr) {
    return failure(ErrorCode::TOPIC_ALREADY_EXISTS, fmt::format("Topic '{}' already exists.", wish.name));
  }
  return check_partition_bound(state.partition_count() + partitions, config);
}

Result<CreateTopic> plan(const Broker& broker, const NewTopic& wish) {
  if (auto dead = broker.partitions.failure()) {
    return std::unexpected(std::move(*dead));
  }
  if (auto valid = check_topic_name(wish.name); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (auto valid = check_replication_factor(wish); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (auto valid = check_assignments(wish, broker.config.node_id); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  const auto count = partition_count(wish, broker.config);
  if (!count) {
    return std::unexpected(count.error());
  }
  if (auto valid = check_topic_settings(wish.configs, *broker.partitions.config()); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  auto fits = broker.metadata->read(
      [&](const Controller& state) { return check_against_state(state, wish, *count, broker.config); });
  if (!fits) {
    return std::unexpected(std::move(fits.error()));
  }
  CreateTopic command{.name = wish.name, .topic_id = Uuid::random()};
  for (std::int32_t index = 0; index < *count; ++index) {
    command.partitions.push_back(partition_here(index, broker.config.node_id));
  }
  for (const auto& [name, value] : wish.configs) {
    command.configs.push_back({.name = name, .value = value});
  }
  return command;
}

}  // namespace

Result<void> check_partition_bound(std::int64_t in_all, const Config& config) {
  if (in_all > config.max_partitions_per_cluster) {
    return failure(ErrorCode::POLICY_VIOLATION,
                   fmt::format("{} partitions in all would be more than max.partitions.per.cluster={}", in_all,
                               config.max_partitions_per_cluster));
  }
  return {};
}

CreateTopic::Partition partition_here(std::int32_t index, BrokerId node) {
  return {.partition_index = index, .replicas = {node}, .isr = {node}, .leader = node, .leader_epoch = LeaderEpoch{0}};
}

std::vector<CreateTopicsResponse::CreatableTopicResult::CreatableTopicConfigs> effective_configs(
    const Config& config, const std::map<std::string, std::string>& topic_configs) {
  std::vector<CreateTopicsResponse::CreatableTopicResult::CreatableTopicConfigs> answers;
  for (auto& entry : topic_config_entries(topic_configs, config)) {
    answers.push_back({.name = std::move(entry.name),
                       .value = std::move(entry.value),
                       .config_source = static_cast<std::int8_t>(entry.source)});
  }
  return answers;
}

Awaitable<Result<CreateTopic>> create_topic(Broker& broker, NewTopic wish, bool validate_only) {
  auto command = plan(broker, wish);
  if (!command || validate_only) {
    co_return command;
  }
  Command proposal = *command;
  const auto applied = co_await broker.metadata->propose(std::move(proposal));
  if (!applied) {
    co_return std::unexpected(applied.error());
  }
  logger().info("created topic {} with {} partitions, id {}", command->name, command->partitions.size(),
                command->topic_id.to_string());
  co_return command;
}

}  // namespace ottla
