// MemberHeartbeat 0: a broker tells the active controller that it lives, and how far it has read. Between brokers only,
// never listed by ApiVersions. Kafka's BrokerHeartbeat (KIP-631) in fewer words.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct MemberHeartbeatResponse {
  ErrorCode error_code = ErrorCode::NONE;  // NOT_CONTROLLER, STALE_BROKER_EPOCH
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;
  static void fields(auto& v, auto& m) {
    v("ErrorCode", m.error_code);
    v("IsCaughtUp", m.is_caught_up);
    v("IsFenced", m.is_fenced);
    v("ShouldShutDown", m.should_shut_down);
  }
};

struct MemberHeartbeatRequest {
  using Response = MemberHeartbeatResponse;
  static constexpr Api api{.key = 10003, .name = "MemberHeartbeat", .versions = {0, 0}, .flexible = 0};

  std::string cluster_id;
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  std::int64_t metadata_index = -1;  // applied there
  bool want_fence = true;
  bool want_shut_down = false;
  bool has_offline_log_dir = false;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id);
    v("BrokerId", m.broker_id);
    v("BrokerEpoch", m.broker_epoch);
    v("MetadataIndex", m.metadata_index);
    v("WantFence", m.want_fence);
    v("WantShutDown", m.want_shut_down);
    v("HasOfflineLogDir", m.has_offline_log_dir);
  }
};

}  // namespace ottla
