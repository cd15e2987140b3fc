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
#include "replication/controller.h"
#include "storage/log_directory.h"

namespace ottla {

// A topic as this broker serves it; partitions by index.
struct ServedTopic {
  std::string name;
  TopicId id;
  std::vector<std::shared_ptr<Partition>> partitions;

  // nullptr: no such partition.
  [[nodiscard]] std::shared_ptr<Partition> partition(std::int32_t index) const {
    return index >= 0 && static_cast<std::size_t>(index) < partitions.size()
               ? partitions[static_cast<std::size_t>(index)]
               : nullptr;
  }
};

class Partitions {
 public:
  Partitions(Disk& disk, LogDirectory& directory, const Config& config);

  // Opens (creates or recovers) the topic's logs; one that cannot be opened answers KAFKA_STORAGE_ERROR from then on.
  // Blocking: called by the metadata thread.
  Result<void> open(const Topic& topic);
  // The same at start, for all topics: num.recovery.threads.per.data.dir partitions at once.
  Result<void> open_all(const Controller& metadata);
  // The topic has more partitions: opens those from `first_added` on. Blocking.
  Result<void> add_partitions(const Topic& topic, std::size_t first_added);
  // The topic's settings have changed, or the broker's that stand in for them.
  Result<void> configure(const Topic& topic);
  // Stops serving the topic and deletes its logs. Blocking.
  Result<void> remove(TopicId id);
  // Deletes partition directories that belong to no topic: a deletion that a crash interrupted.
  Result<void> remove_strays(const Controller& metadata, bool metadata_was_cut);

  [[nodiscard]] std::shared_ptr<const ServedTopic> find(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<const ServedTopic> find(TopicId id) const;
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

  // A clean stop: all logs synced and closed, checkpoints and the clean-shutdown marker written.
  Result<void> close();

 private:
  [[nodiscard]] Result<TopicConfig> config_of(const Topic& topic) const;
  std::shared_ptr<Partition> open_partition(const Topic& topic, std::size_t index, const TopicConfig& config);
  void serve(const std::shared_ptr<const ServedTopic>& topic);

  LogDirectory& directory_;
  const Config& started_with_;
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
