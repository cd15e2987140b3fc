// The settings that Apache Kafka 4.3.1 knows for brokers, topics and groups: what a name means, what it may be set to,
// and who may change it. The tables are kafka_settings/*.def; whether a setting has an effect here is another question
// (config.h, topic_config.h).
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error_code.h"

namespace ottla {

// The numbers of DescribeConfigs' ConfigType.
enum class ConfigType : std::int8_t {
  UNKNOWN = 0,
  BOOLEAN = 1,
  STRING = 2,
  INT = 3,
  SHORT = 4,
  LONG = 5,
  DOUBLE = 6,
  LIST = 7,
  CLASS = 8,
  PASSWORD = 9,
};

// Who may change a broker's setting while it runs (KIP-226). Internal ones are not shown.
enum class Update : std::uint8_t { read_only, per_broker, cluster_wide, internal };

inline constexpr std::int64_t no_least = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t no_most = std::numeric_limits<std::int64_t>::max();

struct KafkaSetting {
  std::string_view name;
  ConfigType type = ConfigType::STRING;
  std::optional<std::string_view> default_value;  // nothing: null
  Update update = Update::read_only;
  std::int64_t least = no_least;
  std::int64_t most = no_most;
  std::string_view choices;   // separated by blanks; none: any
  std::string_view synonyms;  // names of broker settings, separated by blanks; the first that is set counts
};

// Each sorted by name.
std::span<const KafkaSetting> kafka_broker_settings();
std::span<const KafkaSetting> kafka_topic_settings();
std::span<const KafkaSetting> kafka_group_settings();
// nullptr: Kafka does not know it. A broker's setting may be given for one listener: listener.name.<listener>.<name>.
const KafkaSetting* find_setting(std::span<const KafkaSetting> table, std::string_view name);

bool is_kafka_setting(std::string_view name);
// The known name (Kafka's or ours) with the least edit distance.
std::string_view nearest_setting(std::string_view name);

// Error INVALID_CONFIG, in Kafka's words.
Result<void> check_value(const KafkaSetting& setting, std::string_view value);
// Without blanks around it; of a list, around its elements.
std::string tidy_value(const KafkaSetting& setting, std::string_view value);
std::string_view trimmed(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace ottla
