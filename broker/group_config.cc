#include "broker/group_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "broker/config_layers.h"

namespace ottla {

namespace {

// The others are for protocols that are not served (KIP-932, KIP-1071).
constexpr std::array<std::string_view, 2> with_effect{"consumer.heartbeat.interval.ms", "consumer.session.timeout.ms"};

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// consumer.session.timeout.ms lies between group.consumer.min.session.timeout.ms and the max of that name.
Result<void> check_bounds(const std::string& name, const std::string& value, const Config& broker) {
  const auto dot = name.find('.');
  std::string_view what = std::string_view(name).substr(dot + 1);
  what.remove_prefix(what.starts_with("num.") ? 4 : 0);
  const auto bound = [&](std::string_view word) {
    std::string bound_name = fmt::format("group.{}.{}.{}", name.substr(0, dot), word, what);
    auto text = effective_broker_value(broker, bound_name);
    return text ? std::optional(std::pair(std::move(bound_name), number(*text))) : std::nullopt;
  };
  if (const auto least = bound("min"); least && number(value) < least->second) {
    return failure(ErrorCode::INVALID_CONFIG,
                   fmt::format("{} must be greater than or equal to {}", name, least->first));
  }
  if (const auto most = bound("max"); most && number(value) > most->second) {
    return failure(ErrorCode::INVALID_CONFIG, fmt::format("{} must be less than or equal to {}", name, most->first));
  }
  return {};
}

}  // namespace

bool group_setting_has_effect(std::string_view name) {
  return std::ranges::find(with_effect, name) != with_effect.end();
}

Result<void> check_group_settings(const GroupSettings& settings, const Config& broker) {
  for (const auto& [name, value] : settings) {
    const KafkaSetting* setting = find_setting(kafka_group_settings(), name);
    if (setting == nullptr || setting->update == Update::internal) {
      return failure(ErrorCode::INVALID_CONFIG, fmt::format("Unknown group config name: {}", name));
    }
    if (auto valid = check_value(*setting, value); !valid) {
      return valid;
    }
    if (auto valid =
            setting->type == ConfigType::INT ? check_bounds(name, tidy_value(*setting, value), broker) : Result<void>{};
        !valid) {
      return valid;
    }
  }
  return {};
}

std::optional<std::string> effective_group_value(const GroupSettings& settings, const Config& broker,
                                                 std::string_view name) {
  return effective_value(find_setting(kafka_group_settings(), name), settings, broker);
}

}  // namespace ottla
