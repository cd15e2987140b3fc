// DescribeCluster 0-2 (KIP-700). A client listener describes brokers; controllers are asked for elsewhere (KIP-919).
#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/handlers.h"
#include "broker/topic_creation.h"

namespace ottla {

template <>
Awaitable<DescribeClusterResponse> handle(RequestContext& context, DescribeClusterRequest& request) {
  constexpr std::int8_t brokers = 1;
  constexpr std::int8_t controllers = 2;
  DescribeClusterResponse response;
  response.endpoint_type = request.endpoint_type;
  if (request.endpoint_type != brokers) {
    response.error_code = request.endpoint_type == controllers ? ErrorCode::MISMATCHED_ENDPOINT_TYPE
                                                               : ErrorCode::UNSUPPORTED_ENDPOINT_TYPE;
    response.error_message = "Only the brokers can be described on this listener.";
    co_return response;
  }
  const Address address = context.broker.address_for(context.connection);
  response.cluster_id = context.broker.directory->cluster_id();
  response.controller_id = context.broker.config.node_id;
  response.brokers.push_back({.broker_id = context.broker.config.node_id,
                              .host = address.host,
                              .port = address.port,
                              .rack = context.broker.config.broker_rack});
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = all_cluster_operations;
  }
  co_return response;
}

}  // namespace ottla
