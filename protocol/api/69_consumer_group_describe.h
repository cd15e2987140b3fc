// ConsumerGroupDescribe 0-1 (KIP-848): groups of the new protocol, and what each member has and will have. Whether a
// member speaks the classic protocol from version 1 (KIP-1099).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ConsumerGroupDescribeResponse {
  struct TopicPartitions {
    Uuid topic_id;
    std::string topic_name;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("TopicName", m.topic_name);
      v("Partitions", m.partitions);
    }
  };
  struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
    static void fields(auto& v, auto& m) { v("TopicPartitions", m.topic_partitions); }
  };
  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t member_epoch = 0;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    Assignment assignment;
    Assignment target_assignment;
    std::int8_t member_type = -1;
    static void fields(auto& v, auto& m) {
      v("MemberId", m.member_id);
      v("InstanceId", m.instance_id, nullable_since(0));
      v("RackId", m.rack_id, nullable_since(0));
      v("MemberEpoch", m.member_epoch);
      v("ClientId", m.client_id);
      v("ClientHost", m.client_host);
      v("SubscribedTopicNames", m.subscribed_topic_names);
      v("SubscribedTopicRegex", m.subscribed_topic_regex, nullable_since(0));
      v("Assignment", m.assignment);
      v("TargetAssignment", m.target_assignment);
      v("MemberType", m.member_type, since(1));
    }
  };
  struct DescribedGroup {
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::string assignor_name;
    std::vector<Member> members;
    std::int32_t authorized_operations = -2147483648;
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, nullable_since(0));
      v("GroupId", m.group_id);
      v("GroupState", m.group_state);
      v("GroupEpoch", m.group_epoch);
      v("AssignmentEpoch", m.assignment_epoch);
      v("AssignorName", m.assignor_name);
      v("Members", m.members);
      v("AuthorizedOperations", m.authorized_operations);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Groups", m.groups);
  }
};

struct ConsumerGroupDescribeRequest {
  using Response = ConsumerGroupDescribeResponse;
  static constexpr Api api{.key = 69, .name = "ConsumerGroupDescribe", .versions = {0, 1}, .flexible = 0};

  std::vector<std::string> group_ids;
  bool include_authorized_operations = false;
  static void fields(auto& v, auto& m) {
    v("GroupIds", m.group_ids);
    v("IncludeAuthorizedOperations", m.include_authorized_operations);
  }
};

}  // namespace ottla
