// Writes are refused before the disk is full: a reserve (log.dir.reserved.bytes) stays for metadata, checkpoints and
// truncations. Looks at the disk once in a while and counts what is written in between; resumes by itself.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "storage/file.h"

namespace ottla {

class DiskSpace {
 public:
  DiskSpace(Disk& disk, std::string root, std::int64_t reserved_bytes)
      : disk_(disk), root_(std::move(root)), reserved_bytes_(reserved_bytes) {}

  // For a write. Error KAFKA_STORAGE_ERROR (clients retry): there is no room for `bytes`, and none was taken.
  Result<void> take(std::int64_t bytes);
  // For work that may be put off: whether take() would do, without a claim.
  Result<void> check(std::int64_t bytes);

 private:
  Result<void> look();
  [[nodiscard]] std::unexpected<Error> full() const;

  using Clock = std::chrono::steady_clock;
  Disk& disk_;
  const std::string root_;
  const std::int64_t reserved_bytes_;
  std::atomic<std::int64_t> left_bytes_ = 0;
  std::atomic<Clock::rep> next_look_ = 0;
  std::atomic<bool> has_refused_ = false;  // a write, and none was taken since
  std::mutex mutex_;
};

}  // namespace ottla
