// JoinQuorum 0: answered by the active controller when the change of the quorum is under way; by any, as long as
// nothing was agreed on yet.
#include <fmt/format.h>

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
  const QuorumStatus status = co_await context.broker.metadata->status();
  JoinQuorumResponse response{.is_new = status.is_new};
  for (const QuorumStatus::Server& server : status.servers) {
    if (server.is_voter) {
      response.voters.push_back(fmt::format("{}@{}", server.id.value, server.address));
    }
  }
  if (status.is_new) {
    co_return response;
  }
  // The same form as of a voter in the settings.
  if (!parse_voters(std::vector{fmt::format("{}@{}", request.broker_id.value, request.address)})) {
    response.error_code = ErrorCode::INVALID_REQUEST;
    co_return response;
  }
  response.error_code = co_await context.broker.cluster->join_quorum(request);
  co_return response;
}

}  // namespace ottla
