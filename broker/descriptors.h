// How many descriptors this process may have. Half of them are for connections, a quarter for segments that are open
// (at most 4,096), an eighth for files that answers are left in (at most 1,000).
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <limits>

namespace ottla {

inline std::size_t descriptors_max() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : std::numeric_limits<std::size_t>::max();
}

}  // namespace ottla
