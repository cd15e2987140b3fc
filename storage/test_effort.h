// For tests that are exhaustive: how far they go.
#pragma once

#include <cstdlib>

namespace ottla {

inline int from_environment(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

}  // namespace ottla
