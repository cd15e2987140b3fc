// What the clients of all cores make the broker hold in memory: frames half received, requests not answered, answers
// not sent. Only connections that hold much are counted, so that the others share no cache line.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ottla {

class HeldMemory {
 public:
  // A connection that holds no more is not counted, may always go on, and is never closed for the sake of memory.
  static constexpr std::size_t small_bytes = std::size_t{256} * 1024;

  // No limit if it is not positive.
  explicit HeldMemory(std::int64_t max_bytes)
      : max_bytes_(max_bytes > 0 ? max_bytes : std::numeric_limits<std::int64_t>::max()) {}

  void add(std::int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  // Half of it is held: who holds much is not read from, and gets small answers.
  [[nodiscard]] bool is_tight() const { return bytes_.load(std::memory_order_relaxed) > max_bytes_ / 2; }
  // Who holds the most is closed.
  [[nodiscard]] bool is_exceeded() const { return bytes_.load(std::memory_order_relaxed) > max_bytes_; }
  // True for one caller until relief_ended.
  [[nodiscard]] bool begin_relief() { return !relieving_.exchange(true); }
  void relief_ended() { relieving_ = false; }

 private:
  const std::int64_t max_bytes_;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<bool> relieving_ = false;
};

}  // namespace ottla
