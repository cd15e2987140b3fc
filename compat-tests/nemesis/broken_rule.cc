// What makes ottla_broken of the broker: the rule OTTLA_MUTANT (replication/mutants.h) is broken from the start.
#include <cstdlib>

#include "replication/mutants.h"

namespace ottla {

namespace {

const Mutant chosen = [] {
  const char* const number = std::getenv("OTTLA_MUTANT");
  return active_mutant = number == nullptr ? Mutant::none : static_cast<Mutant>(std::atoi(number));
}();

}  // namespace

}  // namespace ottla
