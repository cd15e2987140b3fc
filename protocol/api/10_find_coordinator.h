// FindCoordinator 0-6. Many keys at once from version 4 (KIP-699).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct FindCoordinatorResponse {
  struct Coordinator {
    std::string key;
    BrokerId node_id{0};
    std::string host;
    std::int32_t port = 0;
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message = std::string{};
    static void fields(auto& v, auto& m) {
      v("Key", m.key, since(4));
      v("NodeId", m.node_id, since(4));
      v("Host", m.host, since(4));
      v("Port", m.port, since(4));
      v("ErrorCode", m.error_code, since(4));
      v("ErrorMessage", m.error_message, since(4), nullable_since(4));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = std::string{};
  BrokerId node_id{0};
  std::string host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms, since(1));
    v("ErrorCode", m.error_code, until(3));
    v("ErrorMessage", m.error_message, since(1), until(3), nullable_since(1));
    v("NodeId", m.node_id, until(3));
    v("Host", m.host, until(3));
    v("Port", m.port, until(3));
    v("Coordinators", m.coordinators, since(4));
  }
};

struct FindCoordinatorRequest {
  using Response = FindCoordinatorResponse;
  static constexpr Api api{.key = 10, .name = "FindCoordinator", .versions = {0, 6}, .flexible = 3};

  std::string key;
  std::int8_t key_type = 0;
  std::vector<std::string> coordinator_keys;
  static void fields(auto& v, auto& m) {
    v("Key", m.key, until(3));
    v("KeyType", m.key_type, since(1));
    v("CoordinatorKeys", m.coordinator_keys, since(4));
  }
};

}  // namespace ottla
