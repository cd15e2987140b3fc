// Metadata 0-13. Topic ids from version 10 (KIP-516); topics may be asked for by id alone from 12.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct MetadataResponse {
  struct MetadataResponseBroker {
    BrokerId node_id{0};
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    static void fields(auto& v, auto& m) {
      v("NodeId", m.node_id);
      v("Host", m.host);
      v("Port", m.port);
      v("Rack", m.rack, since(1), nullable_since(1));
    }
  };
  struct MetadataResponseTopic {
    struct MetadataResponsePartition {
      ErrorCode error_code = ErrorCode::NONE;
      std::int32_t partition_index = 0;
      BrokerId leader_id{0};
      LeaderEpoch leader_epoch;
      std::vector<BrokerId> replica_nodes;
      std::vector<BrokerId> isr_nodes;
      std::vector<BrokerId> offline_replicas;
      static void fields(auto& v, auto& m) {
        v("ErrorCode", m.error_code);
        v("PartitionIndex", m.partition_index);
        v("LeaderId", m.leader_id);
        v("LeaderEpoch", m.leader_epoch, since(7));
        v("ReplicaNodes", m.replica_nodes);
        v("IsrNodes", m.isr_nodes);
        v("OfflineReplicas", m.offline_replicas, since(5));
      }
    };
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> name = std::string{};
    Uuid topic_id;
    bool is_internal = false;
    std::vector<MetadataResponsePartition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("Name", m.name, nullable_since(12));
      v("TopicId", m.topic_id, since(10));
      v("IsInternal", m.is_internal, since(1));
      v("Partitions", m.partitions);
      v("TopicAuthorizedOperations", m.topic_authorized_operations, since(8));
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<MetadataResponseBroker> brokers;
  std::optional<std::string> cluster_id;
  BrokerId controller_id;
  std::vector<MetadataResponseTopic> topics;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
  ErrorCode error_code = ErrorCode::NONE;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(3));
    v("Brokers", m.brokers);
    v("ClusterId", m.cluster_id, since(2), nullable_since(2));
    v("ControllerId", m.controller_id, since(1));
    v("Topics", m.topics);
    v("ClusterAuthorizedOperations", m.cluster_authorized_operations, since(8), until(10));
    v("ErrorCode", m.error_code, since(13));
  }
};

struct MetadataRequest {
  using Response = MetadataResponse;
  static constexpr Api api{.key = 3, .name = "Metadata", .versions = {0, 13}, .flexible = 9};

  struct MetadataRequestTopic {
    Uuid topic_id;
    std::optional<std::string> name = std::string{};
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id, since(10));
      v("Name", m.name, nullable_since(10));
    }
  };
  std::optional<std::vector<MetadataRequestTopic>> topics = std::vector<MetadataRequestTopic>{};
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics, nullable_since(1));
    v("AllowAutoTopicCreation", m.allow_auto_topic_creation, since(4));
    v("IncludeClusterAuthorizedOperations", m.include_cluster_authorized_operations, since(8), until(10));
    v("IncludeTopicAuthorizedOperations", m.include_topic_authorized_operations, since(8));
  }
};

}  // namespace ottla
