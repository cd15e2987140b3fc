// CreatePartitions 0-3 (KIP-195).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct CreatePartitionsResponse {
  struct CreatePartitionsTopicResult {
    std::string name;
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, nullable_since(0));
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<CreatePartitionsTopicResult> results;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Results", m.results);
  }
};

struct CreatePartitionsRequest {
  using Response = CreatePartitionsResponse;
  static constexpr Api api{.key = 37, .name = "CreatePartitions", .versions = {0, 3}, .flexible = 2};

  struct CreatePartitionsTopic {
    struct CreatePartitionsAssignment {
      std::vector<BrokerId> broker_ids;
      static void fields(auto& v, auto& m) { v("BrokerIds", m.broker_ids); }
    };
    std::string name;
    std::int32_t count = 0;
    std::optional<std::vector<CreatePartitionsAssignment>> assignments = std::vector<CreatePartitionsAssignment>{};
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Count", m.count);
      v("Assignments", m.assignments, nullable_since(0));
    }
  };
  std::vector<CreatePartitionsTopic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics);
    v("TimeoutMs", m.timeout_ms);
    v("ValidateOnly", m.validate_only);
  }
};

}  // namespace ottla
