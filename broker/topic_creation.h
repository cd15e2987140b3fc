// Making a topic: what CreateTopics and auto-creation share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/asio.h"
#include "broker/broker.h"
#include "protocol/api/19_create_topics.h"

namespace ottla {

// Kafka's bit sets of operations, all allowed as long as nobody is authenticated (KIP-430).
inline constexpr std::int32_t all_topic_operations = 3576;    // bits 3-8, 10, 11 of AclOperation
inline constexpr std::int32_t all_cluster_operations = 8096;  // bits 5, 7-12

// Kafka's metadata log, which is no topic here; there must not be one that goes by its name.
inline constexpr std::string_view cluster_metadata_topic = "__cluster_metadata";

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;          // -1: num.partitions
  std::int16_t replication_factor = -1;  // -1: default.replication.factor
  std::map<std::int32_t, std::vector<BrokerId>> assignments;
  std::map<std::string, std::string> configs;
};

// Checks the wish, and unless `validate_only` makes the topic: it can be written and read when this returns. Errors are
// those of Kafka's CreateTopics: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_CONFIG,
// INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, POLICY_VIOLATION.
Awaitable<Result<CreateTopic>> create_topic(Broker& broker, NewTopic wish, bool validate_only = false);

// Error POLICY_VIOLATION: the cluster would have more partitions than max.partitions.per.cluster.
Result<void> check_partition_bound(std::int64_t in_all, const Config& config);
// Where the replicas of new partitions go: to the brokers that are named, by partition, or else to those that the
// placer takes. Errors: INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT.
struct Placement {
  std::int32_t first_index = 0;
  std::int32_t partitions = 0;
  std::int32_t replication_factor = 1;             // -1: that of the first assignment
  std::vector<std::vector<BrokerId>> assignments;  // empty: the placer's choice
};
Result<std::vector<CreateTopic::Partition>> place(const Controller& state, BrokerId self, const Placement& wish);

// What CreateTopics 5+ tells about the new topic's settings (KIP-525).
std::vector<CreateTopicsResponse::CreatableTopicResult::CreatableTopicConfigs> effective_configs(
    const Config& config, const std::map<std::string, std::string>& topic_configs);

}  // namespace ottla
