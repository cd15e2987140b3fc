// JoinGroup 0-9. Rebalance time-out from version 1, static members from 5 (KIP-345), a reason from 8 (KIP-800),
// SkipAssignment from 9 (KIP-814).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct JoinGroupResponse {
  struct JoinGroupResponseMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    Bytes metadata;
    static void fields(auto& v, auto& m) {
      v("MemberId", m.member_id);
      v("GroupInstanceId", m.group_instance_id, since(5), nullable_since(5));
      v("Metadata", m.metadata);
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name = std::string{};
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinGroupResponseMember> members;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(2));
    v("ErrorCode", m.error_code);
    v("GenerationId", m.generation_id);
    v("ProtocolType", m.protocol_type, since(7), nullable_since(7));
    v("ProtocolName", m.protocol_name, nullable_since(7));
    v("Leader", m.leader);
    v("SkipAssignment", m.skip_assignment, since(9));
    v("MemberId", m.member_id);
    v("Members", m.members);
  }
};

struct JoinGroupRequest {
  using Response = JoinGroupResponse;
  static constexpr Api api{.key = 11, .name = "JoinGroup", .versions = {0, 9}, .flexible = 6};

  struct JoinGroupRequestProtocol {
    std::string name;
    Bytes metadata;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Metadata", m.metadata);
    }
  };
  std::string group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string protocol_type;
  std::vector<JoinGroupRequestProtocol> protocols;
  std::optional<std::string> reason;
  static void fields(auto& v, auto& m) {
    v("GroupId", m.group_id);
    v("SessionTimeoutMs", m.session_timeout_ms);
    v("RebalanceTimeoutMs", m.rebalance_timeout_ms, since(1));
    v("MemberId", m.member_id);
    v("GroupInstanceId", m.group_instance_id, since(5), nullable_since(5));
    v("ProtocolType", m.protocol_type);
    v("Protocols", m.protocols);
    v("Reason", m.reason, since(8), nullable_since(8));
  }
};

}  // namespace ottla
