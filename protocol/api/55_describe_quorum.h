// DescribeQuorum 0-2 (KIP-595; timestamps from version 1, KIP-836; nodes and directories from version 2, KIP-853).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeQuorumResponse {
  struct ReplicaState {
    BrokerId replica_id{0};
    Uuid replica_directory_id;
    std::int64_t log_end_offset = 0;
    std::int64_t last_fetch_timestamp = -1;      // of the leader: -1
    std::int64_t last_caught_up_timestamp = -1;  // of the leader: now
    static void fields(auto& v, auto& m) {
      v("ReplicaId", m.replica_id);
      v("ReplicaDirectoryId", m.replica_directory_id, since(2));
      v("LogEndOffset", m.log_end_offset);
      v("LastFetchTimestamp", m.last_fetch_timestamp, since(1));
      v("LastCaughtUpTimestamp", m.last_caught_up_timestamp, since(1));
    }
  };
  struct TopicData {
    struct PartitionData {
      std::int32_t partition_index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      std::optional<std::string> error_message = "";
      BrokerId leader_id{0};
      LeaderEpoch leader_epoch{0};
      std::int64_t high_watermark = 0;
      std::vector<ReplicaState> current_voters;
      std::vector<ReplicaState> observers;
      static void fields(auto& v, auto& m) {
        v("PartitionIndex", m.partition_index);
        v("ErrorCode", m.error_code);
        v("ErrorMessage", m.error_message, since(2), nullable_since(2));
        v("LeaderId", m.leader_id);
        v("LeaderEpoch", m.leader_epoch);
        v("HighWatermark", m.high_watermark);
        v("CurrentVoters", m.current_voters);
        v("Observers", m.observers);
      }
    };
    std::string topic_name;
    std::vector<PartitionData> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicName", m.topic_name);
      v("Partitions", m.partitions);
    }
  };
  struct Node {
    struct Listener {
      std::string name;
      std::string host;
      std::uint16_t port = 0;
      static void fields(auto& v, auto& m) {
        v("Name", m.name);
        v("Host", m.host);
        v("Port", m.port);
      }
    };
    BrokerId node_id{0};
    std::vector<Listener> listeners;
    static void fields(auto& v, auto& m) {
      v("NodeId", m.node_id);
      v("Listeners", m.listeners);
    }
  };
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = "";
  std::vector<TopicData> topics;
  std::vector<Node> nodes;
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, since(2), nullable_since(2));
    v("Topics", m.topics);
    v("Nodes", m.nodes, since(2));
  }
};

struct DescribeQuorumRequest {
  using Response = DescribeQuorumResponse;
  static constexpr Api api{.key = 55, .name = "DescribeQuorum", .versions = {0, 2}, .flexible = 0};

  struct TopicData {
    struct PartitionData {
      std::int32_t partition_index = 0;
      static void fields(auto& v, auto& m) { v("PartitionIndex", m.partition_index); }
    };
    std::string topic_name;
    std::vector<PartitionData> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicName", m.topic_name);
      v("Partitions", m.partitions);
    }
  };
  std::vector<TopicData> topics;
  static void fields(auto& v, auto& m) { v("Topics", m.topics); }
};

}  // namespace ottla
