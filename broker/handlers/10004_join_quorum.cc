// JoinQuorum 0: answered by the active controller, when the change of the quorum is under way.
#include <algorithm>

#include "broker/cluster/cluster_config.h"
#include "broker/cluster/cluster_request.h"
#include "broker/cluster/cluster_services.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<JoinQuorumResponse> handle(RequestContext& context, JoinQuorumRequest& request) {
  if (!is_of_our_cluster(context, request.cluster_id)) {
    co_return JoinQuorumResponse{};
  }
  // The same form as of a voter in the settings; a voter itself has no business here.
  const auto parsed = parse_voters(std::vector{fmt::format("{}@{}", request.broker_id.value, request.address)});
  const auto& voters = context.broker.config.controller_quorum_voters;
  if (!parsed || std::ranges::find(voters, request.broker_id, &QuorumVoter::id) != voters.end()) {
    co_return JoinQuorumResponse{.error_code = ErrorCode::INVALID_REQUEST};
  }
  co_return co_await context.broker.cluster->join_quorum(request);
}

}  // namespace ottla
