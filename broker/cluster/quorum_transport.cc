#include "broker/cluster/quorum_transport.h"

#include <utility>

#include "broker/cluster/quorum_wire.h"

namespace ottla {

namespace {

constexpr std::size_t waiting_max = 10'000;

// One that waits is enough: the quorum sends the next when it has heard nothing of the last.
PeerLimits limits_for_snapshots() {
  PeerLimits limits;
  limits.queued_messages = 1;
  limits.queued_bytes = static_cast<std::size_t>(limits.frame_bytes);
  return limits;
}

}  // namespace

QuorumTransport::QuorumTransport(Core& core, std::string cluster_id, quorum::ServerId self,
                                 const std::map<quorum::ServerId, PeerAddress>& addresses,
                                 const std::function<void(quorum::ServerId)>& lost)
    : core_(core), cluster_id_(std::move(cluster_id)) {
  for (const auto& [id, address] : addresses) {
    if (id != self) {
      peers_[id] = {.talk = std::make_shared<Peer>(core, address, [lost, server = id] { lost(server); }),
                    .snapshots = std::make_shared<Peer>(core, address, nullptr, limits_for_snapshots())};
    }
  }
}

void QuorumTransport::send(const quorum::Message& message) {
  if (waiting_for_core_.fetch_add(1) >= waiting_max) {
    waiting_for_core_.fetch_sub(1);
    return;
  }
  asio::post(core_.io, [this, message] {
    waiting_for_core_.fetch_sub(1);
    const auto found = peers_.find(message.to);
    if (found == peers_.end()) {
      return;  // nobody knows where it is
    }
    const bool is_snapshot = std::holds_alternative<quorum::InstallSnapshot>(message.body);
    const Peers& peers = found->second;
    (is_snapshot ? peers.snapshots : peers.talk)->send(to_wire(message, cluster_id_));
  });
}

void QuorumTransport::close() {
  for (const auto& [id, peers] : peers_) {
    peers.talk->close();
    peers.snapshots->close();
  }
}

}  // namespace ottla
