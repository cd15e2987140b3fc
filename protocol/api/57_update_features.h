// UpdateFeatures 0-2 (KIP-584). Kinds of upgrade from version 1, no result per feature from 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct UpdateFeaturesResponse {
  struct UpdatableFeatureResult {
    std::string feature;
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message = std::string{};
    static void fields(auto& v, auto& m) {
      v("Feature", m.feature);
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, nullable_since(0));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = std::string{};
  std::vector<UpdatableFeatureResult> results;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
    v("Results", m.results, until(1));
  }
};

struct UpdateFeaturesRequest {
  using Response = UpdateFeaturesResponse;
  static constexpr Api api{.key = 57, .name = "UpdateFeatures", .versions = {0, 2}, .flexible = 0};

  struct FeatureUpdateKey {
    std::string feature;
    std::int16_t max_version_level = 0;
    bool allow_downgrade = false;
    std::int8_t upgrade_type = 1;
    static void fields(auto& v, auto& m) {
      v("Feature", m.feature);
      v("MaxVersionLevel", m.max_version_level);
      v("AllowDowngrade", m.allow_downgrade, until(0));
      v("UpgradeType", m.upgrade_type, since(1));
    }
  };
  std::int32_t timeout_ms = 60000;
  std::vector<FeatureUpdateKey> feature_updates;
  bool validate_only = false;
  static void fields(auto& v, auto& m) {
    v("timeoutMs", m.timeout_ms);
    v("FeatureUpdates", m.feature_updates);
    v("ValidateOnly", m.validate_only, since(1));
  }
};

}  // namespace ottla
