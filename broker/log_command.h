// `ottla log dump` and `ottla log verify`.
#pragma once

#include <cstdint>
#include <string>

namespace ottla {

struct LogCommand {
  enum class What : std::uint8_t { dump, verify };
  What what = What::verify;
  std::string directory;
  bool with_records = false;
};

// Writes to stdout; the exit status: 0 sound, 1 damaged, 2 not to be read.
int run_log_command(const LogCommand& command);

}  // namespace ottla
