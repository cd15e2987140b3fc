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
  std::map<std::string, std::string> configs;
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
using Applied = std::variant<TopicCreated, TopicDeleted, ProducerIdBlock>;

// [a-zA-Z0-9._-], 1 to 249 of them, not "." nor "..". Error INVALID_TOPIC_EXCEPTION.
Result<void> check_topic_name(std::string_view name);

class Controller {
 public:
  // A command that cannot be carried out changes nothing and says why: TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_ID,
  // INVALID_TOPIC_EXCEPTION (also for a name that differs from another only in '.' and '_'), INVALID_PARTITIONS.
  Result<Applied> apply(const Command& command);

  // nullptr: there is none.
  [[nodiscard]] std::shared_ptr<const Topic> topic(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<const Topic> topic(TopicId id) const;
  // By name.
  [[nodiscard]] const std::map<std::string, std::shared_ptr<const Topic>, std::less<>>& topics() const {
    return by_name_;
  }
  [[nodiscard]] std::int64_t partition_count() const { return partition_count_; }

  // The whole state as bytes, and back. Error CORRUPT_MESSAGE.
  [[nodiscard]] Bytes snapshot() const;
  static Result<Controller> restore(std::span<const std::byte> image);

 private:
  Result<Applied> apply_one(const CreateTopic& command);
  Result<Applied> apply_one(const DeleteTopic& command);
  Result<Applied> apply_one(const AllocateProducerIds& command);
  void insert(std::shared_ptr<const Topic> topic);

  std::map<std::string, std::shared_ptr<const Topic>, std::less<>> by_name_;
  std::unordered_map<TopicId, std::shared_ptr<const Topic>> by_id_;
  std::map<std::string, std::string, std::less<>> by_collision_key_;  // '.' as '_': metrics names must not collide
  std::int64_t partition_count_ = 0;
  std::int64_t next_producer_id_ = 0;
};

}  // namespace ottla
