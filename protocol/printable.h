// For people's eyes: whatever a client calls itself takes no line of its own and moves no cursor.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace ottla {

// Control characters as \\x0a.
inline std::string printable(std::string_view text) {
  constexpr unsigned char first_printable = 0x20;
  constexpr unsigned char del = 0x7f;
  std::string shown;
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    shown += byte < first_printable || byte == del ? fmt::format("\\x{:02x}", byte) : std::string(1, one);
  }
  return shown;
}

}  // namespace ottla
