// MemberHeartbeat 0: answered by the active controller.
#include "broker/cluster/cluster_request.h"
#include "broker/cluster/cluster_services.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<MemberHeartbeatResponse> handle(RequestContext& context, MemberHeartbeatRequest& request) {
  if (!is_of_our_cluster(context, request.cluster_id)) {
    co_return MemberHeartbeatResponse{};
  }
  co_return co_await context.broker.cluster->heartbeat(request);
}

}  // namespace ottla
