// FindCoordinator 0-6. One broker coordinates every group; many keys at once from version 4 (KIP-699). Transactions are
// not served yet: refused with the one error on which every client gives up at once instead of asking for ever.
#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/groups/group_coordinator.h"
#include "broker/handlers.h"
#include "broker/log.h"

namespace ottla {

namespace {

constexpr std::int8_t group_key = 0;
constexpr std::int8_t transaction_key = 1;

Error refusal_of(std::int8_t key_type) {
  if (key_type == group_key) {
    return {.code = ErrorCode::NONE, .message = ""};
  }
  if (key_type == transaction_key) {
    logger().warn("refused a transactional producer: transactions are not served yet");
    return {.code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, .message = "transactions are not served yet"};
  }
  return {.code = ErrorCode::INVALID_REQUEST,
          .message = fmt::format("coordinators of type {} are not served", key_type)};
}

}  // namespace

template <>
Awaitable<FindCoordinatorResponse> handle(RequestContext& context, FindCoordinatorRequest& request) {
  Error refusal = refusal_of(request.key_type);
  if (request.key_type == group_key) {
    if (const auto ready = co_await context.broker.groups->ensure_topic(); !ready) {
      refusal = ready.error();
    }
  }
  const bool refused = refusal.code != ErrorCode::NONE;
  const Address address = refused ? Address{"", -1} : context.broker.address_for(context.connection);
  const BrokerId node = refused ? BrokerId{} : context.broker.config.node_id;
  const auto message = refused ? std::optional(refusal.message) : std::nullopt;
  FindCoordinatorResponse response;
  response.error_code = refusal.code;
  response.error_message = message;
  response.node_id = node;
  response.host = address.host;
  response.port = address.port;
  for (auto& key : request.coordinator_keys) {
    response.coordinators.push_back({.key = std::move(key),
                                     .node_id = node,
                                     .host = address.host,
                                     .port = address.port,
                                     .error_code = refusal.code,
                                     .error_message = message});
  }
  co_return response;
}

}  // namespace ottla
