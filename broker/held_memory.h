// What clients make the broker hold in memory, on all cores: frames half received, requests not answered, answers not
// sent. Only connections that hold much are counted, so that the others share no cache line; other brokers' never. And
// files: those that answers not yet sent are read from stay open, also when they are deleted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ottla {

class HeldMemory {
 public:
  // A connection that holds no more is not counted, and may always go on.
  static constexpr std::size_t small_bytes = std::size_t{256} * 1024;

  // No limit if it is not positive.
  explicit HeldMemory(std::int64_t max_bytes)
      : max_bytes_(max_bytes > 0 ? max_bytes : std::numeric_limits<std::int64_t>::max()) {}

  void add(std::int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  // Half of it is held: who holds much is asked nothing more, and Fetch gives small answers.
  [[nodiscard]] bool is_tight() const { return bytes_.load(std::memory_order_relaxed) > max_bytes_ / 2; }
  // Frames of more than a little wait.
  [[nodiscard]] bool is_full() const { return bytes_.load(std::memory_order_relaxed) >= max_bytes_; }
  void add_files(std::int64_t count) { files_.fetch_add(count, std::memory_order_relaxed); }
  // Else answers are read into memory before they are sent.
  [[nodiscard]] bool may_hold_files() const { return files_.load(std::memory_order_relaxed) < most_files; }
  // The most one answer may take that could be shorter.
  [[nodiscard]] std::int64_t answer_bytes_max() const {
    return is_tight() ? std::int64_t{small_bytes} : max_bytes_ / 4;
  }

 private:
  static constexpr std::int64_t most_files = 1000;

  const std::int64_t max_bytes_;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::int64_t> files_ = 0;
};

}  // namespace ottla
