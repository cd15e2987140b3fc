#include "broker/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

#include "broker/config_layers.h"
#include "broker/kafka_settings.h"

namespace ottla {

namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t minute_ms = 60'000;

constexpr auto table = std::to_array<Setting>({
    {"node.id", &Config::node_id, "1",
     "The number of this broker in its cluster; fixed once the data directory is made.", 0, int32_max},
    {"broker.id", &Config::node_id, "", "The old name of node.id.", 0, int32_max},
    {"cluster.id", &Config::cluster_id, "", "The cluster's id for a new data directory; random if not given."},
    {"listeners", &Config::listeners, "PLAINTEXT://127.0.0.1:9092",
     "Where clients connect. Port 0 is any free port, told in the ready line; no host is every interface."},
    {"advertised.listeners", &Config::advertised_listeners, "",
     "The addresses clients are told to use; without it, the one by which they came. Needed behind a port mapping or "
     "NAT."},
    {"controller.listener.names", &Config::controller_listener_names, "",
     "Listeners for controllers alone. They are not opened: this broker is a quorum of one."},
    {"listener.security.protocol.map", &Config::listener_security_protocol_map,
     "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
     "What each listener speaks. Only PLAINTEXT is served yet."},
    {"http.listener", &Config::http_listener, "127.0.0.1:9644",
     "Health and metrics over HTTP: host:port. Port 0 is any free port; empty is off."},
    {"log.dir", &Config::log_dirs, "", "The old name of log.dirs."},
    {"log.dirs", &Config::log_dirs, "./ottla-data", "The data directory; made and formatted at the first start."},
    {"broker.rack", &Config::broker_rack, "", "The rack told to clients in Metadata."},
    {"num.network.threads", &Config::num_network_threads, "0",
     "Cores that serve connections; 0 is one for each processor. A change counts from the next start.", 0, 1024},
    {"socket.request.max.bytes", &Config::socket_request_max_bytes, "104857600", "The longest request.", 1, int32_max},
    {"connections.max.idle.ms", &Config::connections_max_idle_ms, "600000", "A connection idle for longer is closed.",
     1},
    {"connection.handshake.timeout.ms", &Config::connection_handshake_timeout_ms, "10000",
     "A connection that has sent no request by then is closed.", 1},
    {"num.partitions", &Config::num_partitions, "1", "Partitions of a topic made without a number.", 1, int32_max},
    {"auto.create.topics.enable", &Config::auto_create_topics_enable, "true",
     "Topics are made when a client first asks for them."},
    {"delete.topic.enable", &Config::delete_topic_enable, "true", "DeleteTopics works."},
    {"max.partitions.per.cluster", &Config::max_partitions_per_cluster, "100000",
     "No more partitions than this are made.", 1, int32_max},
    {"message.max.bytes", &Config::message_max_bytes, "1048588", "The largest batch (a topic's max.message.bytes).", 0,
     int32_max},
    {"fetch.max.bytes", &Config::fetch_max_bytes, "57671680", "The most one Fetch answers.", 1024, int32_max},
    {"decompression.max.bytes", &Config::decompression_max_bytes, "67108864", "The most one batch may unpack to.", 1},
    {"decompression.max.ratio", &Config::decompression_max_ratio, "1000",
     "How many times its size a batch may unpack to, if that is more than max.message.bytes.", 1},
    {"log.message.timestamp.type", &Config::log_message_timestamp_type, "CreateTime",
     "CreateTime or LogAppendTime (a topic's message.timestamp.type)."},
    {"log.cleanup.policy", &Config::log_cleanup_policy, "delete",
     "delete, compact or both (a topic's cleanup.policy)."},
    {"log.segment.bytes", &Config::log_segment_bytes, "1073741824", "A segment ends at this size (segment.bytes).", 14,
     int32_max},
    {"log.roll.hours", &Config::log_roll_ms, "168", "A segment ends at this age.", 1, int32_max, hour_ms},
    {"log.roll.ms", &Config::log_roll_ms, "", "A segment ends at this age (segment.ms); wins over log.roll.hours.", 1},
    {"log.index.size.max.bytes", &Config::log_index_size_max_bytes, "10485760",
     "A segment ends when its index has this size (segment.index.bytes).", 4, int32_max},
    {"log.index.interval.bytes", &Config::log_index_interval_bytes, "4096",
     "Bytes of log between two entries of its index (index.interval.bytes).", 0, int32_max},
    {"log.flush.interval.messages", &Config::log_flush_interval_messages, "1",
     "1: acknowledged when synced to disk. More: as Kafka, from the page cache (flush.messages).", 1},
    {"log.retention.hours", &Config::log_retention_ms, "168", "Records older than this are deleted; -1: never.", -1,
     int32_max, hour_ms},
    {"log.retention.minutes", &Config::log_retention_ms, "", "Wins over log.retention.hours.", -1, int32_max,
     minute_ms},
    {"log.retention.ms", &Config::log_retention_ms, "",
     "Wins over log.retention.minutes (a topic's retention.ms); -1: never.", -1},
    {"log.retention.bytes", &Config::log_retention_bytes, "-1",
     "The oldest records of a partition are deleted when it is larger (retention.bytes); -1: no bound.", -1},
    {"log.retention.check.interval.ms", &Config::log_retention_check_interval_ms, "300000",
     "How often retention is looked at.", 1},
    {"log.cleaner.backoff.ms", &Config::log_cleaner_backoff_ms, "15000", "How often compaction is looked at.", 1},
    {"log.cleaner.delete.retention.ms", &Config::log_cleaner_delete_retention_ms, "86400000",
     "How long compaction keeps tombstones (delete.retention.ms).", 0},
    {"log.cleaner.dedupe.buffer.size", &Config::log_cleaner_dedupe_buffer_size, "134217728",
     "Memory for the keys of one compaction.", 1024},
    {"log.cleaner.min.compaction.lag.ms", &Config::log_cleaner_min_compaction_lag_ms, "0",
     "Younger records are not compacted (min.compaction.lag.ms).", 0},
    {"log.cleaner.max.compaction.lag.ms", &Config::log_cleaner_max_compaction_lag_ms, "9223372036854775807",
     "Older records are compacted however few they are (max.compaction.lag.ms).", 1},
    {"log.flush.offset.checkpoint.interval.ms", &Config::log_flush_offset_checkpoint_interval_ms, "60000",
     "How often the recovery points are written: what a start after a crash has to look through.", 1},
    {"log.message.timestamp.before.max.ms", &Config::log_message_timestamp_before_max_ms, "9223372036854775807",
     "A record may be stamped at most so long before now (message.timestamp.before.max.ms).", 0},
    {"log.message.timestamp.after.max.ms", &Config::log_message_timestamp_after_max_ms, "3600000",
     "A record may be stamped at most so long after now (message.timestamp.after.max.ms).", 0},
    {"compression.type", &Config::compression_type, "producer",
     "producer, uncompressed, gzip, snappy, lz4 or zstd (a topic's compression.type)."},
    {"log.dir.reserved.bytes", &Config::log_dir_reserved_bytes, "67108864",
     "Ottla's own: with less free space than this, writes are refused until there is more.", 0},
    {"num.recovery.threads.per.data.dir", &Config::num_recovery_threads_per_data_dir, "2",
     "Partitions that are opened at once at the start.", 1, 1024},
    {"producer.id.expiration.ms", &Config::producer_id_expiration_ms, "86400000",
     "How long an idle idempotent producer is remembered.", 1, int32_max},
    {"offsets.topic.num.partitions", &Config::offsets_topic_num_partitions, "50",
     "Partitions of __consumer_offsets, made when the first group is looked for.", 1, 100'000},
    {"offsets.topic.segment.bytes", &Config::offsets_topic_segment_bytes, "104857600",
     "A segment of __consumer_offsets ends at this size.", 1, int32_max},
    {"offset.metadata.max.bytes", &Config::offset_metadata_max_bytes, "4096",
     "The longest note a consumer may leave with an offset.", 0, int32_max},
    {"offsets.retention.minutes", &Config::offsets_retention_minutes, "2147483647",
     "How long a group without members keeps its offsets; Kafka forgets them after a week, we keep them.", 1,
     int32_max},
    {"offsets.retention.check.interval.ms", &Config::offsets_retention_check_interval_ms, "600000",
     "How often offsets that have expired, or whose topic is gone, are forgotten.", 1},
    {"group.min.session.timeout.ms", &Config::group_min_session_timeout_ms, "6000",
     "The shortest session a member may ask for.", 0, int32_max},
    {"group.max.session.timeout.ms", &Config::group_max_session_timeout_ms, "1800000",
     "The longest session a member may ask for.", 0, int32_max},
    {"group.initial.rebalance.delay.ms", &Config::group_initial_rebalance_delay_ms, "0",
     "How long a new group waits for more members; Kafka waits 3000, a single broker need not.", 0, int32_max},
    {"group.max.size", &Config::group_max_size, "2147483647", "The most members of one group.", 1, int32_max},
});

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (const auto part = trimmed(text.substr(0, comma)); !part.empty()) {
      parts.emplace_back(part);
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

template <class Int>
std::optional<Int> whole_number(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<Listener> parse_listener(std::string_view text) {
  const auto scheme = text.find("://");
  const auto colon = text.rfind(':');
  if (scheme == std::string_view::npos || scheme == 0 || colon < scheme + 3) {
    return std::nullopt;
  }
  Listener listener{.name = std::string(text.substr(0, scheme)),
                    .host = std::string(text.substr(scheme + 3, colon - scheme - 3))};
  if (listener.host.size() > 2 && listener.host.front() == '[' && listener.host.back() == ']') {
    listener.host = listener.host.substr(1, listener.host.size() - 2);
  }
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) {
    return std::nullopt;
  }
  listener.port = *port;
  return listener;
}

// Puts `text` into its member; the error says what was expected.
struct Assign {
  Config& config;
  const Setting& setting;
  std::string_view text;

  Result<void> malformed(std::string_view expected) const {
    return failure(ErrorCode::INVALID_CONFIG, fmt::format("'{}' is not {}", text, expected));
  }
  Result<std::int64_t> number(std::int64_t most) const {
    const auto value = whole_number<std::int64_t>(text);
    const std::int64_t max = std::min(setting.max, most / setting.scale);
    if (!value || *value < setting.min || *value > max) {
      const std::string least =
          setting.min == std::numeric_limits<std::int64_t>::min() ? "" : fmt::format(" from {}", setting.min);
      return std::unexpected(malformed(fmt::format("a whole number{} to {}", least, max)).error());
    }
    return *value * setting.scale;
  }
  Result<void> operator()(bool Config::* member) const {
    if (text != "true" && text != "false") {
      return malformed("true or false");
    }
    config.*member = text == "true";
    return {};
  }
  Result<void> operator()(std::int32_t Config::* member) const {
    const auto value = number(int32_max);
    config.*member = static_cast<std::int32_t>(value.value_or(0));
    return value ? Result<void>{} : std::unexpected(value.error());
  }
  Result<void> operator()(std::int64_t Config::* member) const {
    const auto value = number(std::numeric_limits<std::int64_t>::max());
    config.*member = value.value_or(0);
    return value ? Result<void>{} : std::unexpected(value.error());
  }
  Result<void> operator()(BrokerId Config::* member) const {
    const auto value = number(int32_max);
    config.*member = BrokerId{static_cast<std::int32_t>(value.value_or(0))};
    return value ? Result<void>{} : std::unexpected(value.error());
  }
  Result<void> operator()(std::string Config::* member) const {
    config.*member = text;
    return {};
  }
  Result<void> operator()(std::optional<std::string> Config::* member) const {
    config.*member = std::string(text);
    return {};
  }
  Result<void> operator()(std::vector<std::string> Config::* member) const {
    config.*member = split_list(text);
    return {};
  }
  Result<void> operator()(std::vector<Listener> Config::* member) const {
    (config.*member).clear();
    for (const std::string& part : split_list(text)) {
      const auto listener = parse_listener(part);
      if (!listener) {
        return malformed("a list of NAME://host:port");
      }
      (config.*member).push_back(*listener);
    }
    return {};
  }
  Result<void> operator()(std::map<std::string, std::string> Config::* member) const {
    (config.*member).clear();
    for (const std::string& part : split_list(text)) {
      const auto colon = part.find(':');
      if (colon == std::string::npos) {
        return malformed("a list of NAME:VALUE");
      }
      (config.*member)[part.substr(0, colon)] = part.substr(colon + 1);
    }
    return {};
  }
};

Result<void> assign(Config& config, const Setting& setting, std::string_view text) {
  return std::visit(Assign{config, setting, trimmed(text)}, setting.member);
}

std::unexpected<Error> invalid(std::string why) { return failure(ErrorCode::INVALID_CONFIG, std::move(why)); }

// What no single setting can tell.
Result<void> check_whole(const Config& config) {
  if (config.log_dirs.size() != 1) {
    return invalid(fmt::format("log.dirs names {} directories, one is served yet", config.log_dirs.size()));
  }
  const auto clients = config.client_listeners();
  if (clients.empty()) {
    return invalid("listeners names no listener for clients");
  }
  for (const Listener& listener : clients) {
    const auto protocol = config.listener_security_protocol_map.find(listener.name);
    if (protocol == config.listener_security_protocol_map.end()) {
      return invalid(fmt::format("listener {} has no protocol in listener.security.protocol.map", listener.name));
    }
    if (protocol->second != "PLAINTEXT") {
      return invalid(
          fmt::format("listener {} wants {}, only PLAINTEXT is served yet", listener.name, protocol->second));
    }
  }
  if (config.log_message_timestamp_type != "CreateTime" && config.log_message_timestamp_type != "LogAppendTime") {
    return invalid(fmt::format("log.message.timestamp.type: '{}' is neither CreateTime nor LogAppendTime",
                               config.log_message_timestamp_type));
  }
  constexpr std::array<std::string_view, 6> codecs{"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
  if (std::ranges::find(codecs, config.compression_type) == codecs.end()) {
    return invalid(
        fmt::format("compression.type: '{}' is none of {}", config.compression_type, fmt::join(codecs, ", ")));
  }
  return {};
}

}  // namespace

std::span<const Setting> settings() { return table; }

std::vector<Listener> Config::client_listeners() const {
  std::vector<Listener> clients;
  std::ranges::copy_if(listeners, std::back_inserter(clients), [this](const Listener& listener) {
    return std::ranges::find(controller_listener_names, listener.name) == controller_listener_names.end();
  });
  return clients;
}

std::size_t Config::cores() const {
  return num_network_threads > 0 ? static_cast<std::size_t>(num_network_threads)
                                 : std::max(1U, std::thread::hardware_concurrency());
}

Result<ParsedConfig> parse_config(std::span<const GivenSetting> given) {
  ParsedConfig parsed;
  std::map<std::string_view, const GivenSetting*> last;  // by name: the last one wins
  for (const GivenSetting& one : given) {
    last[one.name] = &one;
  }
  for (const Setting& setting : table) {
    const auto found = last.find(setting.name);
    if (found == last.end() && setting.default_text.empty()) {
      continue;
    }
    const std::string_view text = found != last.end() ? found->second->value : setting.default_text;
    if (auto assigned = assign(parsed.config, setting, text); !assigned) {
      return invalid(fmt::format("{}: {}: {}", found->second->source, setting.name, assigned.error().message));
    }
  }
  for (const auto& [name, one] : last) {
    parsed.config.given[std::string(name)] = one->value;
    if (broker_setting_has_effect(name)) {
      continue;
    }
    if (!is_kafka_setting(name)) {
      return invalid(
          fmt::format("{}: no setting is called '{}'; the nearest is '{}'", one->source, name, nearest_setting(name)));
    }
    parsed.warnings.push_back(
        fmt::format("warning: {}: {} is a Kafka setting that has no effect here", one->source, name));
  }
  if (auto checked = check_whole(parsed.config); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  return parsed;
}

}  // namespace ottla
