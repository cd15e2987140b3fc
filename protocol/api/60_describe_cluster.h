// DescribeCluster 0-2. KIP-700; endpoint types from version 1 (KIP-919).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct DescribeClusterResponse {
  struct DescribeClusterBroker {
    BrokerId broker_id{0};
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;
    static void fields(auto& v, auto& m) {
      v("BrokerId", m.broker_id);
      v("Host", m.host);
      v("Port", m.port);
      v("Rack", m.rack, nullable_since(0));
      v("IsFenced", m.is_fenced, since(2));
    }
  };
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::NONE;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;
  std::string cluster_id;
  BrokerId controller_id;
  std::vector<DescribeClusterBroker> brokers;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
  static void fields(auto& v, auto& m) {
    v("ThrottleTimeMs", m.throttle_time_ms);
    v("ErrorCode", m.error_code);
    v("ErrorMessage", m.error_message, nullable_since(0));
    v("EndpointType", m.endpoint_type, since(1));
    v("ClusterId", m.cluster_id);
    v("ControllerId", m.controller_id);
    v("Brokers", m.brokers);
    v("ClusterAuthorizedOperations", m.cluster_authorized_operations);
  }
};

struct DescribeClusterRequest {
  using Response = DescribeClusterResponse;
  static constexpr Api api{.key = 60, .name = "DescribeCluster", .versions = {0, 2}, .flexible = 0};

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;
  static void fields(auto& v, auto& m) {
    v("IncludeClusterAuthorizedOperations", m.include_cluster_authorized_operations);
    v("EndpointType", m.endpoint_type, since(1));
    v("IncludeFencedBrokers", m.include_fenced_brokers, since(2));
  }
};

}  // namespace ottla
