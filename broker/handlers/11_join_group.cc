// JoinGroup 0-9. Waits until all members have joined or the rebalance time-out; see broker/groups/core.
#include "broker/groups/handler_help.h"

namespace ottla {

template <>
Awaitable<JoinGroupResponse> handle(RequestContext& context, JoinGroupRequest& request) {
  if (request.group_id.empty()) {
    co_return JoinGroupResponse{
        .error_code = ErrorCode::INVALID_GROUP_ID, .protocol_name = {}, .member_id = request.member_id};
  }
  constexpr std::size_t longest_prefix_bytes = 32'000;  // of a member id, which is a string of 32767 at the most
  const std::string client(context.header.client_id.value_or(""));
  const std::string member = request.member_id;
  const std::string group = request.group_id;
  const auto if_absent = member.empty() ? IfAbsent::create : IfAbsent::refuse;
  groups::Join join{.version = context.header.api_version,
                    .client_id = client,
                    .client_host = "/" + context.connection.peer_host(),
                    .new_member_id = request.group_instance_id.value_or(client).substr(0, longest_prefix_bytes) + "-" +
                                     Uuid::random().to_string()};
  join.request = std::move(request);
  groups::Event event = std::move(join);
  auto answer = co_await context.broker.groups->ask(group, std::move(event), if_absent);
  if (!answer) {
    co_return JoinGroupResponse{.error_code = member_error(answer.error()), .protocol_name = {}, .member_id = member};
  }
  co_return std::get<JoinGroupResponse>(std::move(*answer));
}

}  // namespace ottla
