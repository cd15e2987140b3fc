// DeleteGroups 0-2 (KIP-229). Only a group without members; its offsets go with it.
#include "broker/connection.h"
#include "broker/groups/handler_help.h"
#include "broker/log.h"

namespace ottla {

template <>
Awaitable<DeleteGroupsResponse> handle(RequestContext& context, DeleteGroupsRequest& request) {
  DeleteGroupsResponse response;
  for (const std::string& id : request.groups_names) {
    groups::Event event = groups::DeleteGroup{};
    const auto answer = co_await context.broker.groups->ask(id, std::move(event), IfAbsent::refuse);
    if (answer && std::get<ErrorCode>(*answer) == ErrorCode::NONE) {
      logger().info("group {}: deleted by a client at {}", id, context.connection.peer_host());
    }
    response.results.push_back({id, answer ? std::get<ErrorCode>(*answer) : answer.error().code});
  }
  co_return response;
}

}  // namespace ottla
