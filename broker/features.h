// The features of KIP-584 and their levels here.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ottla {

// Nothing here depends on a level, so each is finalized at its highest.
struct Feature {
  std::string_view name;
  std::int16_t min_level = 0;
  std::int16_t max_level = 0;
};

inline constexpr std::array<Feature, 1> features{
    {{.name = "group.version", .min_level = 1, .max_level = 1}}};  // KIP-848

}  // namespace ottla
