#include "broker/cluster/recent_losses.h"

namespace ottla {

void RecentLosses::connection_lost(BrokerId broker, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  lost_ms_[broker] = now_ms;
  in_doubt_until_ms_ = now_ms + doubt_ms;
}

void RecentLosses::seen_alive(BrokerId broker, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  alive_ms_[broker] = now_ms;
}

bool RecentLosses::is_in_doubt(BrokerId broker, std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  const auto found = lost_ms_.find(broker);
  return found != lost_ms_.end() && now_ms - found->second < doubt_ms;
}

std::vector<BrokerId> RecentLosses::in_doubt(std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  std::vector<BrokerId> brokers;
  for (const auto& [broker, since_ms] : lost_ms_) {
    if (now_ms - since_ms < doubt_ms) {
      brokers.push_back(broker);
    }
  }
  return brokers;
}

bool RecentLosses::was_alive_lately(BrokerId broker, std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  const auto found = alive_ms_.find(broker);
  return found != alive_ms_.end() && now_ms - found->second < lately_ms;
}

}  // namespace ottla
