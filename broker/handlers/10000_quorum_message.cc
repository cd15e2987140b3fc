// QuorumMessage 0: goes to the metadata quorum; there is no answer. What no server sends, and what is for another
// server, closes the connection.
#include <fmt/format.h>

#include "broker/cluster/cluster_request.h"
#include "broker/cluster/cluster_services.h"
#include "broker/cluster/quorum_wire.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<QuorumMessageResponse> handle(RequestContext& context, QuorumMessageRequest& request) {
  context.reply->nothing_to_send = true;
  if (!is_of_our_cluster(context, request.cluster_id)) {
    co_return QuorumMessageResponse{};
  }
  const std::string from_address = request.from_address;
  const auto message = from_wire(std::move(request));
  if (!message) {
    context.connection.close(CloseReason::bad_request, message.error().message);
  } else if (message->to != quorum::server_id(context.broker.config.node_id)) {
    context.connection.close(CloseReason::bad_request,
                             fmt::format("a message for broker {} came to broker {}: the brokers' "
                                         "controller.quorum.voters must agree, and give each "
                                         "broker's own address",
                                         quorum::broker_id(message->to).value, context.broker.config.node_id.value));
  } else {
    context.broker.cluster->receive(*message, from_address);
  }
  co_return QuorumMessageResponse{};
}

}  // namespace ottla
