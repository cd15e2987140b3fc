// Makes appended records durable: the one place where the broker waits for a sync, never on a core's thread.
//
// Partitions with unsynced records queue up here. One thread takes all that wait, makes them durable together (one sync
// of the file system costs hardly more than one of a file), and only then looks at who has come meanwhile. That is the
// group commit: no timer, no added delay.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker/disk_space.h"
#include "broker/metrics.h"
#include "protocol/error_code.h"
#include "storage/log.h"

namespace ottla {

class Partition;

class Committer {
 public:
  // `root` is the data directory. `on_failure` is called once, on the committer's thread, when a sync failed or the
  // directory was given up: it is dead from then on.
  Committer(const LogEnvironment& environment, std::string root, std::int64_t reserved_bytes,
            std::function<void(const Error&)> on_failure);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  ~Committer();

  // REQUIRES: the partition is not queued (Partition keeps count of that under its own lock).
  void enqueue(std::shared_ptr<Partition> partition);
  // The disk has failed elsewhere. Any thread, any lock.
  void give_up(const Error& error);
  // Ends the thread; what is queued stays unsynced (closing the logs syncs it).
  void stop();
  // What is written must fit there first.
  [[nodiscard]] DiskSpace& disk_space() { return disk_space_; }
  // How long the commits took.
  [[nodiscard]] const LatencyHistogram& latency() const { return latency_; }

 private:
  void work();
  Result<void> commit(const std::vector<std::shared_ptr<Partition>>& group);

  const LogEnvironment environment_;
  const std::string root_;
  DiskSpace disk_space_;
  std::function<void(const Error&)> on_failure_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Partition>> queue_;
  std::optional<Error> given_up_;
  bool stopping_ = false;
  LatencyHistogram latency_;
  std::jthread thread_;
};

}  // namespace ottla
