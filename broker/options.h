// The command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/config.h"

namespace ottla {

struct Options {
  std::optional<Config> config;       // set: serve with it
  std::vector<std::string> warnings;  // for stderr, before anything else
  std::string text;                   // not set: what to print (help, version, or what was wrong) ...
  int exit_code = 0;                  // ... and how to end
};

Options parse_options(int argc, const char* const* argv);

}  // namespace ottla
