// The cluster's metadata on this broker: commands go in, the state machine (replication/controller.h) moves on, and the
// partitions follow. Today a quorum of one over a checked log in the data directory; a consensus library takes the
// place of that log without its callers noticing.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <thread>

#include "broker/one_shot.h"
#include "broker/partitions.h"
#include "replication/controller.h"
#include "replication/metadata_log.h"
#include "storage/command_log.h"

namespace ottla {

class MetadataQuorum final : public MetadataLog {
 public:
  // Reads the log, replays it, and opens the partitions of every topic. Blocking.
  static Result<std::unique_ptr<MetadataQuorum>> open(Disk& disk, const std::string& directory, BrokerId node_id,
                                                      Partitions& partitions);
  // The first commands of a directory without metadata, durable all together when it returns.
  static Result<void> seed(Disk& disk, const std::string& directory, std::span<const Command> commands);
  MetadataQuorum(std::unique_ptr<CommandLog> log, Controller controller, BrokerId node_id, Partitions& partitions);
  MetadataQuorum(const MetadataQuorum&) = delete;
  MetadataQuorum& operator=(const MetadataQuorum&) = delete;
  ~MetadataQuorum() override;

  // Any thread. Comes back when the command is durable, applied, and its effect can be seen by every client (the
  // partitions of a created topic are open). Errors: what the state machine refused, KAFKA_STORAGE_ERROR.
  void propose(Command command, std::function<void(Result<Applied>)> committed) override;
  Awaitable<Result<Applied>> propose(Command command);

  // Looks at the state under a lock: `look` must be short, must not wait, and must keep no reference.
  template <class Look>
  auto read(Look look) const {
    const std::shared_lock lock(state_mutex_);
    return look(controller_);
  }

 private:
  struct Proposal {
    Command command;
    std::function<void(Result<Applied>)> committed;
  };

  void work();
  Result<Applied> commit(const Command& command);
  Result<void> follow(const Applied& applied);
  Result<void> follow_configs(const ConfigsChanged& changed);
  void snapshot_if_long();

  std::unique_ptr<CommandLog> log_;
  mutable std::shared_mutex state_mutex_;
  Controller controller_;
  const BrokerId node_id_;
  Partitions& partitions_;

  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::deque<Proposal> queue_;
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace ottla
