// One GET from a broker's http.listener, for the command line.
#pragma once

#include <string>

#include "protocol/error_code.h"

namespace ottla {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// Blocking. Error NETWORK_EXCEPTION: it cannot be asked, and why.
Result<HttpAnswer> http_get(const std::string& address, const std::string& path);

}  // namespace ottla
