// Breadth first through all states of a small world, until a rule is broken or there are no more.
#pragma once

#include <unordered_set>

#include "replication/sim/exhaustive/small_world.h"

namespace ottla::exhaustive {

struct Walked {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t local_states = 0;
  std::uint64_t messages_without_room = 0;
  int depth = 0;  // of the last state, or of the violation: no shorter way leads to one
  double seconds = 0;
  bool is_whole = false;           // all states were seen
  std::string broken;              // the rule; empty: they all hold
  std::vector<std::string> trace;  // how it came to that, one line an event
};

using Views = std::unordered_set<std::string>;

// `views`, if given, gets that of every state.
Walked walk(const Bounds& bounds, std::uint64_t states_max, Views* views = nullptr);

}  // namespace ottla::exhaustive
