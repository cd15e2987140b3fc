// LeaveGroup 0-5. Many members at once from version 3 (KIP-345), each with its own error.
#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

constexpr std::int16_t many_members_since = 3;

// A group that is not there has none of them.
LeaveGroupResponse all_unknown(const std::vector<LeaveGroupRequest::MemberIdentity>& members) {
  LeaveGroupResponse response;
  for (const auto& one : members) {
    response.members.push_back({.member_id = one.member_id,
                                .group_instance_id = one.group_instance_id,
                                .error_code = ErrorCode::UNKNOWN_MEMBER_ID});
  }
  return response;
}

}  // namespace

template <>
Awaitable<LeaveGroupResponse> handle(RequestContext& context, LeaveGroupRequest& request) {
  if (request.group_id.empty()) {
    co_return LeaveGroupResponse{.error_code = ErrorCode::INVALID_GROUP_ID};
  }
  const bool many = context.header.api_version >= many_members_since;
  groups::Leave leave;
  if (many) {
    leave.members = request.members;
  } else {
    leave.members.push_back({.member_id = std::move(request.member_id)});
  }
  groups::Event event = std::move(leave);
  auto answer = co_await context.broker.groups->ask(request.group_id, std::move(event), IfAbsent::refuse);
  if (!answer && many && answer.error().code == ErrorCode::GROUP_ID_NOT_FOUND) {
    co_return all_unknown(request.members);
  }
  if (!answer) {
    co_return LeaveGroupResponse{.error_code = member_error(answer.error())};
  }
  auto response = std::get<LeaveGroupResponse>(std::move(*answer));
  if (!many) {
    response.error_code = response.members.front().error_code;
    response.members.clear();
  }
  co_return response;
}

}  // namespace ottla
