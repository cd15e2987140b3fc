// Numbers that are the same everywhere for the same seed. Each class of faults has a stream of its own on each node, so
// that a fault that is left out shifts no other.
#pragma once

#include <cstdint>

namespace ottla::sim {

inline std::uint64_t mix(std::uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

class Random {  // xoshiro256**
 public:
  Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t node) {
    std::uint64_t from = mix(seed) ^ mix(stream * 1009 + node);
    for (std::uint64_t& word : state_) {
      word = from = mix(from);
    }
  }
  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  // Mostly about `mean`, now and then much more.
  std::int64_t skewed(std::int64_t mean) {
    std::int64_t span = mean;
    while (span < mean * 32 && one_in(3)) {
      span *= 2;
    }
    return between(0, span);
  }

 private:
  static std::uint64_t rotate(std::uint64_t value, unsigned by) { return (value << by) | (value >> (64U - by)); }
  std::uint64_t state_[4] = {};
};

}  // namespace ottla::sim
