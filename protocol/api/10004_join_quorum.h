// JoinQuorum 0: a broker that is no voter asks the active controller to be sent the metadata log; a voter whose
// directory is empty asks every other one whether it has more. Between brokers only, never listed by ApiVersions.
// Kafka's observers fetch the log instead (KIP-595).
#pragma once

#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct JoinQuorumResponse {
  ErrorCode error_code = ErrorCode::NONE;  // NOT_CONTROLLER; REQUEST_TIMED_OUT: try again; INVALID_REQUEST
  bool is_new = false;                     // the log of the one that was asked has nothing but the first voters
  std::vector<std::string> voters;         // ID@HOST:PORT, as the one that was asked knows them
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("IsNew", m.is_new);
    v("Voters", m.voters);
  }
};

struct JoinQuorumRequest {
  using Response = JoinQuorumResponse;
  static constexpr Api api{.key = 10004, .name = "JoinQuorum", .versions = {0, 0}, .flexible = 0};

  std::string cluster_id;
  BrokerId broker_id;
  std::string address;  // HOST:PORT, where the log is to be sent
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id);
    v("BrokerId", m.broker_id);
    v("Address", m.address);
  }
};

}  // namespace ottla
