#include "storage/finding.h"

#include <fmt/format.h>

namespace ottla {

std::string Finding::text() const {
  return fmt::format("{} {} at position {}{}: {}", is_damage ? "DAMAGE" : "note", file, position,
                     offset ? fmt::format(", offset {}", offset->value) : "", what);
}

}  // namespace ottla
