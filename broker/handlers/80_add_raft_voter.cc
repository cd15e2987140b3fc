// AddRaftVoter 0-1 (KIP-853, KIP-1186). Answered when the change is committed, also where it need not be.
#include <chrono>

#include "broker/cluster/voter_change.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<AddRaftVoterResponse> handle(RequestContext& context, AddRaftVoterRequest& request) {
  VoterChange change{.broker = request.voter_id,
                     .shall_vote = true,
                     .cluster_id = request.cluster_id,
                     .directory_id = request.voter_directory_id};
  const auto changed =
      co_await change_voter(context.broker, std::move(change), std::chrono::milliseconds(request.timeout_ms));
  AddRaftVoterResponse response;
  response.error_message.reset();
  if (!changed) {
    response.error_code = changed.error().code;
    response.error_message = changed.error().message;
  }
  co_return response;
}

}  // namespace ottla
