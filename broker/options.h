// The command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/cluster_command.h"
#include "broker/config.h"
#include "broker/group_command.h"
#include "broker/log_command.h"

namespace ottla {

struct Options {
  std::optional<Config> config = std::nullopt;       // set: serve with it
  std::optional<LogCommand> log = std::nullopt;      // set: look at a log
  std::optional<GroupCommand> group = std::nullopt;  // set: ask a broker about a group
  std::optional<ClusterCommand> cluster = std::nullopt;
  std::vector<std::string> warnings;  // for stderr, before anything else
  std::string text;                   // none set: what to print (help, version, or what was wrong) ...
  int exit_code = 0;                  // ... and how to end
};

Options parse_options(int argc, const char* const* argv);

}  // namespace ottla
