// ListGroups 0-5. By state from version 4 (KIP-518), by type from 5 (KIP-848).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ListGroupsResponse {
  struct ListedGroup {
    std::string group_id;
    std::string protocol_type;
    std::string group_state;
    std::string group_type;
    static void fields(auto& v, auto& m) {
      v("GroupId", m.group_id);
      v("ProtocolType", m.protocol_type);
      v("GroupState", m.group_state, since(4));
      v("GroupType", m.group_type, since(5));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<ListedGroup> groups;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("ErrorCode", m.error_code);
    v("Groups", m.groups);
  }
};

struct ListGroupsRequest {
  using Response = ListGroupsResponse;
  static constexpr Api api{.key = 16, .name = "ListGroups", .versions = {0, 5}, .flexible = 3};

  std::vector<std::string> states_filter;
  std::vector<std::string> types_filter;
  static void fields(auto& v, auto& m) {
    v("StatesFilter", m.states_filter, since(4));
    v("TypesFilter", m.types_filter, since(5));
  }
};

}  // namespace ottla
