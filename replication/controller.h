// The cluster's metadata as a state machine: the same commands in the same order give the same state, on every broker
// and after every restart. No files, no clock, no randomness: what is random or timed comes with the command.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "replication/metadata_commands.h"

namespace ottla {

using Configs = std::map<std::string, std::string>;

struct PartitionState {
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;
  BrokerId leader;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
};

struct Topic {
  std::string name;
  TopicId id;
  std::vector<PartitionState> partitions;  // by index
  Configs configs;
};

// What a command changed, for the broker that has to follow.
struct TopicCreated {
  std::shared_ptr<const Topic> topic;
};
struct TopicDeleted {
  std::shared_ptr<const Topic> topic;
};
struct ProducerIdBlock {
  std::int64_t first_producer_id = 0;
  std::int64_t count = 0;
};
struct ConfigsChanged {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::shared_ptr<const Topic> topic;  // as it is now, if it is a topic's
};
struct PartitionsAdded {
  std::shared_ptr<const Topic> topic;  // as it is now
  std::size_t first_added = 0;
};
using Applied = std::variant<TopicCreated, TopicDeleted, ProducerIdBlock, ConfigsChanged, PartitionsAdded>;

// ConfigResource's numbers, as on Kafka's wire.
namespace config_resource {
inline constexpr std::int8_t topic = 2;
inline constexpr std::int8_t broker = 4;
inline constexpr std::int8_t group = 32;
}  // namespace config_resource

// [a-zA-Z0-9._-], 1 to 249 of them, not "." nor "..". Error INVALID_TOPIC_EXCEPTION.
Result<void> check_topic_name(std::string_view name);

// What a change makes of the settings that a resource has.
Configs changed_configs(const Configs& before, const AlterConfigs& command);

class Controller {
 public:
  // A command that cannot be carried out changes nothing and says why: TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_ID,
  // UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION (also for a name that differs from another only in '.' and
  // '_'), INVALID_PARTITIONS.
  Result<Applied> apply(const Command& command);

  // nullptr: there is none.
  [[nodiscard]] std::shared_ptr<const Topic> topic(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<const Topic> topic(TopicId id) const;
  // By name.
  [[nodiscard]] const std::map<std::string, std::shared_ptr<const Topic>, std::less<>>& topics() const {
    return by_name_;
  }
  // What AlterConfigs left of a broker (no name: of all brokers) or a group; a topic's are in its Topic.
  [[nodiscard]] const Configs& configs(std::int8_t resource_type, const std::string& resource_name) const;
  // By type and name.
  using Resource = std::pair<std::int8_t, std::string>;
  [[nodiscard]] const std::map<Resource, Configs>& configs() const { return configs_; }
  [[nodiscard]] std::int64_t partition_count() const { return partition_count_; }

  // The whole state as bytes, and back. Error CORRUPT_MESSAGE.
  [[nodiscard]] Bytes snapshot() const;
  static Result<Controller> restore(std::span<const std::byte> image);

 private:
  Result<Applied> apply_one(const CreateTopic& command);
  Result<Applied> apply_one(const DeleteTopic& command);
  Result<Applied> apply_one(const AllocateProducerIds& command);
  // controller_changes.cc
  Result<Applied> apply_one(const AlterConfigs& command);
  Result<Applied> apply_one(const AddPartitions& command);
  void replace(std::shared_ptr<const Topic> topic);

  void insert(std::shared_ptr<const Topic> topic);

  std::map<std::string, std::shared_ptr<const Topic>, std::less<>> by_name_;
  std::unordered_map<TopicId, std::shared_ptr<const Topic>> by_id_;
  std::map<std::string, std::string, std::less<>> by_collision_key_;  // '.' as '_': metrics names must not collide
  std::map<Resource, Configs> configs_;
  std::int64_t partition_count_ = 0;
  std::int64_t next_producer_id_ = 0;
};

}  // namespace ottla
