// DescribeConfigs 1-4. Synonyms from version 1 (KIP-226), types and documentation from 3 (KIP-569).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeConfigsResponse {
  struct DescribeConfigsResult {
    struct DescribeConfigsResourceResult {
      struct DescribeConfigsSynonym {
        std::string name;
        std::optional<std::string> value = std::string{};
        std::int8_t source = 0;
        static void fields(auto& v, auto& m) {
          v("Name", m.name);
          v("Value", m.value, nullable_since(0));
          v("Source", m.source);
        }
      };
      std::string name;
      std::optional<std::string> value = std::string{};
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;
      std::vector<DescribeConfigsSynonym> synonyms;
      std::int8_t config_type = 0;
      std::optional<std::string> documentation = std::string{};
      static void fields(auto& v, auto& m) {
        v("Name", m.name);
        v("Value", m.value, nullable_since(0));
        v("ReadOnly", m.read_only);
        v("ConfigSource", m.config_source);
        v("IsSensitive", m.is_sensitive);
        v("Synonyms", m.synonyms);
        v("ConfigType", m.config_type, since(3));
        v("Documentation", m.documentation, since(3), nullable_since(0));
      }
    };
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message = std::string{};
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<DescribeConfigsResourceResult> configs;
    static void fields(auto& v, auto& m) {
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, nullable_since(0));
      v("ResourceType", m.resource_type);
      v("ResourceName", m.resource_name);
      v("Configs", m.configs);
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResult> results;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Results", m.results);
  }
};

struct DescribeConfigsRequest {
  using Response = DescribeConfigsResponse;
  static constexpr Api api{.key = 32, .name = "DescribeConfigs", .versions = {1, 4}, .flexible = 4};

  struct DescribeConfigsResource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>{};
    static void fields(auto& v, auto& m) {
      v("ResourceType", m.resource_type);
      v("ResourceName", m.resource_name);
      v("ConfigurationKeys", m.configuration_keys, nullable_since(0));
    }
  };
  std::vector<DescribeConfigsResource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;
  static void fields(auto& v, auto& m) {
    v("Resources", m.resources);
    v("IncludeSynonyms", m.include_synonyms);
    v("IncludeDocumentation", m.include_documentation, since(3));
  }
};

}  // namespace ottla
