// The cluster's metadata as a state machine: the same commands in the same order give the same state, on every broker
// and after every restart. No files, no clock, no randomness: what is random or timed comes with the command.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "replication/metadata_commands.h"

namespace ottla {

using Configs = std::map<std::string, std::string>;

struct Topic {
  std::string name;
  TopicId id;
  std::vector<PartitionRegistration> partitions;  // by index
  Configs configs;
  std::int32_t min_insync_replicas = 1;  // where no setting says otherwise; Controller::min_insync_replicas tells both
  bool default_replication = false;      // nobody asked for this number of replicas
  std::int64_t page_cache_until = -1;    // metadata index up to which its settings had replicas trust the page cache
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
  std::shared_ptr<const Topic> topic;  // as it is now, if it is a topic's; its partition epochs may have risen
};
struct PartitionsAdded {
  std::shared_ptr<const Topic> topic;  // as it is now
  std::size_t first_added = 0;
};
struct ChangedPartition {
  std::shared_ptr<const Topic> topic;  // as it is now
  std::int32_t partition_index = 0;
};
struct BrokerChanged {
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  std::vector<ChangedPartition> partitions;
};
// Of commands that name partitions: what became of each, in their order. NEW_LEADER_ELECTED is done, too.
struct PartitionOutcome {
  TopicId topic_id;
  std::int32_t partition_index = 0;
  ErrorCode code = ErrorCode::NONE;
  std::string message;
  PartitionRegistration partition;  // as it was left
};
struct PartitionsChanged {
  std::vector<PartitionOutcome> outcomes;
  std::vector<ChangedPartition> partitions;
};
using Applied = std::variant<TopicCreated, TopicDeleted, ProducerIdBlock, ConfigsChanged, PartitionsAdded,
                             BrokerChanged, PartitionsChanged>;

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
  // `index` is the command's in the metadata log. A command that cannot be carried out changes nothing and says why:
  //   topics: TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION (also for a
  //     name that differs from another only in '.' and '_'), INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT;
  //   brokers: DUPLICATE_BROKER_REGISTRATION, INVALID_REGISTRATION, BROKER_ID_NOT_REGISTERED, STALE_BROKER_EPOCH.
  // Commands that name partitions have an outcome for each of them.
  Result<Applied> apply(const Command& command, std::uint64_t index);

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
  // Empty: this broker's own cluster, where leaders and in-sync replicas are what the commands say.
  [[nodiscard]] const Brokers& brokers() const { return brokers_; }
  // Of the topic's settings, of those of all brokers, or as it was created. All brokers must ask here, and not their
  // own settings: the ELR depends on leader and controller having the same value (effective_min_isr).
  [[nodiscard]] std::int32_t min_insync_replicas(const Topic& topic) const;
  // flush.messages of this replica is 1: what it said that it holds, it holds after any stop.
  [[nodiscard]] bool waits_for_disk(const Topic& topic, BrokerId replica) const;
  [[nodiscard]] PartitionContext context_of(const Topic& topic) const { return {brokers_, min_insync_replicas(topic)}; }
  // Grows with every command: what was derived from the state is as new as this number. No part of the state.
  [[nodiscard]] std::uint64_t version() const { return version_; }

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
  void change_configs(const Resource& resource, Configs after);
  void note_page_cache(const Resource& resource);
  // controller_brokers.cc
  Result<Applied> apply_one(const RegisterBroker& command);
  Result<Applied> apply_one(const ChangeBrokerState& command);
  Result<Applied> apply_one(const UnregisterBroker& command);
  [[nodiscard]] Result<void> check_registration(const RegisterBroker& command) const;
  [[nodiscard]] std::set<TopicId> topics_in_page_cache(BrokerId broker) const;
  // controller_partitions.cc
  Result<Applied> apply_one(const AlterPartition& command);
  Result<Applied> apply_one(const ElectLeaders& command);
  Result<Applied> apply_one(const AlterPartitionReassignments& command);
  static Result<std::vector<PartitionRegistration>> planned(const std::vector<CreateTopic::Partition>& partitions,
                                                            const PartitionContext& context);
  // `change` gets every partition that `concerns` picks.
  using Concerns = std::function<bool(const PartitionRegistration&)>;
  using Change = std::function<void(const Topic&, std::int32_t, PartitionRegistration&)>;
  std::vector<ChangedPartition> change_partitions(const Concerns& concerns, const Change& change);
  template <class Named, class ChangeOne>
  PartitionsChanged change_named(const Named& topics, ChangeOne change);

  void insert(std::shared_ptr<const Topic> topic);
  void replace(std::shared_ptr<const Topic> topic);

  std::map<std::string, std::shared_ptr<const Topic>, std::less<>> by_name_;
  std::unordered_map<TopicId, std::shared_ptr<const Topic>> by_id_;
  std::map<std::string, std::string, std::less<>> by_collision_key_;  // '.' as '_': metrics names must not collide
  std::map<Resource, Configs> configs_;
  Brokers brokers_;
  std::uint64_t index_ = 0;  // of the command that is being applied
  std::int64_t partition_count_ = 0;
  std::uint64_t version_ = 1;
  std::int64_t next_producer_id_ = 0;
};

}  // namespace ottla
