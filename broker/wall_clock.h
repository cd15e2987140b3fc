// The time of day, in milliseconds since 1970: for what is stored. Waits go by Clock, which nobody sets.
#pragma once

#include <chrono>
#include <cstdint>

namespace ottla {

inline std::int64_t wall_clock_ms() {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace ottla
