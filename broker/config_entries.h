// The settings of a topic, a broker or a group as DescribeConfigs tells them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/config_layers.h"
#include "replication/controller.h"

namespace ottla {

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;  // nothing: not set, or not to be told
  ConfigSource source = ConfigSource::built_in;
  bool is_read_only = false;
  bool is_sensitive = false;
  ConfigType type = ConfigType::UNKNOWN;
  std::vector<LayeredValue> synonyms;  // every layer that has it, the one that counts first
  std::string documentation;
};

// Each has every setting, by name.
std::vector<ConfigEntry> topic_config_entries(const Configs& topic, const Config& broker);
std::vector<ConfigEntry> group_config_entries(const Configs& group, const Config& broker);
std::vector<ConfigEntry> broker_config_entries(const Config& broker);
// What was changed for all brokers, and that alone.
std::vector<ConfigEntry> changed_broker_config_entries(const Config& broker);

}  // namespace ottla
