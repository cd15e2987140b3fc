// DeleteTopics 1-6. By topic id from version 6 (KIP-516).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DeleteTopicsResponse {
  struct DeletableTopicResult {
    std::optional<std::string> name = std::string{};
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::NONE;
    std::optional<std::string> error_message;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, nullable_since(6));
      v("TopicId", m.topic_id, since(6));
      v("ErrorCode", m.error_code);
      v("ErrorMessage", m.error_message, since(5), nullable_since(5));
    }
  };
  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableTopicResult> responses;
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("Responses", m.responses);
  }
};

struct DeleteTopicsRequest {
  using Response = DeleteTopicsResponse;
  static constexpr Api api{.key = 20, .name = "DeleteTopics", .versions = {1, 6}, .flexible = 4};

  struct DeleteTopicState {
    std::optional<std::string> name;
    Uuid topic_id;
    static void fields(auto& v, auto& m) {
      v("Name", m.name, since(6), nullable_since(6));
      v("TopicId", m.topic_id, since(6));
    }
  };
  std::vector<DeleteTopicState> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics, since(6));
    v("TopicNames", m.topic_names, until(5));
    v("TimeoutMs", m.timeout_ms);
  }
};

}  // namespace ottla
