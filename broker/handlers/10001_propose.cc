// Propose 0: answered when the command is committed, or as soon as it is known that it will not be.
#include "broker/cluster/cluster_request.h"
#include "broker/cluster/cluster_services.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<ProposeResponse> handle(RequestContext& context, ProposeRequest& request) {
  if (!is_of_our_cluster(context, request.cluster_id)) {
    co_return ProposeResponse{};
  }
  co_return co_await context.broker.cluster->propose(request.command);
}

}  // namespace ottla
