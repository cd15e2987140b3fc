// Heartbeat 0-4. Static members from version 3 (KIP-345).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct HeartbeatResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("ErrorCode", m.error_code);
  }
};

struct HeartbeatRequest {
  using Response = HeartbeatResponse;
  static constexpr Api api{.key = 12, .name = "Heartbeat", .versions = {0, 4}, .flexible = 4};

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("GenerationId", m.generation_id);
    v("MemberId", m.member_id);
    v("GroupInstanceId", m.group_instance_id, since(3), nullable_since(3));
  }
};

}  // namespace ottla
