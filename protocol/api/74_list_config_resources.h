// ListConfigResources 0-1. Client metrics alone in version 0 (KIP-714), any type from 1 (KIP-1142).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ListConfigResourcesResponse {
  struct ConfigResource {
    std::string resource_name;
    std::int8_t resource_type = 16;
    static void fields(auto& v, auto& m) {
      v("ResourceName", m.resource_name);
      v("ResourceType", m.resource_type, since(1));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<ConfigResource> config_resources;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ConfigResources", m.config_resources);
  }
};

struct ListConfigResourcesRequest {
  using Response = ListConfigResourcesResponse;
  static constexpr Api api{.key = 74, .name = "ListConfigResources", .versions = {0, 1}, .flexible = 0};

  std::vector<std::int8_t> resource_types;
  static void fields(auto& v, auto& m) { v("ResourceTypes", m.resource_types, since(1)); }
};

}  // namespace ottla
