// Carries out what replicas want of the world outside: fetches from leaders over one connection to each, and timers.
// All of it on one core.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "broker/cluster/peer.h"
#include "broker/config.h"
#include "broker/replica_outside.h"

namespace ottla {

class ReplicaNetwork final : public ReplicaOutside {
 public:
  // Where a broker listens for others; nothing: nobody knows. On the core's thread.
  using FindAddress = std::function<std::optional<PeerAddress>(BrokerId)>;
  // On the core's thread, without the partition's lock.
  using AlterPartition = std::function<void(std::shared_ptr<Partition>, const replica_effect::SendAlterPartition&)>;

  // Any thread.
  using MakeLogStartsDurable = std::function<void()>;

  // `broker_epoch`: this broker's, as the metadata know it.
  // REQUIRES: this and `broker_epoch` live as long as the core runs.
  ReplicaNetwork(Core& core, const Config& config, std::string cluster_id,
                 const std::atomic<std::int64_t>& broker_epoch, FindAddress find_address,
                 AlterPartition alter_partition, MakeLogStartsDurable make_log_starts_durable);

  void send_fetch(std::shared_ptr<Partition> partition, const replica_effect::SendFetch& fetch) override;
  void send_alter_partition(std::shared_ptr<Partition> partition,
                            const replica_effect::SendAlterPartition& request) override;
  void make_log_starts_durable() override { make_log_starts_durable_(); }
  void arm_timer(std::shared_ptr<Partition> partition, std::int64_t at_ms) override;

  // On the core's thread: nothing is sent from here on, and no partition hears anything more.
  void close();

 private:
  Awaitable<> fetch(std::shared_ptr<Partition> partition, replica_effect::SendFetch asked);
  std::shared_ptr<Peer> peer_of(BrokerId id);

  Core& core_;
  const BrokerId self_;
  const std::string cluster_id_;
  const std::int32_t max_wait_ms_;
  const std::int32_t max_bytes_;
  const std::atomic<std::int64_t>& broker_epoch_;
  const FindAddress find_address_;
  const AlterPartition alter_partition_;
  const MakeLogStartsDurable make_log_starts_durable_;
  PeerLimits limits_;
  std::map<BrokerId, std::shared_ptr<Peer>> peers_;
  bool closed_ = false;
};

}  // namespace ottla
