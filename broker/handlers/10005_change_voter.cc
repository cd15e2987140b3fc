// ChangeVoter 0: how far it is, at once.
#include "broker/cluster/cluster_request.h"
#include "broker/cluster/cluster_services.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<ChangeVoterResponse> handle(RequestContext& context, ChangeVoterRequest& request) {
  if (!is_of_our_cluster(context, request.cluster_id)) {
    co_return ChangeVoterResponse{};
  }
  const auto told = co_await context.broker.metadata->change_voter(request.broker_id, request.shall_vote);
  ChangeVoterResponse response;
  if (told) {
    response.is_done = *told;
  } else {
    response.error_code = told.error().code;
    response.error_message = told.error().message;
  }
  co_return response;
}

}  // namespace ottla
