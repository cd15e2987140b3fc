// The thread that keeps logs bounded: retention, compaction, deleted records, recovery points, idle files. One for the
// data directory; partitions have no timers of their own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/config.h"
#include "broker/one_shot.h"
#include "storage/log_directory.h"

namespace ottla {

class Partitions;

class Housekeeper {
 public:
  Housekeeper(Partitions& partitions, LogDirectory& directory, const LogEnvironment& environment, const Config& config);
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;
  ~Housekeeper() { stop(); }

  // From when all partitions are open; before that their log starts would be forgotten.
  void start();
  void stop();
  // Any thread. Completes `done`, if given, once every log start offset of now will be found by the next start.
  void make_log_starts_durable(std::shared_ptr<OneShot<Result<void>>> done = nullptr);

 private:
  using Clock = std::chrono::steady_clock;
  // Something that is due again and again.
  struct Chore {
    std::function<std::int64_t(const Config&)> interval_ms;
    void (Housekeeper::*action)();
    Clock::time_point due;
  };
  void work();
  void check_retention();
  void compact_logs();
  void write_recovery_points();
  void write_high_watermarks();
  void close_idle_files();
  void sync_what_is_old();
  bool serve_waiting();
  Result<void> persist_log_starts();

  Partitions& partitions_;
  LogDirectory& directory_;
  const LogEnvironment environment_;
  std::vector<Chore> chores_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<OneShot<Result<void>>>> waiting_;
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace ottla
