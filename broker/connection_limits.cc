#include "broker/connection_limits.h"

#include <algorithm>

#include "broker/descriptors.h"

namespace ottla {

namespace {

std::size_t most_from(const std::string& address, const Config& config) {
  const auto found = config.max_connections_per_ip_overrides.find(address);
  return static_cast<std::size_t>(found == config.max_connections_per_ip_overrides.end() ? config.max_connections_per_ip
                                                                                         : found->second);
}

}  // namespace

ConnectionLimits::ConnectionLimits() : most_(descriptors_max() / 2) {}

ConnectionLimits::Place& ConnectionLimits::Place::operator=(Place&& from) noexcept {
  std::swap(limits_, from.limits_);
  std::swap(address_, from.address_);
  return *this;
}

ConnectionLimits::Place::~Place() {
  if (limits_ == nullptr) {
    return;
  }
  const std::lock_guard lock(limits_->mutex_);
  --limits_->count_;
  const auto found = limits_->by_address_.find(address_);
  if (--found->second == 0) {
    limits_->by_address_.erase(found);
  }
}

bool ConnectionLimits::is_full(const Config& config) const {
  const std::lock_guard lock(mutex_);
  return count_ >= std::min(most_, static_cast<std::size_t>(config.max_connections));
}

std::optional<ConnectionLimits::Place> ConnectionLimits::admit(const std::string& address, const Config& config) {
  const std::lock_guard lock(mutex_);
  const auto found = by_address_.find(address);
  if ((found == by_address_.end() ? 0 : found->second) >= most_from(address, config)) {
    return std::nullopt;
  }
  ++count_;
  ++by_address_[address];
  return std::optional<Place>(std::in_place, *this, address);
}

}  // namespace ottla
