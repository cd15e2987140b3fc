// UnregisterBroker 0 (KIP-500, KIP-853).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct UnregisterBrokerResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = "";
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
  }
};

struct UnregisterBrokerRequest {
  using Response = UnregisterBrokerResponse;
  static constexpr Api api{.key = 64, .name = "UnregisterBroker", .versions = {0, 0}, .flexible = 0};

  BrokerId broker_id{0};
  static void fields(auto& v, auto& m) { v("BrokerId", m.broker_id); }
};

}  // namespace ottla
