#include "broker/topic_creation.h"

#include <fmt/format.h>

#include <random>

#include "broker/config_entries.h"
#include "broker/log.h"
#include "replication/controller_housekeeping.h"
#include "replication/replica_placer.h"

namespace ottla {

namespace {

Result<std::vector<std::vector<BrokerId>>> assignments_of(const NewTopic& wish) {
  std::vector<std::vector<BrokerId>> assignments;
  for (const auto& [index, brokers] : wish.assignments) {
    if (index != static_cast<std::int32_t>(assignments.size())) {
      return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                     "partitions should be a consecutive 0-based integer sequence");
    }
    assignments.push_back(brokers);
  }
  return assignments;
}

// Every replica is on a broker that there is, and all partitions have as many. A broker on its own is not registered.
Result<void> check_assignments(const Controller& state, BrokerId self, const Placement& wish) {
  const Brokers alone{{self, {}}};
  const Brokers& brokers = state.brokers().empty() ? alone : state.brokers();
  const std::size_t wanted =
      wish.replication_factor > 0 ? static_cast<std::size_t>(wish.replication_factor) : wish.assignments.front().size();
  for (const auto& replicas : wish.assignments) {
    if (auto valid = check_replicas(replicas, brokers); !valid) {
      return valid;
    }
    if (replicas.size() != wanted) {
      return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                     fmt::format("The manual partition assignment includes a partition with {} replica(s), but this "
                                 "is not consistent with previous partitions, which have {} replica(s).",
                                 replicas.size(), wanted));
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

Result<void> check_replication_factor(const NewTopic& wish, std::int32_t wanted, std::size_t brokers) {
  if (!wish.assignments.empty() || (wanted >= 1 && static_cast<std::size_t>(wanted) <= brokers)) {
    return {};
  }
  if (wanted < 1) {
    return failure(ErrorCode::INVALID_REPLICATION_FACTOR,
                   "Replication factor must be larger than 0, or -1 to use the default value.");
  }
  return failure(
      ErrorCode::INVALID_REPLICATION_FACTOR,
      fmt::format("Unable to replicate the partition {0} time(s): The target replication factor of {0} cannot be "
                  "reached because only {1} broker(s) are registered.",
                  wanted, brokers));
}

// How often a new topic is kept, and what its min.insync.replicas is where no setting says so.
struct Durability {
  std::int32_t replication_factor = 1;
  std::int32_t min_insync_replicas = 1;
  bool is_default = false;  // more once there are more brokers
};

// What a setting says comes first; without one, more brokers mean more replicas.
Durability durability_of(const NewTopic& wish, const Controller& state, const Config& config) {
  const Replication usual = default_replication(std::max<std::size_t>(1, state.brokers().size()));
  Durability made{.replication_factor = usual.replication_factor,
                  .min_insync_replicas = config.given.contains("min.insync.replicas") || !config.is_cluster()
                                             ? config.min_insync_replicas
                                             : usual.min_insync_replicas};
  if (wish.replication_factor != -1 || !wish.assignments.empty()) {
    made.replication_factor = wish.replication_factor;
  } else if (config.given.contains("default.replication.factor")) {
    made.replication_factor = config.default_replication_factor;
  } else {
    made.is_default = config.is_cluster();
  }
  return made;
}

// Refusals that need the whole state: taken names, and the bound on partitions.
Result<void> check_against_state(const Controller& state, const NewTopic& wish, std::int32_t partitions,
                                 const Config& config) {
  if (state.topic(wish.name) != nullptr) {
    return failure(ErrorCode::TOPIC_ALREADY_EXISTS, fmt::format("Topic '{}' already exists.", wish.name));
  }
  return check_partition_bound(state.partition_count() + partitions, config);
}

Result<CreateTopic> plan(const Controller& state, const Config& config, const NewTopic& wish, std::int32_t count) {
  if (auto fits = check_against_state(state, wish, count, config); !fits) {
    return std::unexpected(std::move(fits.error()));
  }
  const Durability durability = durability_of(wish, state, config);
  const std::size_t brokers = std::max<std::size_t>(1, state.brokers().size());
  if (auto valid = check_replication_factor(wish, durability.replication_factor, brokers); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  auto assignments = assignments_of(wish);
  if (!assignments) {
    return std::unexpected(std::move(assignments.error()));
  }
  auto placed = place(state, config.node_id,
                      {.partitions = count,
                       .replication_factor = durability.replication_factor,
                       .assignments = std::move(*assignments)});
  if (!placed) {
    return std::unexpected(std::move(placed.error()));
  }
  CreateTopic command{.name = wish.name,
                      .topic_id = Uuid::random(),
                      .partitions = std::move(*placed),
                      .min_insync_replicas = durability.min_insync_replicas,
                      .default_replication = durability.is_default};
  for (const auto& [name, value] : wish.configs) {
    command.configs.push_back({.name = name, .value = value});
  }
  return command;
}

Result<CreateTopic> plan(const Broker& broker, const NewTopic& wish) {
  if (auto dead = broker.partitions.failure()) {
    return std::unexpected(std::move(*dead));
  }
  if (auto valid = check_topic_name(wish.name); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (wish.name == cluster_metadata_topic) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("Creation of internal topic {} is prohibited.", wish.name));
  }
  const auto count = partition_count(wish, broker.config);
  if (!count) {
    return std::unexpected(count.error());
  }
  if (auto valid = check_topic_settings(wish.configs, *broker.partitions.config()); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  return broker.metadata->read([&](const Controller& state) { return plan(state, broker.config, wish, *count); });
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

Result<std::vector<CreateTopic::Partition>> place(const Controller& state, BrokerId self, const Placement& wish) {
  std::vector<std::vector<BrokerId>> replicas = wish.assignments;
  const bool is_alone = state.brokers().empty();
  if (!replicas.empty()) {
    if (auto valid = check_assignments(state, self, wish); !valid) {
      return std::unexpected(std::move(valid.error()));
    }
  } else if (is_alone) {
    replicas.assign(static_cast<std::size_t>(wish.partitions), {self});
  } else {
    auto placed = place_replicas(state.brokers(), static_cast<std::size_t>(wish.partitions), wish.replication_factor,
                                 std::random_device{}());
    if (!placed) {
      return std::unexpected(std::move(placed.error()));
    }
    replicas = std::move(*placed);
  }
  std::vector<CreateTopic::Partition> partitions;
  for (auto& one : replicas) {
    auto& partition = partitions.emplace_back();
    partition.partition_index = wish.first_index + static_cast<std::int32_t>(partitions.size()) - 1;
    partition.replicas = std::move(one);
    if (is_alone) {
      partition.isr = {self};
      partition.leader = self;
      partition.leader_epoch = LeaderEpoch{0};
    }
  }
  return partitions;
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
  // Ours, if the answer to the first try was lost on its way and it was tried again.
  const bool is_made = applied || (applied.error().code == ErrorCode::TOPIC_ALREADY_EXISTS &&
                                   broker.partitions.find(command->topic_id) != nullptr);
  if (!is_made) {
    co_return std::unexpected(applied.error());
  }
  logger().info("created topic {} with {} partitions, id {}", command->name, command->partitions.size(),
                command->topic_id.to_string());
  co_return command;
}

}  // namespace ottla
