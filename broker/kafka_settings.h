// The names of all settings that an Apache Kafka 4.3.1 broker knows, to tell a setting that has no effect here from a
// typo.
#pragma once

#include <string_view>

namespace ottla {

bool is_kafka_setting(std::string_view name);
// The known name (Kafka's or ours) with the least edit distance.
std::string_view nearest_setting(std::string_view name);

}  // namespace ottla
