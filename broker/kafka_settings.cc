#include "broker/kafka_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "broker/config.h"

namespace ottla {

namespace {

constexpr auto broker_table = std::to_array<KafkaSetting>({
#include "broker/kafka_settings/broker.def"
});
constexpr auto topic_table = std::to_array<KafkaSetting>({
#include "broker/kafka_settings/topic.def"
});
constexpr auto group_table = std::to_array<KafkaSetting>({
#include "broker/kafka_settings/group.def"
});
static_assert(std::ranges::is_sorted(broker_table, {}, &KafkaSetting::name));
static_assert(std::ranges::is_sorted(topic_table, {}, &KafkaSetting::name));
static_assert(std::ranges::is_sorted(group_table, {}, &KafkaSetting::name));

constexpr std::string_view listener_prefix = "listener.name.";

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::unexpected<Error> invalid(const KafkaSetting& setting, std::string_view value, std::string_view why) {
  return failure(ErrorCode::INVALID_CONFIG,
                 fmt::format("Invalid value {} for configuration {}: {}", value, setting.name, why));
}

template <class Number>
Result<void> check_number(const KafkaSetting& setting, std::string_view value, std::string_view type) {
  const auto parsed = number<Number>(value);
  if (!parsed) {
    return invalid(setting, value, fmt::format("Not a number of type {}", type));
  }
  if (setting.least != no_least && *parsed < static_cast<Number>(setting.least)) {
    return invalid(setting, value, fmt::format("Value must be at least {}", setting.least));
  }
  if (setting.most != no_most && *parsed > static_cast<Number>(setting.most)) {
    return invalid(setting, value, fmt::format("Value must be no more than {}", setting.most));
  }
  return {};
}

Result<void> check_choice(const KafkaSetting& setting, std::string_view value) {
  const auto choices = split(setting.choices, ' ');
  if (setting.choices.empty() || std::ranges::find(choices, value) != choices.end()) {
    return {};
  }
  return invalid(setting, value, fmt::format("String must be one of: {}", fmt::join(choices, ", ")));
}

Result<void> check_list(const KafkaSetting& setting, const std::string& tidy) {
  auto elements = split(tidy, ',');
  for (const std::string_view element : elements) {
    if (element.empty()) {
      return failure(ErrorCode::INVALID_CONFIG,
                     fmt::format("Configuration '{}' values must not be empty.", setting.name));
    }
    if (auto valid = check_choice(setting, element); !valid) {
      return valid;
    }
  }
  std::ranges::sort(elements);
  if (std::ranges::adjacent_find(elements) != elements.end() && !setting.choices.empty()) {
    return failure(ErrorCode::INVALID_CONFIG,
                   fmt::format("Configuration '{}' values must not be duplicated.", setting.name));
  }
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_replica(std::string_view text) {
  const auto colon = text.find(':');
  return colon != std::string_view::npos && is_number(text.substr(0, colon)) && is_number(text.substr(colon + 1));
}

// Kafka's ThrottledReplicaListValidator, which lets empty elements pass.
Result<void> check_throttled_replicas(const KafkaSetting& setting, const std::string& tidy) {
  const auto elements = split(tidy, ',');
  if (tidy == "*" || std::ranges::all_of(elements, [](auto one) { return one.empty() || is_replica(one); })) {
    return {};
  }
  return invalid(setting, fmt::format("[{}]", fmt::join(elements, ", ")),
                 fmt::format("{} must be the literal '*' or a list of replicas in the following format: "
                             "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
                             setting.name));
}

}  // namespace

std::span<const KafkaSetting> kafka_broker_settings() { return broker_table; }
std::span<const KafkaSetting> kafka_topic_settings() { return topic_table; }
std::span<const KafkaSetting> kafka_group_settings() { return group_table; }

const KafkaSetting* find_setting(std::span<const KafkaSetting> table, std::string_view name) {
  if (table.data() == broker_table.data() && name.starts_with(listener_prefix)) {
    const auto dot = name.find('.', listener_prefix.size());
    name = dot == std::string_view::npos ? name : name.substr(dot + 1);
  }
  const auto found = std::ranges::lower_bound(table, name, {}, &KafkaSetting::name);
  return found != table.end() && found->name == name ? &*found : nullptr;
}

bool is_kafka_setting(std::string_view name) {
  return find_setting(broker_table, name) != nullptr || name.starts_with(listener_prefix);
}

std::string_view nearest_setting(std::string_view name) {
  std::string_view nearest;
  std::size_t least = std::string_view::npos;
  const auto look_at = [&](std::string_view candidate) {
    if (const std::size_t distance = edit_distance(name, candidate); distance < least) {
      least = distance;
      nearest = candidate;
    }
  };
  for (const KafkaSetting& setting : broker_table) {
    look_at(setting.name);
  }
  for (const Setting& setting : settings()) {
    look_at(setting.name);
  }
  return nearest;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  const auto end = text.find_last_not_of(blanks);
  return end == std::string_view::npos ? std::string_view{} : text.substr(begin, end - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end + 1 == text.size()) {
      parts.emplace_back();  // nothing after the last separator
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string tidy_value(const KafkaSetting& setting, std::string_view value) {
  value = trimmed(value);
  if (setting.type != ConfigType::LIST) {
    return std::string(value);
  }
  std::vector<std::string_view> elements;
  for (const std::string_view element : split(value, ',')) {
    elements.push_back(trimmed(element));
  }
  return fmt::format("{}", fmt::join(elements, ","));
}

Result<void> check_value(const KafkaSetting& setting, std::string_view value) {
  const std::string tidy = tidy_value(setting, value);
  switch (setting.type) {
    case ConfigType::BOOLEAN:
      return tidy == "true" || tidy == "false"
                 ? Result<void>{}
                 : Result<void>{invalid(setting, value, "Expected value to be either true or false")};
    case ConfigType::INT:
      return check_number<std::int32_t>(setting, tidy, "INT");
    case ConfigType::SHORT:
      return check_number<std::int16_t>(setting, tidy, "SHORT");
    case ConfigType::LONG:
      return check_number<std::int64_t>(setting, tidy, "LONG");
    case ConfigType::DOUBLE:
      return check_number<double>(setting, tidy, "DOUBLE");
    case ConfigType::STRING:
      return check_choice(setting, tidy);
    case ConfigType::LIST:
      return setting.name.ends_with(".replication.throttled.replicas") ? check_throttled_replicas(setting, tidy)
                                                                       : check_list(setting, tidy);
    case ConfigType::CLASS:
    case ConfigType::PASSWORD:
    case ConfigType::UNKNOWN:
      break;
  }
  return {};
}

}  // namespace ottla
