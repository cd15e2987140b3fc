// The broker's own log: plain lines on stderr. (The log of a partition is storage/log.h.)
#pragma once

#include <spdlog/spdlog.h>

namespace ottla {

spdlog::logger& logger();

}  // namespace ottla
