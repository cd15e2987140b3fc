// The controller of the simulated cluster: one committed list of records, always right, reachable or not. Its rules are
// the product's (partition_registration.h); only who agrees on the list is left out.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "replication/replica_events.h"
#include "replication/sim/ghost.h"
#include "replication/sim/network.h"

namespace ottla::sim {

struct BrokerRecord {
  BrokerId id;
  BrokerEpoch epoch;
  bool may_join_isr = false;
};
struct PartitionRecord {
  int partition = 0;
  PartitionRegistration registration;
  std::size_t effective_min_isr = 1;
};
using MetadataRecord = std::variant<BrokerRecord, PartitionRecord>;
using MetadataBatch = std::vector<MetadataRecord>;  // takes effect as a whole

struct RegisterReply {
  BrokerEpoch broker_epoch;
};
struct HeartbeatReply {
  ErrorCode error = ErrorCode::NONE;
  bool may_shut_down = false;
};
struct MetadataReply {
  std::size_t from = 0;
  std::vector<MetadataBatch> batches;
};

class ControllerNode {
 public:
  static constexpr std::int64_t session_ms = 2500;

  ControllerNode(World& world, Network& network, int brokers, int partitions, int min_isr);
  void set_ghost(Ghost& ghost) { ghost_ = &ghost; }

  // Nothing for a process whose successor has registered already.
  std::optional<RegisterReply> on_register(int id, std::uint64_t incarnation, bool has_lost_storage);
  HeartbeatReply on_heartbeat(int id, BrokerEpoch epoch, std::size_t metadata_end, bool wants_shutdown,
                              bool has_failed);
  AlterPartitionReply on_alter_partition(int id, BrokerEpoch epoch, const IsrChange& change);
  [[nodiscard]] MetadataReply on_metadata(std::size_t from) const;

  // An operator's commands.
  void prefer_and_elect(int partition, std::vector<BrokerId> replicas);
  void set_min_isr(int min_isr);

  void expire_sessions();
  [[nodiscard]] const std::vector<PartitionRegistration>& registrations() const { return registrations_; }
  [[nodiscard]] std::size_t effective_min_isr(int partition) const;
  [[nodiscard]] int min_isr() const { return min_isr_; }
  [[nodiscard]] const Brokers& brokers() const { return brokers_; }

 private:
  [[nodiscard]] PartitionContext context() const { return {brokers_, min_isr_}; }
  PartitionRegistration& partition(int p) { return registrations_[static_cast<std::size_t>(p)]; }
  void publish(BrokerId id);
  template <class Change>
  void change(int p, const Change& how);
  void fence(BrokerId id);
  // What was published and changed since the last time is one batch of the log.
  void commit();

  World& world_;
  Network& network_;
  Ghost* ghost_ = nullptr;
  Brokers brokers_;
  std::map<BrokerId, std::int64_t> last_heard_ms_;
  std::map<BrokerId, std::uint64_t> incarnations_;
  std::vector<PartitionRegistration> registrations_;
  std::vector<MetadataBatch> log_;
  MetadataBatch open_batch_;
  int min_isr_;
};

}  // namespace ottla::sim
