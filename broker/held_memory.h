// What clients make the broker hold in memory, on all cores: frames half received, requests not answered, answers not
// sent. Only connections that hold much are counted, so that the others share no cache line; other brokers' never. And
// files: those that answers not yet sent are left in stay open, also when they are deleted.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace ottla {

class HeldMemory {
 public:
  // A connection that holds no more is not counted, and may always go on.
  static constexpr std::size_t small_bytes = std::size_t{256} * 1024;

  // A file that is held, counted as long as this lives. It outlives no HeldMemory.
  class File {
   public:
    explicit File(std::atomic<std::int64_t>& files) : files_(&files) {}
    File(File&& other) noexcept : files_(std::exchange(other.files_, nullptr)) {}
    File& operator=(File&& other) noexcept {
      std::swap(files_, other.files_);
      return *this;
    }
    ~File() {
      if (files_ != nullptr) {
        files_->fetch_sub(1, std::memory_order_relaxed);
      }
    }

   private:
    std::atomic<std::int64_t>* files_;
  };

  // No limit of bytes if it is not positive.
  HeldMemory(std::int64_t max_bytes, std::size_t max_files)
      : max_bytes_(max_bytes > 0 ? max_bytes : std::numeric_limits<std::int64_t>::max()),
        max_files_(static_cast<std::int64_t>(max_files)) {}

  void add(std::int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  // Half of it is held: who holds much is asked nothing more, and Fetch gives small answers.
  [[nodiscard]] bool is_tight() const { return bytes_.load(std::memory_order_relaxed) > max_bytes_ / 2; }
  // Frames of more than a little wait.
  [[nodiscard]] bool is_full() const { return bytes_.load(std::memory_order_relaxed) >= max_bytes_; }
  // Nothing: as many are held as may be, and the answer must be read into memory.
  [[nodiscard]] std::optional<File> take_file() {
    File taken(files_);
    return files_.fetch_add(1, std::memory_order_relaxed) < max_files_ ? std::optional(std::move(taken)) : std::nullopt;
  }
  // The most one answer may take that could be shorter. Its length is told in 31 bits.
  [[nodiscard]] std::int64_t answer_bytes_max() const {
    constexpr std::int64_t most = std::int64_t{1} << 30U;
    return is_tight() ? std::int64_t{small_bytes} : std::min(max_bytes_ / 4, most);
  }

 private:
  const std::int64_t max_bytes_;
  const std::int64_t max_files_;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::int64_t> files_ = 0;
};

}  // namespace ottla
