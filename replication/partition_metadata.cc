#include "replication/partition_metadata.h"

namespace ottla {

namespace {

ReplicaBroker replica_on(BrokerId id, const Controller& controller, const Topic& topic) {
  const Brokers& brokers = controller.brokers();
  const auto known = brokers.find(id);
  return {.id = id,
          .broker_epoch = known != brokers.end() ? known->second.epoch : BrokerEpoch{},
          .may_join_isr = brokers.empty() || is_active(brokers, id),
          .waits_for_disk = controller.waits_for_disk(topic, id)};
}

}  // namespace

std::vector<PartitionMetadata> partition_metadata(const Controller& controller, const Topic& topic, BrokerId self) {
  const std::int32_t min_insync_replicas = controller.min_insync_replicas(topic);
  const bool waits_for_disk = controller.waits_for_disk(topic, self);
  std::vector<PartitionMetadata> all;
  all.reserve(topic.partitions.size());
  for (const PartitionRegistration& partition : topic.partitions) {
    PartitionMetadata& made = all.emplace_back(
        PartitionMetadata{.leader = partition.leader,
                          .leader_epoch = partition.leader_epoch,
                          .partition_epoch = partition.partition_epoch,
                          .replicas = {},
                          .isr = partition.isr,
                          .is_recovering = partition.leader_recovery_state == LeaderRecoveryState::recovering,
                          .effective_min_isr = effective_min_isr(partition, min_insync_replicas),
                          .waits_for_disk = waits_for_disk});
    for (const BrokerId id : partition.replicas) {
      made.replicas.push_back(replica_on(id, controller, topic));
    }
  }
  return all;
}

}  // namespace ottla
