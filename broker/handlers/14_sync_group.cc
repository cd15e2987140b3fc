// SyncGroup 0-5. Waits for the leader's assignment, and for that to be durable.
#include "broker/groups/handler_help.h"

namespace ottla {

template <>
Awaitable<SyncGroupResponse> handle(RequestContext& context, SyncGroupRequest& request) {
  const std::string group = request.group_id;
  // KIP-559: whoever knows version 5 says which protocol it means.
  if (context.header.api_version >= 5 && (!request.protocol_type || !request.protocol_name)) {
    co_return SyncGroupResponse{.error_code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL};
  }
  if (group.empty()) {
    co_return SyncGroupResponse{.error_code = ErrorCode::INVALID_GROUP_ID};
  }
  groups::Event event = groups::Sync{.request = std::move(request)};
  auto answer = co_await context.broker.groups->ask(group, std::move(event), IfAbsent::refuse);
  if (!answer) {
    co_return SyncGroupResponse{.error_code = member_error(answer.error())};
  }
  co_return std::get<SyncGroupResponse>(std::move(*answer));
}

}  // namespace ottla
