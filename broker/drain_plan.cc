#include "broker/drain_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace ottla {

namespace {

using Running = MetadataResponse::MetadataResponseBroker;

bool contains(const std::vector<BrokerId>& ids, BrokerId id) { return std::ranges::find(ids, id) != ids.end(); }

}  // namespace

std::size_t partitions_on(const MetadataResponse& metadata, BrokerId broker) {
  std::size_t count = 0;
  for (const auto& topic : metadata.topics) {
    for (const auto& partition : topic.partitions) {
      count += contains(partition.replica_nodes, broker) ? 1 : 0;
    }
  }
  return count;
}

DrainPlan plan_drain(const MetadataResponse& metadata, BrokerId leaving, const std::vector<TopicPartition>& under_way) {
  std::map<BrokerId, std::size_t> replicas_of;
  std::map<BrokerId, const Running*> running;
  for (const Running& broker : metadata.brokers) {
    running[broker.node_id] = &broker;
    replicas_of[broker.node_id] = partitions_on(metadata, broker.node_id);
  }
  const auto is_in_rack_of_another = [&](const Running& broker, const std::vector<BrokerId>& replicas) {
    return std::ranges::any_of(replicas, [&](BrokerId id) {
      const auto other = running.find(id);
      return id != leaving && broker.rack && other != running.end() && other->second->rack == broker.rack;
    });
  };
  DrainPlan plan;
  for (const auto& topic : metadata.topics) {
    AlterPartitionReassignmentsRequest::ReassignableTopic moved{.name = topic.name.value_or(""), .partitions = {}};
    for (const auto& partition : topic.partitions) {
      const TopicPartition name{moved.name, partition.partition_index};
      if (!contains(partition.replica_nodes, leaving) || std::ranges::find(under_way, name) != under_way.end()) {
        continue;
      }
      const Running* best = nullptr;
      const auto cost = [&](const Running& broker) {
        return std::tuple(is_in_rack_of_another(broker, partition.replica_nodes), replicas_of[broker.node_id],
                          broker.node_id);
      };
      for (const Running& broker : metadata.brokers) {
        if (!contains(partition.replica_nodes, broker.node_id) && (best == nullptr || cost(broker) < cost(*best))) {
          best = &broker;
        }
      }
      if (best == nullptr) {
        plan.stuck.push_back(name);
        continue;
      }
      auto replicas = partition.replica_nodes;
      std::ranges::replace(replicas, leaving, best->node_id);
      ++replicas_of[best->node_id];
      moved.partitions.push_back({.partition_index = partition.partition_index, .replicas = std::move(replicas)});
    }
    if (!moved.partitions.empty()) {
      plan.partitions += moved.partitions.size();
      plan.request.topics.push_back(std::move(moved));
    }
  }
  return plan;
}

}  // namespace ottla
