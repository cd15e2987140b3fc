// ApiVersions 0-4. The response header is version 0 always; an unknown request version is answered in version 0
// (KIP-511).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ApiVersionsResponse {
  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;
    static void fields(auto& v, auto& m) {
      v("ApiKey", m.api_key);
      v("MinVersion", m.min_version);
      v("MaxVersion", m.max_version);
    }
  };
  struct SupportedFeatureKey {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, since(3));
      v("MinVersion", m.min_version, since(3));
      v("MaxVersion", m.max_version, since(3));
    }
  };
  struct FinalizedFeatureKey {
    std::string name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, since(3));
      v("MaxVersionLevel", m.max_version_level, since(3));
      v("MinVersionLevel", m.min_version_level, since(3));
    }
  };
  ErrorCode error_code = ErrorCode::NONE;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("ApiKeys", m.api_keys);
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("SupportedFeatures", m.supported_features, since(3), tag(0));
    v("FinalizedFeaturesEpoch", m.finalized_features_epoch, since(3), tag(1));
    v("FinalizedFeatures", m.finalized_features, since(3), tag(2));
    v("ZkMigrationReady", m.zk_migration_ready, since(3), tag(3));
  }
};

struct ApiVersionsRequest {
  using Response = ApiVersionsResponse;
  static constexpr Api api{.key = 18, .name = "ApiVersions", .versions = {0, 4}, .flexible = 3};

  std::string client_software_name;
  std::string client_software_version;
  static void fields(auto& v, auto& m) {
    v("ClientSoftwareName", m.client_software_name, since(3));
    v("ClientSoftwareVersion", m.client_software_version, since(3));
  }
};

}  // namespace ottla
