// The settings of one group, under Kafka's names. What the group does not set comes from the broker's settings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/config.h"

namespace ottla {

using GroupSettings = std::map<std::string, std::string>;

// Error INVALID_CONFIG: a name Kafka does not know, a value it would not take, or one outside of what the broker allows
// (group.consumer.min.session.timeout.ms ...). A setting that Kafka knows and that has no effect here is accepted.
Result<void> check_group_settings(const GroupSettings& settings, const Config& broker);

// What the group goes by; nothing for a name that Kafka does not know.
std::optional<std::string> effective_group_value(const GroupSettings& settings, const Config& broker,
                                                 std::string_view name);
// Something here goes by it.
bool group_setting_has_effect(std::string_view name);

}  // namespace ottla
