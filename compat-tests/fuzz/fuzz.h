// What the fuzz targets share. A target is one file that defines fuzz(); libFuzzer calls it through entry.cc.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <span>
#include <string_view>

#include "protocol/primitives.h"

namespace ottla {

// Ends the program, and says what should have held: libFuzzer then keeps the input.
inline void must(bool holds, std::string_view what, std::source_location place = std::source_location::current()) {
  if (!holds) {
    fmt::print(stderr, "{}:{}: does not hold: {}\n", place.file_name(), place.line(), what);
    std::abort();
  }
}

// An input, taken apart from its front; what is not there any more is zero.
class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : left_(bytes) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  template <std::integral Int>
  Int number() {
    Bytes bytes = some(sizeof(Int));
    bytes.resize(sizeof(Int));
    return load_big_endian<Int>(bytes);
  }
  std::uint8_t byte() { return number<std::uint8_t>(); }
  // At most `size` bytes, in memory of their own.
  Bytes some(std::size_t size) {
    const auto taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }
  Bytes rest() { return some(left_.size()); }

 private:
  std::span<const std::byte> left_;
};

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline bool is_same(std::span<const std::byte> left, std::span<const std::byte> right) {
  return text_of(left) == text_of(right);
}

// The target.
void fuzz(Input input);

}  // namespace ottla
