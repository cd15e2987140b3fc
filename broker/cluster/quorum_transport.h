// Carries the messages of the metadata quorum between its servers. What cannot be sent is lost, as the quorum expects.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/cluster/peer.h"
#include "replication/quorum/types.h"

namespace ottla {

// "HOST:PORT", as the quorum's configuration has it.
PeerAddress to_peer_address(const std::string& text);

class QuorumTransport {
 public:
  // `lost` is called on the core's thread when the connection to a server breaks, or cannot be made.
  using Lost = std::function<void(quorum::ServerId, bool was_connected)>;
  // REQUIRES: lives as long as the core runs.
  QuorumTransport(Core& core, std::string cluster_id, quorum::ServerId self, std::string address, const Lost& lost);
  QuorumTransport(const QuorumTransport&) = delete;
  QuorumTransport& operator=(const QuorumTransport&) = delete;

  // Any thread. By `address`, HOST:PORT; without one, by the last that was heard of.
  void send(const quorum::Message& message, const std::string& address);
  // On the core's thread, as all below. These are the servers there are: it stays connected to the voters, to know when
  // they go, and forgets whoever is none of them.
  void stay_connected(const std::vector<quorum::Server>& servers);
  void learn(quorum::ServerId server, const std::string& address) { find(server, address); }
  // The process of this server is not there, as far as is known.
  [[nodiscard]] bool is_refused(quorum::ServerId server) const;
  // Nothing is sent from here on.
  void close();

 private:
  struct Peers {
    std::shared_ptr<Peer> talk;
    std::shared_ptr<Peer> snapshots;  // of their own, so that heartbeats do not queue behind them
  };

  [[nodiscard]] Peers connect_to(quorum::ServerId server, const PeerAddress& address);
  const Peers* find(quorum::ServerId server, const std::string& address);

  Core& core_;
  const std::string cluster_id_;
  const quorum::ServerId self_;
  const std::string address_;  // its own
  const Lost lost_;
  bool is_closed_ = false;
  std::map<quorum::ServerId, Peers> peers_;
  std::atomic<std::size_t> waiting_for_core_ = 0;
};

}  // namespace ottla
