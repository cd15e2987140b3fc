// What `ottla --version` says.
#pragma once

namespace ottla {
inline constexpr const char* version = "0.1.0";
}
