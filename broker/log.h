// The broker's own log: plain lines on stderr. (The log of a partition is storage/log.h.)
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <string>

namespace ottla {

spdlog::logger& logger();

// Keeps those who misbehave from filling the log: a few lines a minute about each of them, and about so many of them.
// One thread.
class FewLines {
 public:
  static constexpr int per_minute = 10;
  static constexpr std::size_t subjects_max = 1000;

  bool may_tell(const std::string& subject, std::chrono::steady_clock::time_point now);

 private:
  std::chrono::steady_clock::time_point minute_began_;
  std::map<std::string, int> told_;
};

}  // namespace ottla
