// What members make a broker hold in memory, about: their strings and bytes, and a flat sum for the rest of each.
#pragma once

#include <cstddef>

#include "broker/groups/core/any_group.h"
#include "broker/groups/core/events.h"

namespace ottla::groups {

std::size_t held_bytes(const AnyGroup& group);
// What a member would add that comes with this event; 0: it is here already, or none comes.
std::size_t bytes_to_add(const AnyGroup* group, const Event& event);

}  // namespace ottla::groups
