#include "protocol/describe.h"

#include <boost/core/demangle.hpp>

namespace ottla {

std::string versions_text(std::int16_t since, std::int16_t until) {
  if (since > until || since == never) {
    return "none";
  }
  return until == never ? fmt::format("{}+", since) : fmt::format("{}-{}", since, until);
}

std::string struct_name(const std::type_info& type) {
  const std::string name = boost::core::demangle(type.name());
  return name.substr(name.rfind(':') + 1);
}

}  // namespace ottla
