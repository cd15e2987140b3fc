// Where a setting's value comes from. A broker's settings lie in layers (KIP-226): changed for this broker, changed for
// all brokers, given at the start, default; a topic's and a group's own lie above them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/config.h"
#include "broker/kafka_settings.h"

namespace ottla {

// The numbers of DescribeConfigs.
enum class ConfigSource : std::int8_t {
  topic = 1,
  dynamic_broker = 2,
  dynamic_default_broker = 3,
  static_broker = 4,
  built_in = 5,
  group = 8,
};

struct LayeredValue {
  std::string name;  // the setting's own, or the synonym that has it
  std::string value;
  ConfigSource source = ConfigSource::built_in;
};

// Every layer that has the broker's setting or a synonym of it, the one that counts first. As in Kafka none, if a
// synonym alone has a value.
std::vector<LayeredValue> broker_layers(const Config& config, std::string_view name);
// The setting's own value, whatever its synonyms say.
std::optional<std::string> broker_value(const Config& config, std::string_view name);
// What the broker goes by: synonyms counted, in the units of `name`.
std::optional<std::string> effective_broker_value(const Config& config, std::string_view name);

// What a topic or a group with settings of its `own` goes by: those, the broker's setting that stands in for it, its
// default. nullptr: Kafka does not know it, and nobody goes by it.
std::optional<std::string> effective_value(const KafkaSetting* setting, const std::map<std::string, std::string>& own,
                                           const Config& config);

// What it is when nobody sets it; nothing: null.
std::optional<std::string> broker_default(std::string_view name);
// Itself if it has none.
std::vector<std::string_view> broker_synonyms(std::string_view name);

// Something here goes by it.
bool broker_setting_has_effect(std::string_view name);
// What a setting does, or "stored, no effect".
std::string broker_setting_documentation(std::string_view name);
// Whether it can be changed while the broker runs. Some that Kafka can change cannot be changed here.
Update broker_setting_update(std::string_view name);

// The settings as they were at the start, with the changes over them. Error INVALID_CONFIG.
Result<Config> with_changes(const Config& started, const std::map<std::string, std::string>& for_all_brokers,
                            const std::map<std::string, std::string>& for_this_broker);

}  // namespace ottla
