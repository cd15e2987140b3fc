#include "replication/partition_metadata.h"

namespace ottla {

PartitionMetadata partition_metadata(const PartitionRegistration& partition, const Brokers& brokers,
                                     std::int32_t min_insync_replicas) {
  PartitionMetadata made{.leader = partition.leader,
                         .leader_epoch = partition.leader_epoch,
                         .partition_epoch = partition.partition_epoch,
                         .replicas = {},
                         .isr = partition.isr,
                         .is_recovering = partition.leader_recovery_state == LeaderRecoveryState::recovering,
                         .effective_min_isr = effective_min_isr(partition, min_insync_replicas)};
  for (const BrokerId id : partition.replicas) {
    const auto known = brokers.find(id);
    made.replicas.push_back({.id = id,
                             .broker_epoch = known != brokers.end() ? known->second.epoch : BrokerEpoch{},
                             .may_join_isr = brokers.empty() || is_active(brokers, id)});
  }
  return made;
}

std::vector<PartitionMetadata> partition_metadata(const Controller& controller, const Topic& topic, BrokerId self) {
  const std::int32_t min_insync_replicas = controller.min_insync_replicas(topic);
  std::vector<PartitionMetadata> all;
  all.reserve(topic.partitions.size());
  for (const PartitionRegistration& partition : topic.partitions) {
    PartitionMetadata& made =
        all.emplace_back(partition_metadata(partition, controller.brokers(), min_insync_replicas));
    made.waits_for_disk = controller.waits_for_disk(topic, self);
    for (ReplicaBroker& replica : made.replicas) {
      replica.waits_for_disk = controller.waits_for_disk(topic, replica.id);
    }
  }
  return all;
}

}  // namespace ottla
