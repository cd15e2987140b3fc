#include "broker/topic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "broker/config_layers.h"

namespace ottla {

namespace {

constexpr auto with_effect = std::to_array<std::string_view>({
    "cleanup.policy",
    "compression.type",
    "delete.retention.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.ms",
});
static_assert(std::ranges::is_sorted(with_effect));

// Nothing: as the producer sent it.
std::optional<Codec> codec_of(std::string_view compression_type) {
  constexpr std::array<std::string_view, 5> names{"uncompressed", "gzip", "snappy", "lz4", "zstd"};
  const auto* const found = std::ranges::find(names, compression_type);
  return found != names.end() ? std::optional(static_cast<Codec>(found - names.begin())) : std::nullopt;
}

// The values of one topic. REQUIRES: checked ones.
struct Values {
  const TopicSettings& settings;
  const Config& broker;

  [[nodiscard]] std::string text(std::string_view name) const {
    return effective_topic_value(settings, broker, name).value_or("");
  }
  template <class Number = std::int64_t>
  [[nodiscard]] Number number(std::string_view name) const {
    const std::string value = text(name);
    Number parsed{};
    std::from_chars(value.data(), value.data() + value.size(), parsed);
    return parsed;
  }
};

Result<void> check_one(const std::string& name, const std::string& value) {
  const KafkaSetting* setting = find_setting(kafka_topic_settings(), name);
  if (setting == nullptr || setting->update == Update::internal) {
    return failure(ErrorCode::INVALID_CONFIG, fmt::format("Unknown topic config name: {}", name));
  }
  return check_value(*setting, value);
}

}  // namespace

bool topic_setting_has_effect(std::string_view name) { return std::ranges::binary_search(with_effect, name); }

std::optional<std::string> effective_topic_value(const TopicSettings& settings, const Config& broker,
                                                 std::string_view name) {
  auto value = effective_value(find_setting(kafka_topic_settings(), name), settings, broker);
  // Any negative time is "for ever", and -1 is how topics say it.
  return name == "retention.ms" && value && value->starts_with('-') ? "-1" : value;
}

Result<void> check_topic_settings(const TopicSettings& settings, const Config& broker) {
  for (const auto& [name, value] : settings) {
    if (auto valid = check_one(name, value); !valid) {
      return valid;
    }
  }
  const Values values{settings, broker};
  const auto least = values.number("min.compaction.lag.ms");
  const auto most = values.number("max.compaction.lag.ms");
  if (least > most) {
    return failure(ErrorCode::INVALID_CONFIG,
                   fmt::format("conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
                               least, most));
  }
  return {};
}

Result<TopicConfig> parse_topic_config(const TopicSettings& settings, const Config& broker) {
  for (const auto& [name, value] : settings) {
    if (!topic_setting_has_effect(name)) {
      continue;  // such a value may be stored that would be refused today, and is no reason not to serve the topic
    }
    if (auto valid = check_one(name, value); !valid) {
      return std::unexpected(std::move(valid.error()));
    }
  }
  const Values values{settings, broker};
  const std::string policy = values.text("cleanup.policy");
  const bool compacts = policy.find("compact") != std::string::npos;
  return TopicConfig{.log = {.segment_bytes = values.number("segment.bytes"),
                             .segment_ms = values.number("segment.ms"),
                             .segment_index_bytes = values.number("segment.index.bytes"),
                             .index_interval_bytes = values.number("index.interval.bytes"),
                             .producer_id_expiration_ms = broker.producer_id_expiration_ms,
                             .deletes = policy.find("delete") != std::string::npos,
                             .compacts = compacts,
                             .retention_ms = values.number("retention.ms"),
                             .retention_bytes = values.number("retention.bytes"),
                             .delete_retention_ms = values.number("delete.retention.ms"),
                             .min_cleanable_dirty_ratio = values.number<double>("min.cleanable.dirty.ratio"),
                             .min_compaction_lag_ms = values.number("min.compaction.lag.ms"),
                             .max_compaction_lag_ms = values.number("max.compaction.lag.ms")},
                     .flush_messages = values.number("flush.messages"),
                     .flush_ms = values.number("flush.ms"),
                     .max_message_bytes = values.number<std::int32_t>("max.message.bytes"),
                     .is_compacted = compacts,
                     .uses_log_append_time = values.text("message.timestamp.type") == "LogAppendTime",
                     .timestamp_before_max_ms = values.number("message.timestamp.before.max.ms"),
                     .timestamp_after_max_ms = values.number("message.timestamp.after.max.ms"),
                     .codec = codec_of(values.text("compression.type"))};
}

}  // namespace ottla
