// Propose 0: a broker asks the active controller to put a command (replication/metadata_commands.h) into the metadata
// log. Between brokers only, never listed by ApiVersions. It stands for Kafka's AlterPartition, BrokerRegistration and
// AllocateProducerIds, whose conditions the command carries and the state machine checks.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct ProposeResponse {
  // NOT_CONTROLLER: it was not taken, ask another broker. REQUEST_TIMED_OUT: nobody knows.
  ErrorCode error_code = ErrorCode::NONE;
  std::int64_t index = -1;  // of the command in the metadata log; it is committed
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("Index", m.index);
  }
};

struct ProposeRequest {
  using Response = ProposeResponse;
  static constexpr Api api{.key = 10001, .name = "Propose", .versions = {0, 0}, .flexible = 0};

  std::string cluster_id;
  Bytes command;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id);
    v("Command", m.command);
  }
};

}  // namespace ottla
