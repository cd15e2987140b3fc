// Where decompressors put what they unpack.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "protocol/error_code.h"

namespace ottla {

// Memory of the allocator, or (more than 4 MiB) of the kernel, which takes it back at once and moves it without
// copying.
struct FreeUnpacked {
  std::size_t capacity = 0;
  void operator()(std::byte* bytes) const;
};

// What was unpacked. Memory follows the bytes that were written, and of all threads one at a time has more than 4 MiB:
// to be let go soon, on the thread that made it.
class Unpacked {
 public:
  operator std::span<const std::byte>() const { return {bytes_.get(), size_}; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return bytes_ ? bytes_.get_deleter().capacity : 0; }

  // What is there stays; what is behind it is not set.
  void grow(std::size_t capacity);
  [[nodiscard]] std::span<std::byte> room() { return {bytes_.get() + size_, capacity() - size_}; }
  void wrote(std::size_t size) { size_ += size; }

 private:
  std::unique_lock<std::recursive_mutex> turn_;
  std::unique_ptr<std::byte[], FreeUnpacked> bytes_;
  std::size_t size_ = 0;
};

// Where decoded bytes go: grows by doubling up to the cap, and says when it is full.
class Output {
 public:
  static constexpr std::size_t step_bytes = std::size_t{64} * 1024;

  explicit Output(std::int64_t max_bytes) : max_(static_cast<std::size_t>(std::max<std::int64_t>(0, max_bytes))) {}

  // Room for at least one more byte; empty when the cap is reached.
  std::span<std::byte> room() {
    if (bytes_.room().empty()) {
      bytes_.grow(std::min(max_, std::max(step_bytes, 2 * bytes_.capacity())));
    }
    return bytes_.room();
  }
  // Room for so many, which the cap admits.
  std::span<std::byte> room_for(std::size_t size) {
    if (bytes_.room().size() < size) {
      bytes_.grow(std::min(max_, std::max(bytes_.size() + size, 2 * bytes_.capacity())));
    }
    return bytes_.room().first(size);
  }
  void wrote(std::size_t size) { bytes_.wrote(size); }
  [[nodiscard]] std::size_t left() const { return max_ - bytes_.size(); }
  Unpacked take() { return std::move(bytes_); }
  [[nodiscard]] std::unexpected<Error> too_large() const;

 private:
  std::size_t max_;
  Unpacked bytes_;
};

}  // namespace ottla
