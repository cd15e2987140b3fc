// Java's .properties syntax, in which Kafka's server.properties is written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/config.h"

namespace ottla {

// `source` names the file in messages: each setting knows "source:line". Comments (# !), separators (= : blank),
// continued lines, and the escapes \t \n \r \f \uXXXX as java.util.Properties reads them. Error INVALID_CONFIG: \u
// without four hexadecimal digits.
Result<std::vector<GivenSetting>> parse_properties(std::string_view text, std::string_view source);

Result<std::vector<GivenSetting>> read_properties_file(const std::string& path);

}  // namespace ottla
