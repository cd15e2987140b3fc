// The first inputs of the targets, as seeds.cc writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/primitives.h"

namespace ottla {

// Of one target: a new directory, a file for each input.
class Seeds {
 public:
  Seeds(std::string directory, const std::string& target);
  void add(const std::vector<Bytes>& parts);

 private:
  std::string directory_;
  int count_ = 0;
};

Bytes bytes_of(std::string_view text);

void of_logs(const std::string& directory);  // seeds_of_logs.cc: batches, recovery, state_files

// seeds_of_broker.cc: the target broker. Its steps, and one that asks: `index` in AllRequests, `version` from the least
// on.
inline constexpr std::uint8_t broker_step_honest_write = 0;
inline constexpr std::uint8_t broker_step_finish = 6;
inline constexpr std::uint8_t broker_step_request = 12;
Bytes broker_step(std::uint8_t index, std::uint8_t version, const Bytes& body);
void of_broker(Seeds& seeds);

}  // namespace ottla
