// DescribeGroups 0-6. GROUP_ID_NOT_FOUND for a group that is not there from version 6 (KIP-1043).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeGroupsResponse {
  struct DescribedGroup {
    struct DescribedGroupMember {
      std::string member_id;
      std::optional<std::string> group_instance_id;
      std::string client_id;
      std::string client_host;
      Bytes member_metadata;
      Bytes member_assignment;
      static void fields(auto& v, auto& m) {
        v("MemberId", m.member_id);
        v("GroupInstanceId", m.group_instance_id, since(4), nullable_since(4));
        v("ClientId", m.client_id);
        v("ClientHost", m.client_host);
        v("MemberMetadata", m.member_metadata);
        v("MemberAssignment", m.member_assignment);
      }
    };
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::string protocol_type;
    std::string protocol_data;
    std::vector<DescribedGroupMember> members;
    std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, since(6), nullable_since(6));
      v("GroupId", m.group_id);
      v("GroupState", m.group_state);
      v("ProtocolType", m.protocol_type);
      v("ProtocolData", m.protocol_data);
      v("Members", m.members);
      v("AuthorizedOperations", m.authorized_operations, since(3));
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("Groups", m.groups);
  }
};

struct DescribeGroupsRequest {
  using Response = DescribeGroupsResponse;
  static constexpr Api api{.key = 15, .name = "DescribeGroups", .versions = {0, 6}, .flexible = 5};

  std::vector<std::string> groups;
  bool include_authorized_operations = false;
  static void fields(auto& v, auto& m) {
    v("Groups", m.groups);
    v("IncludeAuthorizedOperations", m.include_authorized_operations, since(3));
  }
};

}  // namespace ottla
