#include "broker/topic_creation.h"

#include <fmt/format.h>

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
  return failure(ErrorCode::INVALID_REPLICATION_FACTOR,
                 fmt::format("Unable to replicate the partition {} time(s): only 1 broker(s) are registered.",
                             wish.replication_factor));
}

// Refusals that need the whole state: taken names, and the bound on partitions.
Result<void> check_against_state(const Controller& state, const NewTopic& wish, std::int32_t partitions,
                                 const Config& config) {
  if (state.topic(wish.name) != nullptr) {
    return failure(ErrorCode::TOPIC_ALREADY_EXISTS, fmt::format("Topic '{}' already exists.", wish.name));
  }
  const std::int64_t in_all = state.partition_count() + partitions;
  if (in_all > config.max_partitions_per_cluster) {
    return failure(ErrorCode::POLICY_VIOLATION,
                   fmt::format("{} partitions in all would be more than max.partitions.per.cluster={}", in_all,
                               config.max_partitions_per_cluster));
  }
  return {};
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
  if (auto valid = parse_topic_config(wish.configs, broker.config); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  auto fits = broker.metadata->read(
      [&](const Controller& state) { return check_against_state(state, wish, *count, broker.config); });
  if (!fits) {
    return std::unexpected(std::move(fits.error()));
  }
  CreateTopic command{.name = wish.name, .topic_id = Uuid::random()};
  for (std::int32_t index = 0; index < *count; ++index) {
    command.partitions.push_back({.partition_index = index,
                                  .replicas = {broker.config.node_id},
                                  .isr = {broker.config.node_id},
                                  .leader = broker.config.node_id,
                                  .leader_epoch = LeaderEpoch{0}});
  }
  for (const auto& [name, value] : wish.configs) {
    command.configs.push_back({.name = name, .value = value});
  }
  return command;
}

}  // namespace

std::vector<CreateTopicsResponse::CreatableTopicResult::CreatableTopicConfigs> effective_configs(
    const Config& config, const std::map<std::string, std::string>& topic_configs) {
  constexpr std::int8_t dynamic_topic_config = 1;  // DescribeConfigs' numbers for where a value comes from
  constexpr std::int8_t default_config = 5;
  std::vector<CreateTopicsResponse::CreatableTopicResult::CreatableTopicConfigs> answers;
  for (auto& setting : effective_topic_settings(topic_configs, config)) {
    answers.push_back({.name = std::move(setting.name),
                       .value = std::move(setting.value),
                       .config_source = setting.is_set_on_topic ? dynamic_topic_config : default_config});
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
