// Which brokers were lost a moment ago, as this one sees it: for what clients are told meanwhile. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "protocol/ids.h"

namespace ottla {

class RecentLosses {
 public:
  static constexpr std::chrono::milliseconds longest_doubt{300};  // a failover takes a third of it

  // Times are of a clock that never goes back.
  void connection_lost(BrokerId broker, std::int64_t now_ms);
  void seen_alive(BrokerId broker, std::int64_t now_ms);  // not fenced

  // The connection to it broke so lately that it is not known yet whether it is gone; if it is, others lead in a moment
  // what it led.
  [[nodiscard]] bool is_in_doubt(BrokerId broker, std::int64_t now_ms) const;
  [[nodiscard]] std::vector<BrokerId> in_doubt(std::int64_t now_ms) const;
  [[nodiscard]] bool is_anybody_in_doubt(std::int64_t now_ms) const { return now_ms < in_doubt_until_ms_; }
  [[nodiscard]] bool was_alive_lately(BrokerId broker, std::int64_t now_ms) const;

 private:
  static constexpr std::int64_t doubt_ms = longest_doubt.count();
  static constexpr std::int64_t lately_ms = 10'000;

  std::atomic<std::int64_t> in_doubt_until_ms_ = 0;
  mutable std::mutex mutex_;
  std::map<BrokerId, std::int64_t> lost_ms_;
  std::map<BrokerId, std::int64_t> alive_ms_;
};

}  // namespace ottla
