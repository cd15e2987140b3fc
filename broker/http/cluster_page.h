// What this broker knows of its cluster, in words: brokers, who controls, and each partition that lacks something, with
// whom it waits for and why. The last line is "all is well" if nothing is missing.
#pragma once

#include <string>

#include "broker/asio.h"

namespace ottla {

class Broker;

Awaitable<std::string> cluster_page(Broker& broker);

}  // namespace ottla
