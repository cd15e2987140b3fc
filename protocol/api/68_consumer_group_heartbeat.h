// ConsumerGroupHeartbeat 0-1 (KIP-848): joins, keeps alive, tells what a member owns, leaves; the answer says what it
// may own. From version 1 members make their own ids (KIP-1082) and may subscribe by a regular expression.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ConsumerGroupHeartbeatResponse {
  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
    }
  };
  struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
    static void fields(auto& v, auto& m) { v("TopicPartitions", m.topic_partitions); }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message;
  std::optional<std::string> member_id;
  std::int32_t member_epoch = 0;
  std::int32_t heartbeat_interval_ms = 0;
  std::optional<Assignment> assignment;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
    v("MemberId", m.member_id, nullable_since(0));
    v("MemberEpoch", m.member_epoch);
    v("HeartbeatIntervalMs", m.heartbeat_interval_ms);
    v("Assignment", m.assignment, nullable_since(0));
  }
};

struct ConsumerGroupHeartbeatRequest {
  using Response = ConsumerGroupHeartbeatResponse;
  static constexpr Api api{.key = 68, .name = "ConsumerGroupHeartbeat", .versions = {0, 1}, .flexible = 0};

  // Member epochs that are none.
  static constexpr std::int32_t join_epoch = 0;
  static constexpr std::int32_t leave_epoch = -1;
  static constexpr std::int32_t leave_static_epoch = -2;  // will come back

  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
    }
  };
  std::string group_id;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::vector<std::string>> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  std::optional<std::string> server_assignor;
  std::optional<std::vector<TopicPartitions>> topic_partitions;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("MemberId", m.member_id);
    v("MemberEpoch", m.member_epoch);
    v("InstanceId", m.instance_id, nullable_since(0));
    v("RackId", m.rack_id, nullable_since(0));
    v("RebalanceTimeoutMs", m.rebalance_timeout_ms);
    v("SubscribedTopicNames", m.subscribed_topic_names, nullable_since(0));
    v("SubscribedTopicRegex", m.subscribed_topic_regex, since(1), nullable_since(1));
    v("ServerAssignor", m.server_assignor, nullable_since(0));
    v("TopicPartitions", m.topic_partitions, nullable_since(0));
  }
};

}  // namespace ottla
