#include "broker/cluster/quorum_transport.h"

#include <algorithm>
#include <string>
#include <utility>

#include "broker/cluster/quorum_wire.h"

namespace ottla {

namespace {

constexpr std::size_t waiting_max = 10'000;

// Whether the others are there matters also to who has nothing to tell them: to followers, whether their leader is.
PeerLimits limits_for_talk() {
  PeerLimits limits;
  limits.stays_connected = true;
  return limits;
}

// One that waits is enough: the quorum sends the next when it has heard nothing of the last.
PeerLimits limits_for_snapshots() {
  PeerLimits limits;
  limits.queued_messages = 1;
  limits.queued_bytes = static_cast<std::size_t>(limits.frame_bytes);
  return limits;
}

}  // namespace

PeerAddress to_peer_address(const std::string& text) {
  const auto colon = text.rfind(':');
  return {text.substr(0, colon), static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

QuorumTransport::QuorumTransport(Core& core, std::string cluster_id, quorum::ServerId self, std::string address,
                                 const Lost& lost)
    : core_(core), cluster_id_(std::move(cluster_id)), self_(self), address_(std::move(address)), lost_(lost) {}

QuorumTransport::Peers QuorumTransport::connect_to(quorum::ServerId server, const PeerAddress& address) {
  return {.talk = std::make_shared<Peer>(
              core_, address, [lost = lost_, server](bool was_connected) { lost(server, was_connected); },
              limits_for_talk()),
          .snapshots = std::make_shared<Peer>(core_, address, nullptr, limits_for_snapshots())};
}

// nullptr: nobody knows where it is. One that has moved is connected to anew.
const QuorumTransport::Peers* QuorumTransport::find(quorum::ServerId server, const std::string& address) {
  const auto found = peers_.find(server);
  if (found != peers_.end() && (address.empty() || found->second.talk->address() == to_peer_address(address))) {
    return &found->second;
  }
  if (address.empty() || is_closed_) {
    return nullptr;
  }
  if (found != peers_.end()) {
    found->second.talk->close();
    found->second.snapshots->close();
  }
  return &(peers_[server] = connect_to(server, to_peer_address(address)));
}

void QuorumTransport::send(const quorum::Message& message, const std::string& address) {
  if (waiting_for_core_.fetch_add(1) >= waiting_max) {
    waiting_for_core_.fetch_sub(1);
    return;
  }
  asio::post(core_.io, [this, message, address] {
    waiting_for_core_.fetch_sub(1);
    if (const Peers* peers = find(message.to, address)) {
      const bool is_snapshot = std::holds_alternative<quorum::InstallSnapshot>(message.body);
      QuorumMessageRequest request = to_wire(message, cluster_id_);
      request.from_address = address_;
      (is_snapshot ? peers->snapshots : peers->talk)->send(request);
    }
  });
}

void QuorumTransport::stay_connected(const std::vector<quorum::Server>& servers) {
  std::erase_if(peers_, [&](const auto& one) {
    const bool is_gone = std::ranges::find(servers, one.first, &quorum::Server::id) == servers.end();
    if (is_gone) {
      one.second.talk->close();
      one.second.snapshots->close();
    }
    return is_gone;
  });
  for (const quorum::Server& server : servers) {
    if (server.id != self_ && server.role == quorum::ServerRole::voter) {
      if (const Peers* peers = find(server.id, server.address)) {
        peers->talk->open();
      }
    }
  }
}

bool QuorumTransport::is_refused(quorum::ServerId server) const {
  const auto found = peers_.find(server);
  return found != peers_.end() && found->second.talk->is_refused();
}

void QuorumTransport::close() {
  is_closed_ = true;
  for (const auto& [id, peers] : peers_) {
    peers.talk->close();
    peers.snapshots->close();
  }
}

}  // namespace ottla
