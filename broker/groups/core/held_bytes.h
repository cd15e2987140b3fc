// What members make a broker hold in memory, about: their strings and bytes, and a flat sum for the rest of each.
#pragma once

#include <cstddef>

#include "broker/groups/core/any_group.h"
#include "broker/groups/core/events.h"

namespace ottla::groups {

std::size_t held_bytes(const AnyGroup& group);
// What this event would add; 0: no member comes with it, or one that is here already.
std::size_t bytes_to_add(const AnyGroup* group, const Event& event);

}  // namespace ottla::groups
