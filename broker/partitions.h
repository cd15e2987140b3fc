// The partitions this broker serves, by topic name and by topic id.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/committer.h"
#include "broker/config.h"
#include "broker/housekeeper.h"
#include "broker/partition.h"
#include "broker/replica_outside.h"
#include "replication/controller.h"
#include "replication/partition_metadata.h"
#include "storage/log_directory.h"

namespace ottla {

// A topic as this broker serves it; partitions by index, nullptr: no replica of it is here.
struct ServedTopic {
  std::string name;
  TopicId id;
  std::vector<std::shared_ptr<Partition>> partitions;

  // nullptr: no such partition, or no replica of it here; absence() tells which.
  [[nodiscard]] std::shared_ptr<Partition> partition(std::int32_t index) const {
    return index >= 0 && static_cast<std::size_t>(index) < partitions.size()
               ? partitions[static_cast<std::size_t>(index)]
               : nullptr;
  }
};

// What to answer for a partition that is not here: NOT_LEADER_OR_FOLLOWER if the topic has it, else
// UNKNOWN_TOPIC_OR_PARTITION.
ErrorCode absence(const std::shared_ptr<const ServedTopic>& topic, std::int32_t index);

// Calls that take a topic with the metadata of its partitions (partition_metadata()) are blocking, and made by the
// metadata thread, in the order of the metadata.
class Partitions {
 public:
  Partitions(Disk& disk, LogDirectory& directory, const Config& config);
  // Before open_all: the replicas have others to speak to; `outside` outlives *this. `times` are
  // replica.lag.time.max.ms and its like.
  void set_replica_outside(ReplicaOutside* outside, const ReplicaTimes& times = {});

  // Opens (creates or recovers) the logs of the topic's partitions that this broker has replicas of; one that cannot be
  // opened answers KAFKA_STORAGE_ERROR from then on.
  Result<void> open(const Topic& topic, std::span<const PartitionMetadata> metadata);
  // The same at start, for all topics: num.recovery.threads.per.data.dir partitions at once.
  Result<void> open_all(const Controller& metadata);
  // The topic has more partitions: opens those from `first_added` on.
  Result<void> add_partitions(const Topic& topic, std::size_t first_added, std::span<const PartitionMetadata> metadata);
  // The topic's settings have changed, or the broker's that stand in for them, or what is known of brokers.
  Result<void> configure(const Topic& topic, std::span<const PartitionMetadata> metadata);
  // The record of one partition has changed. A replica that this broker has now is opened; one that it has no more is
  // deleted.
  Result<void> change(const Topic& topic, std::size_t index, const PartitionMetadata& metadata);
  // Stops serving the topic and deletes its logs.
  Result<void> remove(TopicId id);
  // Partition directories that belong to no topic, or are of no replica that this broker has: a deletion that a crash
  // interrupted, or the metadata is not the one that they were written under. Nobody can tell, so they are kept under a
  // name that nothing reads. REQUIRES: the metadata are as new as any that this broker has acted on; in a cluster, they
  // have its registration of this start.
  Result<void> set_aside_strays(const Controller& metadata);

  [[nodiscard]] std::shared_ptr<const ServedTopic> find(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<const ServedTopic> find(TopicId id) const;
  [[nodiscard]] std::vector<std::shared_ptr<const ServedTopic>> all() const;
  void for_each(const std::function<void(Partition&)>& action) const;

  // The broker's settings as they are now; one that is not dynamic stays as it was at the start.
  [[nodiscard]] std::shared_ptr<const Config> config() const;
  // What AlterConfigs has set for all brokers and for this one. Topics are to be configured after it.
  Result<void> set_broker_changes(const Configs& for_all_brokers, const Configs& for_this_broker);

  // A sync has failed: nothing is written here until a restart.
  void fail(const Error& error);
  [[nodiscard]] std::optional<Error> failure() const;
  [[nodiscard]] const Committer& committer() const { return committer_; }
  [[nodiscard]] Housekeeper& housekeeper() { return housekeeper_; }
  // Those of a broker on its own are found at the start without.
  Result<void> write_high_watermarks();

  // A clean stop: all logs synced and closed, checkpoints and the clean-shutdown marker written.
  Result<void> close();

 private:
  [[nodiscard]] Result<TopicConfig> config_of(const Topic& topic) const;
  [[nodiscard]] bool has_replica(const PartitionMetadata& metadata) const;
  void tell(Partition& partition, PartitionMetadata metadata, const TopicConfig& config) const;
  std::shared_ptr<Partition> open_partition(const Topic& topic, std::size_t index, const TopicConfig& config,
                                            const PartitionMetadata& metadata);
  Result<void> open_from(const Topic& topic, std::shared_ptr<ServedTopic> served,
                         std::span<const PartitionMetadata> metadata);
  void serve(const std::shared_ptr<const ServedTopic>& topic);
  Result<void> give_up(Partition& partition, std::string_view why);
  [[nodiscard]] bool is_of_another_topic(const std::string& directory_name, TopicId id) const;

  LogDirectory& directory_;
  const Config& started_with_;
  const BrokerId self_;
  ReplicaOutside* outside_ = nullptr;
  ReplicaTimes times_;
  std::shared_ptr<const Config> config_;  // guarded by mutex_
  OpenFiles files_;
  const LogEnvironment environment_;
  Committer committer_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const ServedTopic>, std::less<>> by_name_;
  std::unordered_map<TopicId, std::shared_ptr<const ServedTopic>> by_id_;
  std::optional<Error> failure_;
  Housekeeper housekeeper_;
};

}  // namespace ottla
