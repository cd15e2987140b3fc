// FindCoordinator 0-6. A group's coordinator is the leader of its partition of __consumer_offsets; many keys at once
// from version 4 (KIP-699). Transactions are not served yet: refused with the one error on which every client gives up
// at once instead of asking for ever.
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
constexpr std::int16_t many_keys_since = 4;

Error refusal_of(RequestContext& context, std::int8_t key_type) {
  if (key_type == group_key) {
    return {.code = ErrorCode::NONE, .message = ""};
  }
  if (key_type == transaction_key) {
    if (context.core.told.may_tell(context.connection.peer_host(), Clock::now())) {
      logger().warn("refused a transactional producer: transactions are not served yet");
    }
    return {.code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, .message = "transactions are not served yet"};
  }
  return {.code = ErrorCode::INVALID_REQUEST,
          .message = fmt::format("coordinators of type {} are not served", key_type)};
}

// Where the coordinator of a group is.
using Coordinator = FindCoordinatorResponse::Coordinator;

Coordinator coordinator_of(const RequestContext& context, std::string group, const Error& refusal) {
  Coordinator answer{
      .key = std::move(group), .node_id = BrokerId{}, .host = "", .port = -1, .error_message = std::nullopt};
  if (refusal.code != ErrorCode::NONE) {
    answer.error_code = refusal.code;
    answer.error_message = refusal.message;
    return answer;
  }
  const BrokerId id = context.broker.groups->coordinator_of(answer.key);
  const auto nodes = context.broker.nodes_for(context.connection);
  const auto node = std::ranges::find(nodes, id, &Node::id);
  if (node == nodes.end()) {
    answer.error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    answer.error_message = "nobody leads the group's partition now";
    return answer;
  }
  answer.node_id = node->id;
  answer.host = node->address.host;
  answer.port = node->address.port;
  return answer;
}

}  // namespace

template <>
Awaitable<FindCoordinatorResponse> handle(RequestContext& context, FindCoordinatorRequest& request) {
  Error refusal = refusal_of(context, request.key_type);
  if (request.key_type == group_key) {
    if (const auto ready = co_await context.broker.groups->ensure_topic(); !ready) {
      refusal = ready.error();
    }
  }
  FindCoordinatorResponse response;
  if (context.header.api_version < many_keys_since) {
    Coordinator one = coordinator_of(context, std::move(request.key), refusal);
    response.error_code = one.error_code;
    response.error_message = std::move(one.error_message);
    response.node_id = one.node_id;
    response.host = std::move(one.host);
    response.port = one.port;
    co_return response;
  }
  for (auto& key : request.coordinator_keys) {
    response.coordinators.push_back(coordinator_of(context, std::move(key), refusal));
  }
  co_return response;
}

}  // namespace ottla
