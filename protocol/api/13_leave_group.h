// LeaveGroup 0-5. Many members at once from version 3 (KIP-345), a reason from 5 (KIP-800).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct LeaveGroupResponse {
  struct MemberResponse {
    std::string member_id;
    std::optional<std::string> group_instance_id = std::string{};
    ErrorCode error_code = ErrorCode::NONE;
    static void fields(auto& v, auto& m) {
      v("MemberId", m.member_id, since(3));
      v("GroupInstanceId", m.group_instance_id, since(3), nullable_since(3));
      v("ErrorCode", m.error_code, since(3));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<MemberResponse> members;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("ErrorCode", m.error_code);
    v("Members", m.members, since(3));
  }
};

struct LeaveGroupRequest {
  using Response = LeaveGroupResponse;
  static constexpr Api api{.key = 13, .name = "LeaveGroup", .versions = {0, 5}, .flexible = 4};

  struct MemberIdentity {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> reason;
    static void fields(auto& v, auto& m) {
      v("MemberId", m.member_id, since(3));
      v("GroupInstanceId", m.group_instance_id, since(3), nullable_since(3));
      v("Reason", m.reason, since(5), nullable_since(5));
    }
  };
  std::string group_id;
  std::string member_id;
  std::vector<MemberIdentity> members;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("MemberId", m.member_id, until(2));
    v("Members", m.members, since(3));
  }
};

}  // namespace ottla
