// DescribeGroups 0-6. Subscriptions are told of a stable group only. A group that is not there is Dead,
// and from version 6 GROUP_ID_NOT_FOUND (KIP-1043).
#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

constexpr std::int16_t absence_is_an_error_since = 6;

using Described = DescribeGroupsResponse::DescribedGroup;

struct Found {
  std::optional<Described> group;
  bool is_other_kind = false;
};

Described describe(const groups::Group& group) {
  const bool is_stable = group.state() == groups::State::Stable;
  Described answer{.group_id = group.id(),
                   .group_state = groups::name_of(group.state()),
                   .protocol_type = group.protocol_type(),
                   .protocol_data = is_stable ? group.protocol().value_or("") : ""};
  for (const auto& [id, member] : group.members()) {
    const Bytes* metadata = is_stable ? member.metadata(*group.protocol()) : nullptr;
    answer.members.push_back({.member_id = id,
                              .group_instance_id = member.instance_id,
                              .client_id = member.client_id,
                              .client_host = member.client_host,
                              .member_metadata = metadata != nullptr ? *metadata : Bytes{},
                              .member_assignment = member.assignment});
  }
  return answer;
}

}  // namespace

template <>
Awaitable<DescribeGroupsResponse> handle(RequestContext& context, DescribeGroupsRequest& request) {
  DescribeGroupsResponse response;
  // A group of the new protocol is none to this API (as in Kafka).
  auto look = [](const groups::AnyGroup* group) {
    const groups::Group* classic = group != nullptr ? group->classic() : nullptr;
    return Found{.group = classic != nullptr ? std::optional(describe(*classic)) : std::nullopt,
                 .is_other_kind = classic == nullptr && group != nullptr};
  };
  for (const std::string& id : request.groups) {
    if (const auto served = context.broker.groups->check(id); !served) {
      response.groups.push_back(
          {.error_code = served.error().code, .error_message = served.error().message, .group_id = id});
      continue;
    }
    const Found seen = co_await context.broker.groups->look_at(id, look);
    std::optional<Described> found = seen.group;
    if (!found) {
      found = Described{.group_id = id, .group_state = groups::name_of(groups::State::Dead)};
      if (context.header.api_version >= absence_is_an_error_since) {
        found->error_code = ErrorCode::GROUP_ID_NOT_FOUND;
        found->error_message = "Group " + id + (seen.is_other_kind ? " is not a classic group." : " not found.");
      }
    }
    if (request.include_authorized_operations && found->error_code == ErrorCode::NONE) {
      found->authorized_operations = all_group_operations;
    }
    response.groups.push_back(std::move(*found));
  }
  co_return response;
}

}  // namespace ottla
