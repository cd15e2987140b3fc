// What a process has used so far, read from /proc: of another one, so that a load can tell what it costs its broker.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace ottla {

struct ProcessCost {
  std::int64_t cpu_ns = 0;  // all threads that live (schedstat)
  std::int64_t user_ticks = 0;
  std::int64_t system_ticks = 0;
  std::int64_t context_switches = 0;
  std::int64_t page_faults = 0;
  std::int64_t rss_bytes = 0;

  static ProcessCost of(pid_t process);
};

// The processors' busy time so far, of everybody.
std::int64_t busy_ticks_of_all();

// What `process` (0: nobody), we and everybody else used between two moments, for a line of JSON: fields without
// braces.
class CostMeter {
 public:
  explicit CostMeter(pid_t process) : process_(process) {}
  void begin();
  void end();
  // `bytes` and `requests`: what was done meanwhile.
  [[nodiscard]] std::string json(std::int64_t bytes, std::int64_t requests) const;
  [[nodiscard]] double seconds() const { return static_cast<double>(end_ns_ - begin_ns_) / 1e9; }

 private:
  pid_t process_;
  ProcessCost before_, after_;
  std::int64_t own_before_ns_ = 0, own_after_ns_ = 0;
  std::int64_t all_before_ = 0, all_after_ = 0;
  std::int64_t begin_ns_ = 0, end_ns_ = 0;
};

}  // namespace ottla
