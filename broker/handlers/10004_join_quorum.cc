// JoinQuorum 0: answered by the active controller when the change of the quorum is under way; a voter that asks is told
// at once, by any.
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
  const auto& voters = context.broker.config.controller_quorum_voters;
  if (std::ranges::find(voters, request.broker_id, &QuorumVoter::id) != voters.end()) {
    const QuorumStatus status = co_await context.broker.metadata->status();
    co_return JoinQuorumResponse{.is_new = status.is_new};
  }
  // The same form as of a voter in the settings.
  const auto parsed = parse_voters(std::vector{fmt::format("{}@{}", request.broker_id.value, request.address)});
  if (!parsed) {
    co_return JoinQuorumResponse{.error_code = ErrorCode::INVALID_REQUEST};
  }
  co_return co_await context.broker.cluster->join_quorum(request);
}

}  // namespace ottla
