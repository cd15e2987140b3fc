// RemoveRaftVoter 0 (KIP-853): a voter of the metadata's quorum becomes a broker that follows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct RemoveRaftVoterResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = "";
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
  }
};

struct RemoveRaftVoterRequest {
  using Response = RemoveRaftVoterResponse;
  static constexpr Api api{.key = 81, .name = "RemoveRaftVoter", .versions = {0, 0}, .flexible = 0};

  std::optional<std::string> cluster_id = "";
  BrokerId voter_id{0};
  Uuid voter_directory_id;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id, nullable_since(0));
    v("VoterId", m.voter_id);
    v("VoterDirectoryId", m.voter_directory_id);
  }
};

}  // namespace ottla
