// CreateTopics 2-7. -1 for partitions and replication factor: the broker's defaults (KIP-464). Effective settings from
// 5 (KIP-525).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct CreateTopicsResponse {
  struct CreatableTopicResult {
    struct CreatableTopicConfigs {
      std::string name;
      std::optional<std::string> value = std::string{};
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;
      static void fields(auto& v, auto& m) {
        v("Name", m.name, since(5));
        v("Value", m.value, since(5), nullable_since(5));
        v("ReadOnly", m.read_only, since(5));
        v("ConfigSource", m.config_source, since(5));
        v("IsSensitive", m.is_sensitive, since(5));
      }
    };
    std::string name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message = std::string{};
    ErrorCode topic_config_error_code = ErrorCode::NONE;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<CreatableTopicConfigs>> configs = std::vector<CreatableTopicConfigs>{};
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("TopicId", m.topic_id, since(7));
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, nullable_since(0));
      v("TopicConfigErrorCode", m.topic_config_error_code, since(5), tag(0));
      v("NumPartitions", m.num_partitions, since(5));
      v("ReplicationFactor", m.replication_factor, since(5));
      v("Configs", m.configs, since(5), nullable_since(5));
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<CreatableTopicResult> topics;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Topics", m.topics);
  }
};

struct CreateTopicsRequest {
  using Response = CreateTopicsResponse;
  static constexpr Api api{.key = 19, .name = "CreateTopics", .versions = {2, 7}, .flexible = 5};

  struct CreatableTopic {
    struct CreatableReplicaAssignment {
      std::int32_t partition_index = 0;
      std::vector<BrokerId> broker_ids;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("BrokerIds", m.broker_ids);
      }
    };
    struct CreatableTopicConfig {
      std::string name;
      std::optional<std::string> value = std::string{};
      static void fields(auto& v, auto& m) {
        v("Name", m.name);
        v("Value", m.value, nullable_since(0));
      }
    };
    std::string name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<CreatableReplicaAssignment> assignments;
    std::vector<CreatableTopicConfig> configs;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("NumPartitions", m.num_partitions);
      v("ReplicationFactor", m.replication_factor);
      v("Assignments", m.assignments);
      v("Configs", m.configs);
    }
  };
  std::vector<CreatableTopic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics);
    v("timeoutMs", m.timeout_ms);
    v("validateOnly", m.validate_only);
  }
};

}  // namespace ottla
