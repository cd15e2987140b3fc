// Makes appended records durable: the one place where the broker waits for fdatasync, never on a core's thread.
//
// Partitions with unsynced records queue up here. A few threads take them one by one, so files are synced in parallel
// and the file system joins their journal commits; a partition has at most one sync under way, and whatever was
// appended meanwhile goes with its next one. That is the group commit: no timer, no added delay.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/metrics.h"
#include "protocol/error_code.h"

namespace ottla {

class Partition;

class Committer {
 public:
  // `on_failure` is called once, on a committer thread, when a sync failed: the log directory is dead from then on.
  explicit Committer(std::function<void(const Error&)> on_failure);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  ~Committer();

  // REQUIRES: the partition is not queued (Partition keeps count of that under its own lock).
  void enqueue(std::shared_ptr<Partition> partition);
  // Ends the threads; what is queued stays unsynced (closing the logs syncs it).
  void stop();
  // How long the syncs took: one histogram for each thread.
  [[nodiscard]] std::vector<const LatencyHistogram*> latencies() const;

 private:
  static constexpr std::size_t thread_count = 4;
  void work(LatencyHistogram& latency);

  std::function<void(const Error&)> on_failure_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Partition>> queue_;
  bool stopping_ = false;
  bool failed_ = false;
  std::array<LatencyHistogram, thread_count> latencies_;
  std::vector<std::jthread> threads_;
};

}  // namespace ottla
