// The time of day, in milliseconds since 1970: for what is stored. Waits go by Clock, which nobody sets, and so does
// what the replication rules are told.
#pragma once

#include <chrono>
#include <cstdint>

namespace ottla {

inline std::int64_t wall_clock_ms() {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

inline std::int64_t steady_clock_ms() {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace ottla
