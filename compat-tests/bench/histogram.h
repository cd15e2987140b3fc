// Latencies in nanoseconds, to within 1.6 % of each: buckets are 64 to the power of two, as HdrHistogram has them.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace ottla {

class Histogram {
 public:
  void record(std::int64_t nanoseconds) {
    const auto value = static_cast<std::uint64_t>(nanoseconds < 0 ? 0 : nanoseconds);
    const std::size_t at = bucket(value);
    if (at >= counts_.size()) {
      counts_.resize(at + 1);
    }
    ++counts_[at];
    ++count_;
    max_ = value > max_ ? value : max_;
  }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double max_us() const { return static_cast<double>(max_) / 1000; }
  // What at least `share` (0 to 1) of them do not exceed, in microseconds.
  [[nodiscard]] double percentile_us(double share) const {
    const double wanted = share * static_cast<double>(count_);
    double seen = 0;
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      seen += static_cast<double>(counts_[at]);
      if (counts_[at] > 0 && seen >= wanted) {
        return static_cast<double>(upper(at)) / 1000;
      }
    }
    return max_us();
  }

 private:
  static constexpr unsigned sub_bits = 6;
  static std::size_t bucket(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > sub_bits + 1 ? width - sub_bits - 1 : 0;
    return (static_cast<std::size_t>(shift) << sub_bits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t upper(std::size_t bucket) {
    constexpr std::size_t sub = std::size_t{1} << sub_bits;
    const std::size_t shift = bucket < 2 * sub ? 0 : (bucket >> sub_bits) - 1;
    return ((bucket - (shift << sub_bits) + 1) << shift) - 1;
  }

  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace ottla
