#include "broker/groups/core/regex.h"

#include <re2/re2.h>

#include <algorithm>

namespace ottla::groups {

namespace {

constexpr std::int64_t most_bytes = std::int64_t{1024} * 1024;  // of the compiled expression and its automaton

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_bytes);
  return options;
}

// What it grows to when each x{2,5} is written out, at most: RE2 does that before max_mem counts.
std::size_t written_out_bytes(const std::string& regex) {
  constexpr std::size_t repetitions_max = 1'000;  // RE2 takes no more, not even nested
  std::size_t times = 1;
  for (std::size_t at = regex.find('{'); at != std::string::npos; at = regex.find('{', at + 1)) {
    std::size_t most = 1;
    for (std::size_t number = 0; at + 1 < regex.size() && regex[at + 1] != '}'; ++at) {
      const char next = regex[at + 1];
      number = next >= '0' && next <= '9'
                   ? std::min(repetitions_max, number * 10 + static_cast<std::size_t>(next - '0'))
                   : 0;
      most = std::max(most, number);
    }
    times = std::min(repetitions_max, times * most);
  }
  return regex.size() * times;
}

}  // namespace

std::optional<std::string> regex_error(const std::string& regex) {
  constexpr std::size_t written_out_max_bytes = 20'000;
  if (written_out_bytes(regex) > written_out_max_bytes) {
    return "too large";
  }
  const RE2 compiled(regex, options());
  return compiled.ok() ? std::nullopt : std::optional(compiled.error());
}

std::set<std::string> matching_topics(const std::string& regex, const Topics& topics) {
  std::set<std::string> matching;
  const RE2 compiled(regex, options());
  for (const auto& [name, topic] : topics.by_name) {
    if (RE2::FullMatch(name, compiled)) {
      matching.insert(name);
    }
  }
  return matching;
}

}  // namespace ottla::groups
