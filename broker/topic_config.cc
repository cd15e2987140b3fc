#include "broker/topic_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace ottla {

namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

enum class Kind : std::uint8_t { boolean, integer, real, choice, list_of_choices, text };

// Kafka's own default, or the broker's setting that stands in for it.
struct Default {
  std::string_view text;
  std::string (*from_broker)(const Config&) = nullptr;

  constexpr Default(const char* fixed) : text(fixed) {}
  constexpr Default(std::convertible_to<std::string (*)(const Config&)> auto setting) : from_broker(setting) {}
  [[nodiscard]] std::string of(const Config& broker) const {
    return from_broker != nullptr ? from_broker(broker) : std::string(text);
  }
};

struct TopicSetting {
  std::string_view name;
  Kind kind;
  Default default_value;
  std::int64_t min = 0;
  std::int64_t max = int64_max;
  std::string_view choices;  // separated by blanks
};

// LogConfig.configKeys() of Apache Kafka 4.3.1.
constexpr auto table = std::to_array<TopicSetting>({
    {"cleanup.policy", Kind::list_of_choices,
     [](const Config& broker) { return fmt::format("{}", fmt::join(broker.log_cleanup_policy, ",")); }, 0, 0,
     "compact delete"},
    {"compression.gzip.level", Kind::integer, "-1", -1, 9},
    {"compression.lz4.level", Kind::integer, "9", 1, 17},
    {"compression.type", Kind::choice, [](const Config& broker) { return broker.compression_type; }, 0, 0,
     "uncompressed zstd lz4 snappy gzip producer"},
    {"compression.zstd.level", Kind::integer, "3", -131072, 22},
    {"delete.retention.ms", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_cleaner_delete_retention_ms); }},
    {"file.delete.delay.ms", Kind::integer, "60000"},
    {"flush.messages", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_flush_interval_messages); }, 1},
    {"flush.ms", Kind::integer, "9223372036854775807"},
    {"follower.replication.throttled.replicas", Kind::text, ""},
    {"index.interval.bytes", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_index_interval_bytes); }, 0, int32_max},
    {"leader.replication.throttled.replicas", Kind::text, ""},
    {"local.retention.bytes", Kind::integer, "-2", -2},
    {"local.retention.ms", Kind::integer, "-2", -2},
    {"max.compaction.lag.ms", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_cleaner_max_compaction_lag_ms); }, 1},
    {"max.message.bytes", Kind::integer, [](const Config& broker) { return std::to_string(broker.message_max_bytes); },
     0, int32_max},
    {"message.timestamp.after.max.ms", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_message_timestamp_after_max_ms); }},
    {"message.timestamp.before.max.ms", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_message_timestamp_before_max_ms); }},
    {"message.timestamp.type", Kind::choice, [](const Config& broker) { return broker.log_message_timestamp_type; }, 0,
     0, "CreateTime LogAppendTime"},
    {"min.cleanable.dirty.ratio", Kind::real, "0.5", 0, 1},
    {"min.compaction.lag.ms", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_cleaner_min_compaction_lag_ms); }},
    {"min.insync.replicas", Kind::integer, "1", 1, int32_max},
    {"preallocate", Kind::boolean, "false"},
    {"remote.log.copy.disable", Kind::boolean, "false"},
    {"remote.log.delete.on.disable", Kind::boolean, "false"},
    {"remote.storage.enable", Kind::boolean, "false"},
    {"retention.bytes", Kind::integer, [](const Config& broker) { return std::to_string(broker.log_retention_bytes); },
     -1},
    {"retention.ms", Kind::integer,
     [](const Config& broker) { return std::to_string(std::max<std::int64_t>(-1, broker.log_retention_ms)); }, -1},
    {"segment.bytes", Kind::integer, [](const Config& broker) { return std::to_string(broker.log_segment_bytes); },
     1048576, int32_max},
    {"segment.index.bytes", Kind::integer,
     [](const Config& broker) { return std::to_string(broker.log_index_size_max_bytes); }, 4, int32_max},
    {"segment.jitter.ms", Kind::integer, "0"},
    {"segment.ms", Kind::integer, [](const Config& broker) { return std::to_string(broker.log_roll_ms); }, 1},
    {"unclean.leader.election.enable", Kind::boolean, "false"},
});

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool is_choice(std::string_view text, std::string_view choices) {
  return !text.empty() && fmt::format(" {} ", choices).find(fmt::format(" {} ", text)) != std::string::npos;
}

