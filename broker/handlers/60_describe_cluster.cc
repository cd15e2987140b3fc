// DescribeCluster 0-2 (KIP-700). A client listener describes brokers; controllers are asked for elsewhere (KIP-919).
#include <fmt/format.h>

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
  if (request.endpoint_type == controllers) {
    response.error_code = ErrorCode::MISMATCHED_ENDPOINT_TYPE;
    response.error_message =
        "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER";
    co_return response;
  }
  if (request.endpoint_type != brokers) {
    response.error_code = ErrorCode::UNSUPPORTED_ENDPOINT_TYPE;
    response.error_message = fmt::format("Unsupported endpoint type {}", request.endpoint_type);
    co_return response;
  }
  response.cluster_id = context.broker.directory->cluster_id();
  auto nodes = context.broker.nodes_for(context.connection);
  response.controller_id = context.broker.controller_among(nodes);
  for (Node& node : nodes) {
    if (!node.is_fenced || request.include_fenced_brokers) {
      response.brokers.push_back({.broker_id = node.id,
                                  .host = std::move(node.address.host),
                                  .port = node.address.port,
                                  .rack = std::move(node.rack),
                                  .is_fenced = node.is_fenced});
    }
  }
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = all_cluster_operations;
  }
  co_return response;
}

}  // namespace ottla
