// ListGroups 0-5. Filters by state (KIP-518) and by type (KIP-848) take names in any case, as Kafka's do.
#include <algorithm>

#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

using Listed = ListGroupsResponse::ListedGroup;

bool passes(const std::vector<std::string>& filter, const std::string& name) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return filter.empty() || std::ranges::any_of(filter, [&](const std::string& one) {
           return std::ranges::equal(one, name, {}, lower, lower);
         });
}

}  // namespace

template <>
Awaitable<ListGroupsResponse> handle(RequestContext& context, ListGroupsRequest& request) {
  auto list = [](const groups::AnyGroup& group) {
    return Listed{.group_id = group.id(),
                  .protocol_type = group.protocol_type(),
                  .group_state = group.state_name(),
                  .group_type = group.type_name()};
  };
  ListGroupsResponse response;
  response.groups = co_await context.broker.groups->look_at_all(list);
  std::erase_if(response.groups, [&](const Listed& one) {
    return !passes(request.states_filter, one.group_state) || !passes(request.types_filter, one.group_type);
  });
  co_return response;
}

}  // namespace ottla
