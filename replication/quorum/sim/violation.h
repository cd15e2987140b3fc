// A rule is broken: the run ends there. Thrown and caught within the simulator.
#pragma once

#include <stdexcept>
#include <string>

namespace ottla::quorum::sim {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const char* otherwise) {
  if (!holds) {
    throw Violation(otherwise);
  }
}

}  // namespace ottla::quorum::sim
