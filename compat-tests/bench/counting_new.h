// Linked in, it counts what operator new is asked for. For programs of one thread.
#pragma once

#include <cstddef>

namespace ottla {

std::size_t allocations_so_far();

}  // namespace ottla
