// Which bytes of a segment have been checked by CRC since the start: one range, which grows as the file is read on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace ottla {

// Thread-safe.
class VerifiedRange {
 public:
  [[nodiscard]] bool covers(std::int64_t begin, std::int64_t end) const {
    const std::lock_guard lock(mutex_);
    return begin_ <= begin && end <= end_;
  }
  void add(std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex_);
    if (begin <= end_ && begin_ <= end) {
      begin_ = std::min(begin_, begin);
      end_ = std::max(end_, end);
    } else if (end - begin > end_ - begin_) {
      begin_ = begin;
      end_ = end;
    }
  }
  void cut(std::int64_t end) {
    const std::lock_guard lock(mutex_);
    end_ = std::min(end_, end);
    begin_ = std::min(begin_, end_);
  }

 private:
  mutable std::mutex mutex_;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace ottla
