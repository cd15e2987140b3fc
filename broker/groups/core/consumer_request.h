// What a ConsumerGroupHeartbeat has to look like, whatever the group; and its partitions as sets, and back.
#pragma once

#include <optional>
#include <vector>

#include "broker/groups/core/topics.h"
#include "protocol/api/68_consumer_group_heartbeat.h"

namespace ottla::groups {

// INVALID_REQUEST, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION; in Kafka's words.
std::optional<Error> check_request(const ConsumerGroupHeartbeatRequest& request, std::int16_t version);

Partitions partitions_of(const auto& topic_partitions) {
  Partitions partitions;
  for (const auto& topic : topic_partitions) {
    for (const std::int32_t partition : topic.partitions) {
      partitions.insert({topic.topic_id, partition});
    }
  }
  return partitions;
}

// In order of partition: those of a topic are beside each other.
template <class TopicPartitions>
TopicPartitions& add_to(std::vector<TopicPartitions>& list, const TopicIdPartition& partition) {
  if (list.empty() || list.back().topic_id != partition.topic_id) {
    list.push_back({.topic_id = partition.topic_id});
  }
  list.back().partitions.push_back(partition.partition);
  return list.back();
}

}  // namespace ottla::groups
