// DeleteGroups 0-2. KIP-229.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DeleteGroupsResponse {
  struct DeletableGroupResult {
    std::string group_id;
    ErrorCode error_code = ErrorCode::NONE;
    static void fields(auto& v, auto& m) {
      v("GroupId", m.group_id);
      v("ErrorCode", m.error_code);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableGroupResult> results;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Results", m.results);
  }
};

struct DeleteGroupsRequest {
  using Response = DeleteGroupsResponse;
  static constexpr Api api{.key = 42, .name = "DeleteGroups", .versions = {0, 2}, .flexible = 2};

  std::vector<std::string> groups_names;
  static void fields(auto& v, auto& m) { v("GroupsNames", m.groups_names); }
};

}  // namespace ottla
