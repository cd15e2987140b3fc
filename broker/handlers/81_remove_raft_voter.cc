// RemoveRaftVoter 0 (KIP-853). The broker goes on, and follows the metadata.
#include "broker/cluster/voter_change.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<RemoveRaftVoterResponse> handle(RequestContext& context, RemoveRaftVoterRequest& request) {
  VoterChange change{.broker = request.voter_id,
                     .shall_vote = false,
                     .cluster_id = request.cluster_id,
                     .directory_id = request.voter_directory_id};
  const auto changed = co_await change_voter(context.broker, std::move(change), longest_voter_change);
  RemoveRaftVoterResponse response;
  response.error_message.reset();
  if (!changed) {
    response.error_code = changed.error().code;
    response.error_message = changed.error().message;
  }
  co_return response;
}

}  // namespace ottla
