// Fetch 4-18. Sessions from version 7 (KIP-227), truncation by epoch from 12 (KIP-595), topic ids from 13 (KIP-516).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct FetchResponse {
  struct FetchableTopicResponse {
    struct PartitionData {
      struct EpochEndOffset {
        LeaderEpoch epoch;
        Offset end_offset{-1};
        static void fields(auto& v, auto& m) {
          v("Epoch", m.epoch, since(12));
          v("EndOffset", m.end_offset, since(12));
        }
      };
      struct LeaderIdAndEpoch {
        BrokerId leader_id;
        LeaderEpoch leader_epoch;
        static void fields(auto& v, auto& m) {
          v("LeaderId", m.leader_id, since(12));
          v("LeaderEpoch", m.leader_epoch, since(12));
        }
      };
      struct SnapshotId {
        Offset end_offset{-1};
        LeaderEpoch epoch;
        static void fields(auto& v, auto& m) {
          v("EndOffset", m.end_offset);
          v("Epoch", m.epoch);
        }
      };
      struct AbortedTransaction {
        std::int64_t producer_id = 0;
        Offset first_offset;
        static void fields(auto& v, auto& m) {
          v("ProducerId", m.producer_id);
          v("FirstOffset", m.first_offset);
        }
      };
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      Offset high_watermark;
      Offset last_stable_offset{-1};
      Offset log_start_offset{-1};
      EpochEndOffset diverging_epoch;
      LeaderIdAndEpoch current_leader;
      SnapshotId snapshot_id;
      std::optional<std::vector<AbortedTransaction>> aborted_transactions = std::vector<AbortedTransaction>{};
      BrokerId preferred_read_replica;
      Records records;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
        v("HighWatermark", m.high_watermark);
        v("LastStableOffset", m.last_stable_offset);
        v("LogStartOffset", m.log_start_offset, since(5));
        v("DivergingEpoch", m.diverging_epoch, since(12), tag(0));
        v("CurrentLeader", m.current_leader, since(12), tag(1));
        v("SnapshotId", m.snapshot_id, since(12), tag(2));
        v("AbortedTransactions", m.aborted_transactions, nullable_since(4));
        v("PreferredReadReplica", m.preferred_read_replica, since(11));
        v("Records", m.records, nullable_since(0));
      }
    };
    std::string topic;
    Uuid topic_id;
    std::vector<PartitionData> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic, until(12));
      v("TopicId", m.topic_id, since(13));
      v("Partitions", m.partitions);
    }
  };
  struct NodeEndpoint {
    BrokerId node_id{0};
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    static void fields(auto& v, auto& m) {
      v("NodeId", m.node_id, since(16));
      v("Host", m.host, since(16));
      v("Port", m.port, since(16));
      v("Rack", m.rack, since(16), nullable_since(16));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::int32_t session_id = 0;
  std::vector<FetchableTopicResponse> responses;
  std::vector<NodeEndpoint> node_endpoints;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code, since(7));
    v("SessionId", m.session_id, since(7));
    v("Responses", m.responses);
    v("NodeEndpoints", m.node_endpoints, since(16), tag(0));
  }
};

struct FetchRequest {
  using Response = FetchResponse;
  static constexpr Api api{.key = 1, .name = "Fetch", .versions = {4, 18}, .flexible = 12};

  struct ReplicaState {
    BrokerId replica_id;
    std::int64_t replica_epoch = -1;
    static void fields(auto& v, auto& m) {
      v("ReplicaId", m.replica_id, since(15));
      v("ReplicaEpoch", m.replica_epoch, since(15));
    }
  };
  struct FetchTopic {
    struct FetchPartition {
      std::int32_t partition = 0;
      LeaderEpoch current_leader_epoch;
      Offset fetch_offset;
      LeaderEpoch last_fetched_epoch;
      Offset log_start_offset{-1};
      std::int32_t partition_max_bytes = 0;
      Uuid replica_directory_id;
      Offset high_watermark{std::numeric_limits<std::int64_t>::max()};
      static void fields(auto& v, auto& m) {
        v("Partition", m.partition);
        v("CurrentLeaderEpoch", m.current_leader_epoch, since(9));
        v("FetchOffset", m.fetch_offset);
        v("LastFetchedEpoch", m.last_fetched_epoch, since(12));
        v("LogStartOffset", m.log_start_offset, since(5));
        v("PartitionMaxBytes", m.partition_max_bytes);
        v("ReplicaDirectoryId", m.replica_directory_id, since(17), tag(0));
        v("HighWatermark", m.high_watermark, since(18), tag(1));
      }
    };
    std::string_view topic;
    Uuid topic_id;
    std::vector<FetchPartition> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic, until(12));
      v("TopicId", m.topic_id, since(13));
      v("Partitions", m.partitions);
    }
  };
  struct ForgottenTopic {
    std::string_view topic;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("Topic", m.topic, since(7), until(12));
      v("TopicId", m.topic_id, since(13));
      v("Partitions", m.partitions, since(7));
    }
  };
  std::optional<std::string_view> cluster_id;
  BrokerId replica_id;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<FetchTopic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string_view rack_id;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id, since(12), nullable_since(12), tag(0));
    v("ReplicaId", m.replica_id, until(14));
    v("ReplicaState", m.replica_state, since(15), tag(1));
    v("MaxWaitMs", m.max_wait_ms);
    v("MinBytes", m.min_bytes);
    v("MaxBytes", m.max_bytes);
    v("IsolationLevel", m.isolation_level);
    v("SessionId", m.session_id, since(7));
    v("SessionEpoch", m.session_epoch, since(7));
    v("Topics", m.topics);
    v("ForgottenTopicsData", m.forgotten_topics_data, since(7));
    v("RackId", m.rack_id, since(11));
  }
};

}  // namespace ottla
