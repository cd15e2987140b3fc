// When a load is measured, and when its requests are due.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

#include "client_connection.h"
#include "histogram.h"
#include "process_cost.h"

namespace ottla {

inline Moment in(Moment from, double seconds) {
  return from + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

// Counts what is done between the end of the warm-up and the end; the meter runs meanwhile.
class Window {
 public:
  Window(pid_t broker, double warm_up_seconds, double seconds)
      : meter_(broker), begin_(in(std::chrono::steady_clock::now(), warm_up_seconds)), end_(in(begin_, seconds)) {}

  // Once in every turn of the loop; false: it is over.
  bool goes_on() {
    const Moment now = std::chrono::steady_clock::now();
    if (!open_ && now >= begin_) {
      open_ = true;
      meter_.begin();
    }
    return now < end_;
  }
  [[nodiscard]] Moment next() const { return open_ ? end_ : begin_; }
  void done(std::size_t bytes, Moment intended) {
    if (open_) {
      latency_.record((std::chrono::steady_clock::now() - intended).count());
      bytes_ += static_cast<std::int64_t>(bytes);
    }
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  void end_early() { end_ = std::chrono::steady_clock::now(); }
  void print(const std::string& more) {
    meter_.end();
    fmt::print(
        "{{{}, {}, \"p50_us\": {:.1f}, \"p90_us\": {:.1f}, \"p99_us\": {:.1f}, \"p999_us\": {:.1f}, \"max_us\": "
        "{:.1f}}}\n",
        more, meter_.json(bytes_, latency_.count()), latency_.percentile_us(0.5), latency_.percentile_us(0.9),
        latency_.percentile_us(0.99), latency_.percentile_us(0.999), latency_.max_us());
  }

 private:
  CostMeter meter_;
  Moment begin_, end_;
  bool open_ = false;
  Histogram latency_;
  std::int64_t bytes_ = 0;
};

// Moments at which something is due, `rate` in a second; one rate, one beginning.
class Schedule {
 public:
  explicit Schedule(double rate) : rate_(rate) {}
  [[nodiscard]] Moment next() const { return in(begin_, static_cast<double>(count_) / rate_); }
  Moment take() {
    const Moment due = next();
    ++count_;
    return due;
  }

 private:
  double rate_;
  Moment begin_ = std::chrono::steady_clock::now();
  std::int64_t count_ = 0;
};

}  // namespace ottla
