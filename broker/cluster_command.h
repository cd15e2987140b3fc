// `ottla cluster`: several brokers on one machine, for developers; `ottla cluster status`, what a running broker knows
// of its cluster; and `ottla cluster drain`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/drain_command.h"

namespace ottla {

struct ClusterCommand {
  enum class What : std::uint8_t { run, status, drain };
  What what = What::run;
  DrainCommand drain;
  std::string http_address = "127.0.0.1:9644";  // status: the broker's http.listener
  std::int32_t brokers = 3;
  std::string data_directory = "ottla-cluster";
  std::int32_t base_port = 9092;      // broker N: client port base + N - 1, the brokers' own 100 above, HTTP 200 above
  std::vector<std::string> settings;  // NAME=VALUE, for each broker
};

// Writes to stdout. Brokers: runs until SIGINT or SIGTERM, then ends them; the exit status is 0 if all stopped cleanly.
// Drain: as run_drain_command. Status: 0 told and all is well, 1 told and something is missing, 2 the broker cannot be
// asked. REQUIRES: no other thread runs.
int run_cluster_command(const ClusterCommand& command);

}  // namespace ottla
