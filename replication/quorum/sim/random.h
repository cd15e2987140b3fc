// Random numbers that are the same on every machine (SplitMix64). Each kind of fault has a stream of its own, so that
// more of one does not change the others.
#pragma once

#include <cstdint>

namespace ottla::quorum::sim {

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream)
      : state_(seed * 0x9e3779b97f4a7c15ULL + stream * 0xd1342543de82ef95ULL) {
    next();
  }
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  // Both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + next() % (high - low + 1); }
  bool one_in(std::uint64_t count) { return next() % count == 0; }
  // Parts per 10,000.
  bool happens(std::uint64_t rate) { return next() % 10'000 < rate; }

 private:
  std::uint64_t state_;
};

// FNV-1a, a word at a time: for traces and for the state machine.
inline std::uint64_t fold(std::uint64_t hash, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    hash = (hash ^ (value >> shift & 0xff)) * 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace ottla::quorum::sim
