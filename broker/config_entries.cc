#include "broker/config_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/group_config.h"
#include "broker/topic_config.h"

namespace ottla {

namespace {

constexpr const char* no_effect = "stored, no effect";

// Of a topic or a group: its own value, then those of the broker's setting that stands in for it.
ConfigEntry entry_above(const KafkaSetting& setting, const Configs& own, const Config& broker, ConfigSource source,
                        std::optional<std::string> value, bool has_effect) {
  ConfigEntry entry{.name = std::string(setting.name), .value = std::move(value), .type = setting.type};
  if (own.contains(entry.name)) {
    entry.synonyms.push_back({entry.name, entry.value.value_or(""), source});
  }
  entry.documentation = has_effect ? "" : no_effect;
  if (!setting.synonyms.empty()) {
    const std::string_view broker_name = split(setting.synonyms, ' ').front();
    for (auto& layer : broker_layers(broker, broker_name)) {
      entry.synonyms.push_back(std::move(layer));
    }
    if (has_effect) {
      entry.documentation = fmt::format("{} If it is not set, the broker's {} counts.",
                                        broker_setting_documentation(broker_name), broker_name);
    }
  }
  if (source == ConfigSource::group && setting.synonyms.empty()) {
    entry.synonyms.push_back({entry.name, std::string(setting.default_value.value_or("")), ConfigSource::built_in});
  }
  entry.source = entry.synonyms.empty() ? ConfigSource::built_in : entry.synonyms.front().source;
  return entry;
}

// Of a setting that only we have.
struct TypeOfMember {
  ConfigType operator()(bool Config::* /*member*/) const { return ConfigType::BOOLEAN; }
  ConfigType operator()(std::int32_t Config::* /*member*/) const { return ConfigType::INT; }
  ConfigType operator()(std::int64_t Config::* /*member*/) const { return ConfigType::LONG; }
  ConfigType operator()(auto /*member*/) const { return ConfigType::STRING; }
};

ConfigEntry broker_entry(const std::string& name, const Config& broker) {
  const KafkaSetting* setting = find_setting(kafka_broker_settings(), name);
  ConfigEntry entry{.name = name, .value = broker_value(broker, name), .synonyms = broker_layers(broker, name)};
  const auto ours = std::ranges::find(settings(), name, &Setting::name);
  entry.type = setting != nullptr         ? setting->type
               : ours != settings().end() ? std::visit(TypeOfMember{}, ours->member)
                                          : ConfigType::UNKNOWN;
  entry.is_sensitive = entry.type == ConfigType::PASSWORD || entry.type == ConfigType::UNKNOWN;
  entry.is_read_only = std::set{Update::read_only, Update::internal}.contains(broker_setting_update(name));
  entry.source = entry.synonyms.empty() ? ConfigSource::built_in : entry.synonyms.front().source;
  entry.documentation = broker_setting_documentation(name);
  if (entry.is_sensitive) {
    entry.value.reset();
  }
  return entry;
}

}  // namespace

std::vector<ConfigEntry> topic_config_entries(const Configs& topic, const Config& broker) {
  std::vector<ConfigEntry> entries;
  for (const KafkaSetting& setting : kafka_topic_settings()) {
    if (setting.update != Update::internal) {
      entries.push_back(entry_above(setting, topic, broker, ConfigSource::topic,
                                    effective_topic_value(topic, broker, setting.name),
                                    topic_setting_has_effect(setting.name)));
    }
  }
  return entries;
}

std::vector<ConfigEntry> group_config_entries(const Configs& group, const Config& broker) {
  std::vector<ConfigEntry> entries;
  for (const KafkaSetting& setting : kafka_group_settings()) {
    entries.push_back(entry_above(setting, group, broker, ConfigSource::group,
                                  effective_group_value(group, broker, setting.name),
                                  group_setting_has_effect(setting.name)));
  }
  return entries;
}

std::vector<ConfigEntry> broker_config_entries(const Config& broker) {
  std::set<std::string> names;
  for (const KafkaSetting& setting : kafka_broker_settings()) {
    if (setting.update != Update::internal) {
      names.emplace(setting.name);
    }
  }
  for (const Setting& setting : settings()) {
    names.emplace(setting.name);
  }
  for (const auto* layer : {&broker.given, &broker.dynamic_default, &broker.dynamic_broker}) {
    for (const auto& [name, value] : *layer) {
      names.insert(name);
    }
  }
  std::vector<ConfigEntry> entries;
  entries.reserve(names.size());
  for (const std::string& name : names) {
    entries.push_back(broker_entry(name, broker));
  }
  return entries;
}

std::vector<ConfigEntry> changed_broker_config_entries(const Config& broker) {
  std::vector<ConfigEntry> entries;
  for (const auto& [name, value] : broker.dynamic_default) {
    ConfigEntry entry = broker_entry(name, broker);
    entry.value = entry.is_sensitive ? std::nullopt : std::optional(value);
    std::erase_if(entry.synonyms, [](const auto& one) { return one.source != ConfigSource::dynamic_default_broker; });
    entry.source = ConfigSource::dynamic_default_broker;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace ottla
