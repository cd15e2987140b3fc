// Every setting under Kafka's name. The table in config_table.cc has names, defaults, bounds and reasons; what a
// setting means to the code is a member here. Parsing, --help and the documentation derive from the table.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

// "NAME://host:port". An empty host is every interface; port 0 is any free port.
struct Listener {
  std::string name;
  std::string host;
  std::int32_t port = 0;
};

// "id@host:port" of controller.quorum.voters.
struct QuorumVoter {
  BrokerId id;
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const QuorumVoter&, const QuorumVoter&) = default;
};

struct Config {
  // Not settings: --import-kafka, and whether the node id is asked for or only the default.
  bool import_kafka = false;
  bool node_id_is_given = false;

  BrokerId node_id;
  std::vector<Listener> listeners;
  std::vector<Listener> advertised_listeners;
  std::vector<std::string> controller_listener_names;
  std::map<std::string, std::string> listener_security_protocol_map;
  std::vector<QuorumVoter> controller_quorum_voters;  // by id
  std::string inter_broker_listener_name;
  std::vector<std::string> log_dirs;
  std::optional<std::string> cluster_id;  // in a cluster always set: from the voters, if it is not given
  std::optional<std::string> broker_rack;
  std::string http_listener;

  std::int32_t num_network_threads = 0;
  std::int32_t socket_request_max_bytes = 0;
  std::int64_t connections_max_idle_ms = 0;
  std::int64_t connection_handshake_timeout_ms = 0;
  std::int32_t max_connections = 0;
  std::int32_t max_connections_per_ip = 0;
  std::map<std::string, std::int32_t> max_connections_per_ip_overrides;
  std::int32_t max_connection_creation_rate = 0;
  std::int64_t queued_max_request_bytes = 0;

  std::int32_t num_partitions = 0;
  bool auto_create_topics_enable = false;
  bool delete_topic_enable = false;
  std::int32_t max_partitions_per_cluster = 0;

  std::int32_t message_max_bytes = 0;
  std::int32_t fetch_max_bytes = 0;
  std::int32_t max_incremental_fetch_session_cache_slots = 0;
  std::int64_t decompression_max_bytes = 0;
  std::int64_t decompression_max_ratio = 0;
  std::string log_message_timestamp_type;
  std::vector<std::string> log_cleanup_policy;

  std::int32_t log_segment_bytes = 0;
  std::int64_t log_roll_ms = 0;
  std::int32_t log_index_size_max_bytes = 0;
  std::int32_t log_index_interval_bytes = 0;
  std::int64_t log_flush_interval_messages = 0;
  std::int32_t producer_id_expiration_ms = 0;
  std::int32_t num_recovery_threads_per_data_dir = 0;

  std::int64_t log_retention_ms = 0;  // negative: for ever
  std::int64_t log_retention_bytes = 0;
  std::int64_t log_retention_check_interval_ms = 0;
  std::int64_t log_cleaner_backoff_ms = 0;
  std::int64_t log_cleaner_delete_retention_ms = 0;
  std::int64_t log_cleaner_dedupe_buffer_size = 0;
  std::int64_t log_cleaner_min_compaction_lag_ms = 0;
  std::int64_t log_cleaner_max_compaction_lag_ms = 0;
  std::int64_t log_flush_offset_checkpoint_interval_ms = 0;
  std::int64_t log_message_timestamp_before_max_ms = 0;
  std::int64_t log_message_timestamp_after_max_ms = 0;
  std::string compression_type;
  std::int64_t log_dir_reserved_bytes = 0;

  std::int32_t offsets_topic_num_partitions = 0;
  std::int32_t offsets_topic_segment_bytes = 0;
  std::int32_t offset_metadata_max_bytes = 0;
  std::int32_t offsets_retention_minutes = 0;
  std::int64_t offsets_retention_check_interval_ms = 0;
  std::int32_t default_replication_factor = 0;
  std::int32_t min_insync_replicas = 0;
  std::int32_t broker_heartbeat_interval_ms = 0;
  std::int32_t broker_session_timeout_ms = 0;
  std::int64_t replica_lag_time_max_ms = 0;
  std::int32_t replica_fetch_wait_max_ms = 0;
  std::int32_t replica_fetch_max_bytes = 0;
  std::int32_t replica_fetch_backoff_ms = 0;
  std::string replica_selector_class;
  bool auto_leader_rebalance_enable = false;
  std::int64_t leader_imbalance_check_interval_seconds = 0;

  std::int32_t group_min_session_timeout_ms = 0;
  std::int32_t group_max_session_timeout_ms = 0;
  std::int32_t group_initial_rebalance_delay_ms = 0;
  std::int32_t group_max_size = 0;
  std::int64_t group_members_max_bytes = 0;
  std::int32_t group_consumer_max_size = 0;
  std::int32_t group_consumer_session_timeout_ms = 0;
  std::int32_t group_consumer_heartbeat_interval_ms = 0;

  // What the values above come from, by name: as given at the start, and as AlterConfigs set it for all brokers and for
  // this one. The later wins (config_layers.h).
  std::map<std::string, std::string> given;
  std::map<std::string, std::string> dynamic_default;
  std::map<std::string, std::string> dynamic_broker;

  // Voters are given: this broker is one of several, or may become it.
  [[nodiscard]] bool is_cluster() const { return !controller_quorum_voters.empty(); }
  static constexpr std::string_view rack_aware_selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
  static constexpr std::string_view leader_selector = "org.apache.kafka.common.replica.LeaderSelector";
  [[nodiscard]] bool selects_replica_by_rack() const { return replica_selector_class == rack_aware_selector; }
  // By this listener brokers reach one another.
  [[nodiscard]] bool is_inter_broker(std::string_view listener_name) const {
    return is_cluster() && listener_name == inter_broker_listener_name;
  }
  // Those of `listeners` that are opened: all but the controller's own.
  [[nodiscard]] std::vector<Listener> opened_listeners() const;
  // Those of them that clients use.
  [[nodiscard]] std::vector<Listener> client_listeners() const;
  // num.network.threads, or one for each processor.
  [[nodiscard]] std::size_t cores() const;
};

using ConfigMember =
    std::variant<bool Config::*, std::int32_t Config::*, std::int64_t Config::*, BrokerId Config::*,
                 std::string Config::*, std::optional<std::string> Config::*, std::vector<std::string> Config::*,
                 std::vector<Listener> Config::*, std::vector<QuorumVoter> Config::*,
                 std::map<std::string, std::string> Config::*, std::map<std::string, std::int32_t> Config::*>;

struct Setting {
  std::string_view name;
  ConfigMember member;
  std::string_view default_text;  // as it would stand in a file; empty: not set
  std::string_view reason;
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t scale = 1;  // the member counts `scale` of the setting's units (log.roll.hours in ms)
};

// In rising precedence where several name the same member (log.dir, then log.dirs).
std::span<const Setting> settings();

// A setting as it was given, and where ("server.properties:12", "--set").
struct GivenSetting {
  std::string name;
  std::string value;
  std::string source;
};

struct ParsedConfig {
  Config config;
  std::vector<std::string> warnings;  // one line each: settings of Kafka's that have no effect here
};

// Later settings win over earlier ones. Error INVALID_CONFIG, one line: the name, where it stood, and what is near it.
Result<ParsedConfig> parse_config(std::span<const GivenSetting> given);

}  // namespace ottla
