// Virtual time: what is due next, and in which order. Things due at one time happen in the order in which they were
// scheduled.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "replication/quorum/types.h"

namespace ottla::quorum::sim {

class Schedule {
 public:
  [[nodiscard]] TimeMs now_ms() const { return now_ms_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

  void after(TimeMs ms, std::function<void()> what) { due_.push({now_ms_ + ms, count_++, std::move(what)}); }
  void run(TimeMs ms) {
    const TimeMs end_ms = now_ms_ + ms;
    while (!due_.empty() && due_.top().at_ms <= end_ms) {
      const Due next = due_.top();
      due_.pop();
      now_ms_ = next.at_ms;
      next.what();
    }
    now_ms_ = end_ms;
  }

 private:
  struct Due {
    TimeMs at_ms = 0;
    std::uint64_t order = 0;
    std::function<void()> what;
    bool operator<(const Due& other) const { return at_ms != other.at_ms ? at_ms > other.at_ms : order > other.order; }
  };
  std::priority_queue<Due> due_;
  TimeMs now_ms_ = 1000;
  std::uint64_t count_ = 0;
};

}  // namespace ottla::quorum::sim
