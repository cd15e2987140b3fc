// `ottla cluster drain`: moves everything that a broker has to others, so that it can be taken away.
#pragma once

#include <cstdint>
#include <string>

namespace ottla {

struct DrainCommand {
  std::int32_t broker = -1;
  std::string bootstrap_server = "127.0.0.1:9092";  // any broker of the cluster
};

// Writes to stdout what moves. Status: 0 the broker has no replica any more, 1 some cannot be moved, 2 the cluster
// cannot be asked. What has begun goes on when the command is interrupted.
int run_drain_command(const DrainCommand& command);

}  // namespace ottla
