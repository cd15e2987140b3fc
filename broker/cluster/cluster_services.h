// What a broker of a cluster does for the others; the handlers of what they say (10000, 10001, 10003, 10004, 10005, 55)
// call it.
#pragma once

#include <cstddef>
#include <span>

#include "broker/asio.h"
#include "broker/cluster/recent_losses.h"
#include "broker/cluster/voter_change.h"
#include "protocol/api/10001_propose.h"
#include "protocol/api/10003_member_heartbeat.h"
#include "protocol/api/10004_join_quorum.h"
#include "protocol/api/55_describe_quorum.h"
#include "replication/quorum/types.h"

namespace ottla {

class ClusterServices {
 public:
  ClusterServices() = default;
  ClusterServices(const ClusterServices&) = delete;
  ClusterServices& operator=(const ClusterServices&) = delete;
  virtual ~ClusterServices() = default;

  // Any thread; does not block. The message has been checked (replication/quorum/messages.h) and is for this server.
  // `from_address`: HOST:PORT, where an answer is expected.
  virtual void receive(const quorum::Message& message, const std::string& from_address) = 0;
  // The command lives as long as the coroutine.
  virtual Awaitable<ProposeResponse> propose(std::span<const std::byte> command) = 0;
  virtual Awaitable<MemberHeartbeatResponse> heartbeat(const MemberHeartbeatRequest& request) = 0;
  virtual Awaitable<ErrorCode> join_quorum(const JoinQuorumRequest& request) = 0;
  // What the active controller answers. Errors: NOT_CONTROLLER, NETWORK_EXCEPTION, REQUEST_TIMED_OUT.
  virtual Awaitable<Result<DescribeQuorumResponse>> ask_controller(const DescribeQuorumRequest& request) = 0;

  // Until it is so, wherever the active controller is. Errors: of MetadataQuorum::change_voter; REQUEST_TIMED_OUT.
  virtual Awaitable<Result<void>> change_voter(const VoterChange& change, Clock::duration time_out) = 0;

  RecentLosses recent_losses;
};

}  // namespace ottla
