// SyncGroup 0-5. Static members from version 3 (KIP-345), protocol type and name from 5 (KIP-559).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct SyncGroupResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Bytes assignment;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("ErrorCode", m.error_code);
    v("ProtocolType", m.protocol_type, since(5), nullable_since(5));
    v("ProtocolName", m.protocol_name, since(5), nullable_since(5));
    v("Assignment", m.assignment);
  }
};

struct SyncGroupRequest {
  using Response = SyncGroupResponse;
  static constexpr Api api{.key = 14, .name = "SyncGroup", .versions = {0, 5}, .flexible = 4};

  struct SyncGroupRequestAssignment {
    std::string member_id;
    Bytes assignment;
    static void fields(auto& v, auto& m) {
      v("MemberId", m.member_id);
      v("Assignment", m.assignment);
    }
  };
  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<SyncGroupRequestAssignment> assignments;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("GenerationId", m.generation_id);
    v("MemberId", m.member_id);
    v("GroupInstanceId", m.group_instance_id, since(3), nullable_since(3));
    v("ProtocolType", m.protocol_type, since(5), nullable_since(5));
    v("ProtocolName", m.protocol_name, since(5), nullable_since(5));
    v("Assignments", m.assignments);
  }
};

}  // namespace ottla
