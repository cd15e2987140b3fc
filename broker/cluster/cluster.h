// This broker as a member of a cluster: it takes part in the quorum, registers, tells the active controller that it
// lives, follows the leaders of its partitions, and while it is the active controller itself, watches over the others.
//
// Everything but the quorum's own thread happens on the first core.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/cluster/cluster_services.h"
#include "broker/cluster/peer.h"
#include "broker/cluster/quorum_transport.h"
#include "broker/cluster/replica_network.h"
#include "broker/metadata_quorum.h"
#include "replication/broker_sessions.h"

namespace ottla {

class Broker;

class Cluster final : public ClusterServices {
 public:
  // The quorum and the partitions are told how to reach the others; nothing begins yet.
  explicit Cluster(Broker& broker);
  ~Cluster() override;

  // REQUIRES: the cores run, and the inter-broker listener accepts. Comes back when this broker is a member: it has
  // read what there is, its partitions are open, and it is not fenced any more. `endpoints`: what clients and brokers
  // may reach it by.
  Awaitable<> join(std::vector<BrokerEndpoint> endpoints);
  // Before a stop: hands over what it leads, as long as there is somebody who takes it.
  Awaitable<> leave();
  // On the first core's thread. Nothing is under way any more when it returns.
  void stop();

  void receive(const quorum::Message& message, const std::string& from_address) override;
  Awaitable<ProposeResponse> propose(std::span<const std::byte> command) override;
  Awaitable<MemberHeartbeatResponse> heartbeat(const MemberHeartbeatRequest& request) override;
  Awaitable<ErrorCode> join_quorum(const JoinQuorumRequest& request) override;
  Awaitable<Result<DescribeQuorumResponse>> ask_controller(const DescribeQuorumRequest& request) override;
  Awaitable<Result<void>> change_voter(const VoterChange& change, Clock::duration time_out) override;

 private:
  // cluster.cc: a member
  Awaitable<Result<std::uint64_t>> forward(Bytes command);
  Awaitable<> forward_from_here(Bytes command, std::shared_ptr<OneShot<Result<std::uint64_t>>> done);
  Awaitable<Result<std::uint64_t>> ask_to_commit(const Bytes& command);
  using QuorumAnswer = OneShot<Result<DescribeQuorumResponse>>;
  Awaitable<> ask_controller_from_here(DescribeQuorumRequest request, std::shared_ptr<QuorumAnswer> done);
  Awaitable<> change_voter_from_here(VoterChange change, Clock::time_point deadline,
                                     std::shared_ptr<OneShot<Result<void>>> done);
  Awaitable<Result<bool>> ask_to_change(const VoterChange& change);
  Awaitable<> send_heartbeats();
  Awaitable<MemberHeartbeatResponse> send_heartbeat();
  Awaitable<> alter_partition(std::shared_ptr<Partition> partition, replica_effect::SendAlterPartition request);
  Awaitable<> pause(Clock::duration duration);
  std::shared_ptr<Peer> controller_peer(BrokerId id, const std::string& address);
  template <class Request>
  Awaitable<Result<typename Request::Response>> call_controller(const Request& request, Clock::duration time_out);
  [[nodiscard]] std::optional<PeerAddress> address_of(BrokerId id) const;

  // cluster_joining.cc: until it is one
  [[nodiscard]] std::map<BrokerId, std::string> voters() const;
  [[nodiscard]] std::map<BrokerId, std::string> told_voters() const;
  Awaitable<> find_quorum();
  Awaitable<> ask_to_join();
  void connect_to_voters();
  Awaitable<> learn_whether_quorum_is_new();
  Awaitable<bool> is_new_for_all();
  [[nodiscard]] JoinQuorumRequest join_request() const;
  Awaitable<> register_here();

  // cluster_controller.cc: the active controller
  Awaitable<> control();
  void watch_sessions(std::int64_t now_ms);
  void keep_house(std::int64_t now_ms);
  void decide(Command command);
  void peer_lost(quorum::ServerId server, bool was_connected);
  void note_servers();
  void note_who_lives(std::int64_t now_ms);
  void leave_old_controllers(std::int64_t now_ms);
  void tell_who_leaves();
  Awaitable<> replace_controller(quorum::ServerId gone);
  void note_successor(const Command& command);
  Awaitable<> answer_heartbeat(MemberHeartbeatRequest request, std::shared_ptr<OneShot<MemberHeartbeatResponse>> done);

  Broker& broker_;
  Core& core_;
  Timer heartbeat_timer_;
  bool has_news_to_tell_ = false;  // with a heartbeat, at once
  const Uuid incarnation_;
  QuorumTransport transport_;
  ReplicaNetwork replicas_;
  std::map<BrokerId, std::shared_ptr<Peer>> controller_peers_;
  BrokerId controller_;  // as it was seen last
  std::int64_t controller_since_ms_ = 0;
  std::int64_t told_leaver_index_ = -1;
  std::map<BrokerId, std::string> told_voters_;
  std::uint64_t seen_servers_version_ = 0;
  std::vector<BrokerEndpoint> endpoints_;
  std::atomic<std::int64_t> epoch_ = -1;  // this broker's
  bool has_joined_ = false;
  bool wants_to_leave_ = false;
  bool may_leave_ = false;
  bool is_asking_ = false;        // another broker, with a heartbeat: it may have much to do before it answers
  Clock::time_point last_heard_;  // an answer of the controller's
  bool is_stopping_ = false;
  bool was_told_of_duplicate_ = false;

  // The active controller.
  std::optional<BrokerSessions> sessions_;
  std::uint64_t sessions_term_ = 0;
  std::set<BrokerId> being_fenced_;
  std::int64_t last_watch_ms_ = 0;
  std::int64_t next_house_ms_ = 0;
  std::int64_t next_balance_ms_ = 0;
};

}  // namespace ottla
