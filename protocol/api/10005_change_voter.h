// ChangeVoter 0: the active controller is asked to let a server of the quorum vote, or not, and answers at once how far
// that is. Between brokers only, never listed by ApiVersions; clients ask by AddRaftVoter and RemoveRaftVoter.
#pragma once

#include <optional>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ChangeVoterResponse {
  // REQUEST_TIMED_OUT: not now, ask again; NOT_CONTROLLER, VOTER_NOT_FOUND, INVALID_REQUEST
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message;
  bool is_done = false;  // else it is under way: ask again
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
    v("IsDone", m.is_done);
  }
};

struct ChangeVoterRequest {
  using Response = ChangeVoterResponse;
  static constexpr Api api{.key = 10005, .name = "ChangeVoter", .versions = {0, 0}, .flexible = 0};

  std::string cluster_id;
  BrokerId broker_id;
  bool shall_vote = false;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id);
    v("BrokerId", m.broker_id);
    v("ShallVote", m.shall_vote);
  }
};

}  // namespace ottla
