// Heartbeat 0-4. REBALANCE_IN_PROGRESS tells a member to join again.
#include "broker/groups/handler_help.h"

namespace ottla {

template <>
Awaitable<HeartbeatResponse> handle(RequestContext& context, HeartbeatRequest& request) {
  if (request.group_id.empty()) {
    co_return HeartbeatResponse{.error_code = ErrorCode::INVALID_GROUP_ID};
  }
  const std::string group = request.group_id;
  groups::Event event = groups::Heartbeat{.request = std::move(request)};
  const auto answer = co_await context.broker.groups->ask(group, std::move(event), IfAbsent::refuse);
  if (!answer) {
    co_return HeartbeatResponse{.error_code = member_error(answer.error())};
  }
  co_return std::get<HeartbeatResponse>(*answer);
}

}  // namespace ottla
