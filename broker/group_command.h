// `ottla group explain NAME`: asks a running broker, over HTTP, why a group waits.
#pragma once

#include <string>

namespace ottla {

struct GroupCommand {
  std::string group;
  std::string http_address = "127.0.0.1:9644";  // the broker's http.listener
};

// Writes to stdout; the exit status: 0 told, 1 no such group, 2 the broker cannot be asked.
int run_group_command(const GroupCommand& command);

}  // namespace ottla
