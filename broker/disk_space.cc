#include "broker/disk_space.h"

#include <fmt/format.h>

#include "broker/log.h"

namespace ottla {

Result<void> DiskSpace::take(std::int64_t bytes) {
  constexpr std::chrono::milliseconds look_interval{200};
  const auto now = Clock::now();
  if (now.time_since_epoch().count() >= next_look_.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(mutex_);
    next_look_ = (now + look_interval).time_since_epoch().count();
    const auto free = disk_.free_bytes(root_);
    if (!free) {
      return std::unexpected(free.error());
    }
    const bool was_full = left_bytes_ < 0;
    left_bytes_ = *free - reserved_bytes_;
    if (was_full && left_bytes_ >= bytes) {
      logger().info("{}: there is room again, writes go on", root_);
    }
  }
  if (left_bytes_.fetch_sub(bytes, std::memory_order_relaxed) >= bytes) {
    return {};
  }
  return failure(
      ErrorCode::KAFKA_STORAGE_ERROR,
      fmt::format("the disk of {} is full: less than log.dir.reserved.bytes={} would be left", root_, reserved_bytes_));
}

}  // namespace ottla
