// The /metrics page, in Prometheus' text format.
#pragma once

#include <string>

namespace ottla {

class Broker;

// Folds the counters of all cores and looks at the logs. Any thread.
std::string metrics_page(const Broker& broker);

}  // namespace ottla