bool is_list_of_choices(std::string_view text, std::string_view choices) {
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (!is_choice(text.substr(0, comma), choices)) {
      return false;
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;  // none at all: neither deleted nor compacted
}

bool is_valid(const TopicSetting& setting, std::string_view text) {
  switch (setting.kind) {
    case Kind::boolean:
      return text == "true" || text == "false";
    case Kind::integer: {
      const auto value = number<std::int64_t>(text);
      return value && *value >= setting.min && *value <= setting.max;
    }
    case Kind::real: {
      const auto value = number<double>(text);
      return value && *value >= static_cast<double>(setting.min) && *value <= static_cast<double>(setting.max);
    }
    case Kind::choice:
      return is_choice(text, setting.choices);
    case Kind::list_of_choices:
      return is_list_of_choices(text, setting.choices);
    case Kind::text:
      break;
  }
  return true;
}

// Nothing: as the producer sent it.
std::optional<Codec> codec_of(std::string_view compression_type) {
  constexpr std::array<std::string_view, 5> names{"uncompressed", "gzip", "snappy", "lz4", "zstd"};
  const auto* const found = std::ranges::find(names, compression_type);
  return found != names.end() ? std::optional(static_cast<Codec>(found - names.begin())) : std::nullopt;
}

const TopicSetting* find_setting(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &TopicSetting::name);
  return found != table.end() ? found : nullptr;
}

}  // namespace

Result<TopicConfig> parse_topic_config(const TopicSettings& settings, const Config& broker) {
  for (const auto& [name, value] : settings) {
    const TopicSetting* setting = find_setting(name);
    if (setting == nullptr) {
      return failure(ErrorCode::INVALID_CONFIG, fmt::format("Unknown topic config name: {}", name));
    }
    if (!is_valid(*setting, value)) {
      return failure(ErrorCode::INVALID_CONFIG, fmt::format("Invalid value {} for configuration {}", value, name));
    }
  }
  const auto value_of = [&](const char* name) {
    const auto found = settings.find(name);
    return found != settings.end() ? found->second : find_setting(name)->default_value.of(broker);
  };
  const auto number_of = [&](const char* name) { return number<std::int64_t>(value_of(name)).value_or(0); };
  const std::string policy = value_of("cleanup.policy");
  const bool compacts = policy.find("compact") != std::string::npos;
  return TopicConfig{
      .log = {.segment_bytes = number_of("segment.bytes"),
              .segment_ms = number_of("segment.ms"),
              .segment_index_bytes = number_of("segment.index.bytes"),
              .index_interval_bytes = number_of("index.interval.bytes"),
              .producer_id_expiration_ms = broker.producer_id_expiration_ms,
              .deletes = policy.find("delete") != std::string::npos,
              .compacts = compacts,
              .retention_ms = number_of("retention.ms"),
              .retention_bytes = number_of("retention.bytes"),
              .delete_retention_ms = number_of("delete.retention.ms"),
              .min_cleanable_dirty_ratio = number<double>(value_of("min.cleanable.dirty.ratio")).value_or(0),
              .min_compaction_lag_ms = number_of("min.compaction.lag.ms"),
              .max_compaction_lag_ms = number_of("max.compaction.lag.ms")},
      .flush_messages = number_of("flush.messages"),
      .max_message_bytes = static_cast<std::int32_t>(number_of("max.message.bytes")),
      .is_compacted = compacts,
      .uses_log_append_time = value_of("message.timestamp.type") == "LogAppendTime",
      .timestamp_before_max_ms = number_of("message.timestamp.before.max.ms"),
      .timestamp_after_max_ms = number_of("message.timestamp.after.max.ms"),
      .codec = codec_of(value_of("compression.type"))};
}

std::vector<EffectiveSetting> effective_topic_settings(const TopicSettings& settings, const Config& broker) {
  std::vector<EffectiveSetting> all;
  for (const TopicSetting& setting : table) {
    const auto found = settings.find(std::string(setting.name));
    const bool is_set = found != settings.end();
    all.push_back({.name = std::string(setting.name),
                   .value = is_set ? found->second : setting.default_value.of(broker),
                   .is_set_on_topic = is_set});
  }
  return all;
}

}  // namespace ottla
