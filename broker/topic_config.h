// The settings of one topic, under Kafka's names. What the topic does not set comes from the broker's settings.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/config.h"
#include "storage/log.h"

namespace ottla {

using TopicSettings = std::map<std::string, std::string>;

struct TopicConfig {
  LogConfig log;
  std::int64_t flush_messages = 1;                                   // flush.messages; 1: acknowledged when synced
  std::int64_t flush_ms = std::numeric_limits<std::int64_t>::max();  // flush.ms: synced then, however little it is
  std::int32_t max_message_bytes = 0;                                // max.message.bytes
  bool is_compacted = false;          // cleanup.policy has compact: every record needs a key
  bool uses_log_append_time = false;  // message.timestamp.type
  std::int64_t timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();  // message.timestamp.before.max.ms
  std::int64_t timestamp_after_max_ms = std::numeric_limits<std::int64_t>::max();   // message.timestamp.after.max.ms
  std::optional<Codec> codec;  // compression.type; nothing: what the producer chose
};

// Error INVALID_CONFIG: a name Kafka does not know, a value it would not take, or two values that contradict each
// other. A setting that Kafka knows and that has no effect here is accepted.
Result<void> check_topic_settings(const TopicSettings& settings, const Config& broker);
// What they amount to; each that has an effect is checked for itself.
Result<TopicConfig> parse_topic_config(const TopicSettings& settings, const Config& broker);

// What the topic goes by; nothing for a name that Kafka does not know.
std::optional<std::string> effective_topic_value(const TopicSettings& settings, const Config& broker,
                                                 std::string_view name);
// Something here goes by it.
bool topic_setting_has_effect(std::string_view name);

}  // namespace ottla
