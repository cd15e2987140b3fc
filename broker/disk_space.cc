#include "broker/disk_space.h"

#include <fmt/format.h>

#include "broker/log.h"

namespace ottla {

Result<void> DiskSpace::look() {
  constexpr std::chrono::milliseconds look_interval{200};
  const auto now = Clock::now();
  const auto is_fresh = [&] { return now.time_since_epoch().count() < next_look_.load(); };
  if (is_fresh()) {
    return {};
  }
  const std::lock_guard lock(mutex_);
  if (is_fresh()) {
    return {};
  }
  const auto free = disk_.free_bytes(root_);
  if (!free) {
    return std::unexpected(free.error());
  }
  left_bytes_ = *free - reserved_bytes_;
  next_look_ = (now + look_interval).time_since_epoch().count();  // not before: others trust what is left from here on
  return {};
}

std::unexpected<Error> DiskSpace::full() const {
  return failure(
      ErrorCode::KAFKA_STORAGE_ERROR,
      fmt::format("the disk of {} is full: less than log.dir.reserved.bytes={} would be left", root_, reserved_bytes_));
}

Result<void> DiskSpace::check(std::int64_t bytes) {
  if (auto looked = look(); !looked) {
    return looked;
  }
  return left_bytes_ >= bytes ? Result<void>{} : full();
}

Result<void> DiskSpace::take(std::int64_t bytes) {
  if (auto looked = look(); !looked) {
    return looked;
  }
  if (left_bytes_.fetch_sub(bytes, std::memory_order_relaxed) < bytes) {
    left_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    auto refusal = full();
    if (!has_refused_.exchange(true)) {
      logger().error("{}; writes are refused", refusal.error().message);
    }
    return refusal;
  }
  if (has_refused_.load(std::memory_order_relaxed) && has_refused_.exchange(false)) {
    logger().info("{}: there is room again, writes go on", root_);
  }
  return {};
}

}  // namespace ottla
