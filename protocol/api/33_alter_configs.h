// AlterConfigs 0-2 (KIP-133).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct AlterConfigsResponse {
  struct AlterConfigsResourceResponse {
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message = std::string{};
    std::int8_t resource_type = 0;
    std::string resource_name;
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, nullable_since(0));
      v("ResourceType", m.resource_type);
      v("ResourceName", m.resource_name);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Responses", m.responses);
  }
};

struct AlterConfigsRequest {
  using Response = AlterConfigsResponse;
  static constexpr Api api{.key = 33, .name = "AlterConfigs", .versions = {0, 2}, .flexible = 2};

  struct AlterConfigsResource {
    struct AlterableConfig {
      std::string name;
      std::optional<std::string> value = std::string{};
      static void fields(auto& v, auto& m) {
        v("Name", m.name);
        v("Value", m.value, nullable_since(0));
      }
    };
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<AlterableConfig> configs;
    static void fields(auto& v, auto& m) {
      v("ResourceType", m.resource_type);
      v("ResourceName", m.resource_name);
      v("Configs", m.configs);
    }
  };
  std::vector<AlterConfigsResource> resources;
  bool validate_only = false;
  static void fields(auto& v, auto& m) {
    v("Resources", m.resources);
    v("ValidateOnly", m.validate_only);
  }
};

}  // namespace ottla
