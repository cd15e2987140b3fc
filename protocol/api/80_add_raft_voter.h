// AddRaftVoter 0-1 (KIP-853, KIP-1186): a broker that follows the metadata becomes a voter of their quorum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct AddRaftVoterResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message = "";
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
  }
};

struct AddRaftVoterRequest {
  using Response = AddRaftVoterResponse;
  static constexpr Api api{.key = 80, .name = "AddRaftVoter", .versions = {0, 1}, .flexible = 0};

  struct Listener {
    std::string name;
    std::string host;
    std::uint16_t port = 0;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Host", m.host);
      v("Port", m.port);
    }
  };
  std::optional<std::string> cluster_id = "";
  std::int32_t timeout_ms = 0;
  BrokerId voter_id{0};
  Uuid voter_directory_id;
  std::vector<Listener> listeners;
  bool ack_when_committed = true;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id, nullable_since(0));
    v("TimeoutMs", m.timeout_ms);
    v("VoterId", m.voter_id);
    v("VoterDirectoryId", m.voter_directory_id);
    v("Listeners", m.listeners);
    v("AckWhenCommitted", m.ack_when_committed, since(1));
  }
};

}  // namespace ottla
