// Produce 3-13. Advertised from version 0: librdkafka before 2.8 switches compression off otherwise (KAFKA-18659).
// Topic ids from 13 (KIP-516).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ProduceResponse {
  struct TopicProduceResponse {
    struct PartitionProduceResponse {
      struct BatchIndexAndErrorMessage {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message;
        static void fields(auto& v, auto& m) {
          v("BatchIndex", m.batch_index, since(8));
          v("BatchIndexErrorMessage", m.batch_index_error_message, since(8), nullable_since(8));
        }
      };
      struct LeaderIdAndEpoch {
        BrokerId leader_id;
        LeaderEpoch leader_epoch;
        static void fields(auto& v, auto& m) {
          v("LeaderId", m.leader_id, since(10));
          v("LeaderEpoch", m.leader_epoch, since(10));
        }
      };
      std::int32_t index = 0;
      ErrorCode error_code = ErrorCode::NONE;
      Offset base_offset;
      std::int64_t log_append_time_ms = -1;
      Offset log_start_offset{-1};
      std::vector<BatchIndexAndErrorMessage> record_errors;
      std::optional<std::string> error_message;
      LeaderIdAndEpoch current_leader;
      static void fields(auto& v, auto& m) {
        v("Index", m.index);
        v("ErrorCode", m.error_code);
        v("BaseOffset", m.base_offset);
        v("LogAppendTimeMs", m.log_append_time_ms);
        v("LogStartOffset", m.log_start_offset, since(5));
        v("RecordErrors", m.record_errors, since(8));
        v("ErrorMessage", m.error_message, since(8), nullable_since(8));
        v("CurrentLeader", m.current_leader, since(10), tag(0));
      }
    };
    std::string name;
    Uuid topic_id;
    std::vector<PartitionProduceResponse> partition_responses;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, until(12));
      v("TopicId", m.topic_id, since(13));
      v("PartitionResponses", m.partition_responses);
    }
  };
  struct NodeEndpoint {
    BrokerId node_id{0};
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    static void fields(auto& v, auto& m) {
      v("NodeId", m.node_id, since(10));
      v("Host", m.host, since(10));
      v("Port", m.port, since(10));
      v("Rack", m.rack, since(10), nullable_since(10));
    }
  };
  std::vector<TopicProduceResponse> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;
  static void fields(auto& v, auto& m) {
    v("Responses", m.responses);
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("NodeEndpoints", m.node_endpoints, since(10), tag(0));
  }
};

struct ProduceRequest {
  using Response = ProduceResponse;
  static constexpr Api api{.key = 0, .name = "Produce", .versions = {3, 13}, .flexible = 9, .advertised_min = 0};

  struct TopicProduceData {
    struct PartitionProduceData {
      std::int32_t index = 0;
      Records records;
      static void fields(auto& v, auto& m) {
        v("Index", m.index);
        v("Records", m.records, nullable_since(0));
      }
    };
    std::string_view name;
    Uuid topic_id;
    std::vector<PartitionProduceData> partition_data;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, until(12));
      v("TopicId", m.topic_id, since(13));
      v("PartitionData", m.partition_data);
    }
  };
  std::optional<std::string_view> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicProduceData> topic_data;
  static void fields(auto& v, auto& m) {
    v("TransactionalId", m.transactional_id, nullable_since(3));
    v("Acks", m.acks);
    v("TimeoutMs", m.timeout_ms);
    v("TopicData", m.topic_data);
  }
};

}  // namespace ottla
