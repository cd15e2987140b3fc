#include "broker/config_layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "broker/topic_config.h"

namespace ottla {

namespace {

constexpr std::string_view no_effect = "stored, no effect";
// Kafka opens and closes listeners while it runs; we do not.
constexpr std::array<std::string_view, 2> fixed_here{"listener.security.protocol.map", "listeners"};

const Setting* our_setting(std::string_view name) {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found != settings().end() ? &*found : nullptr;
}

// A member as it would stand in a file; nothing for those that no topic or group asks for.
struct Text {
  const Config& config;
  std::int64_t scale;

  std::optional<std::string> operator()(bool Config::* member) const { return config.*member ? "true" : "false"; }
  std::optional<std::string> operator()(std::int32_t Config::* member) const {
    return std::to_string(config.*member / scale);
  }
  std::optional<std::string> operator()(std::int64_t Config::* member) const {
    return std::to_string(config.*member / scale);
  }
  std::optional<std::string> operator()(std::string Config::* member) const { return config.*member; }
  std::optional<std::string> operator()(std::vector<std::string> Config::* member) const {
    return fmt::format("{}", fmt::join(config.*member, ","));
  }
  std::optional<std::string> operator()(auto /*member*/) const { return std::nullopt; }
};

}  // namespace

std::optional<std::string> broker_default(std::string_view name) {
  const KafkaSetting* kafkas = find_setting(kafka_broker_settings(), name);
  const bool is_kafkas = kafkas != nullptr && kafkas->name == name;
  if (const Setting* ours = our_setting(name); ours != nullptr && !ours->default_text.empty()) {
    return std::string(ours->default_text);
  } else if (ours != nullptr && !(is_kafkas && kafkas->default_value == "")) {
    return std::nullopt;  // empty, as Kafka shows it, is not null
  }
  return is_kafkas ? std::optional<std::string>(kafkas->default_value) : std::nullopt;
}

std::vector<std::string_view> broker_synonyms(std::string_view name) {
  const KafkaSetting* setting = find_setting(kafka_broker_settings(), name);
  return setting != nullptr && !setting->synonyms.empty() ? split(setting->synonyms, ' ')
                                                          : std::vector<std::string_view>{name};
}

std::vector<LayeredValue> broker_layers(const Config& config, std::string_view name) {
  const auto synonyms = broker_synonyms(name);
  std::vector<LayeredValue> layers;
  const auto add = [&](const std::map<std::string, std::string>& layer, ConfigSource source) {
    for (const std::string_view synonym : synonyms) {
      if (const auto found = layer.find(std::string(synonym)); found != layer.end()) {
        layers.push_back({found->first, found->second, source});
      }
    }
  };
  add(config.dynamic_broker, ConfigSource::dynamic_broker);
  add(config.dynamic_default, ConfigSource::dynamic_default_broker);
  add(config.given, ConfigSource::static_broker);
  for (const std::string_view synonym : synonyms) {
    if (auto value = broker_default(synonym)) {
      layers.push_back({std::string(synonym), std::move(*value), ConfigSource::built_in});
    }
  }
  const auto own = std::ranges::find(layers, name, &LayeredValue::name);
  layers.erase(layers.begin(), own);
  return layers;
}

std::optional<std::string> broker_value(const Config& config, std::string_view name) {
  for (const auto* layer : {&config.dynamic_broker, &config.dynamic_default, &config.given}) {
    if (const auto found = layer->find(std::string(name)); found != layer->end()) {
      return found->second;
    }
  }
  return broker_default(name);
}

std::optional<std::string> effective_broker_value(const Config& config, std::string_view name) {
  if (const Setting* ours = our_setting(name)) {
    return std::visit(Text{config, ours->scale}, ours->member);
  }
  for (const std::string_view synonym : broker_synonyms(name)) {
    if (auto value = broker_value(config, synonym)) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string> effective_value(const KafkaSetting* setting, const std::map<std::string, std::string>& own,
                                           const Config& config) {
  if (setting == nullptr) {
    return std::nullopt;
  }
  if (const auto found = own.find(std::string(setting->name)); found != own.end()) {
    return tidy_value(*setting, found->second);
  }
  if (!setting->synonyms.empty()) {
    if (auto value = effective_broker_value(config, split(setting->synonyms, ' ').front())) {
      return value;
    }
  }
  return std::optional<std::string>(setting->default_value);
}

bool broker_setting_has_effect(std::string_view name) {
  return our_setting(name) != nullptr || std::ranges::any_of(kafka_topic_settings(), [name](const auto& setting) {
           const auto synonyms = split(setting.synonyms, ' ');
           return topic_setting_has_effect(setting.name) && std::ranges::find(synonyms, name) != synonyms.end();
         });
}

std::string broker_setting_documentation(std::string_view name) {
  if (const Setting* ours = our_setting(name)) {
    return std::string(ours->reason);
  }
  return std::string(broker_setting_has_effect(name) ? "The default for topics." : no_effect);
}

Update broker_setting_update(std::string_view name) {
  const KafkaSetting* setting = find_setting(kafka_broker_settings(), name);
  return setting == nullptr || std::ranges::find(fixed_here, setting->name) != fixed_here.end() ? Update::read_only
                                                                                                : setting->update;
}

Result<Config> with_changes(const Config& started, const std::map<std::string, std::string>& for_all_brokers,
                            const std::map<std::string, std::string>& for_this_broker) {
  std::vector<GivenSetting> all;
  const auto add = [&all](const std::map<std::string, std::string>& layer, const char* source) {
    for (const auto& [name, value] : layer) {
      all.push_back({name, value, source});
    }
  };
  add(started.given, "at the start");
  add(for_all_brokers, "changed for all brokers");
  add(for_this_broker, "changed for this broker");
  auto parsed = parse_config(all);
  if (!parsed) {
    return std::unexpected(std::move(parsed.error()));
  }
  parsed->config.given = started.given;
  parsed->config.dynamic_default = for_all_brokers;
  parsed->config.dynamic_broker = for_this_broker;
  return std::move(parsed->config);
}

}  // namespace ottla
