// What `log verify` has to say about one place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "protocol/ids.h"

namespace ottla {

struct Finding {
  bool is_damage = true;  // else what a crash or a compaction legitimately leaves
  std::string file;
  std::int64_t position = 0;     // in bytes
  std::optional<Offset> offset;  // where one is concerned
  std::string what;

  [[nodiscard]] std::string text() const;
};

using Report = std::function<void(Finding)>;

}  // namespace ottla
