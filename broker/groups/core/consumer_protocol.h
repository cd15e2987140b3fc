// What members of the classic protocol tell each other inside JoinGroup and SyncGroup: Kafka's
// ConsumerProtocolSubscription and ConsumerProtocolAssignment, versions 0-3, each behind an int16 with its version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/groups/core/topics.h"
#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla::groups {

struct NamedPartitions {
  std::string topic;
  std::vector<std::int32_t> partitions;
  static void fields(auto& v, auto& m) {
    v("Topic", m.topic);
    v("Partitions", m.partitions);
  }
};

struct ConsumerProtocolSubscription {
  std::vector<std::string> topics;
  std::optional<Bytes> user_data;
  std::vector<NamedPartitions> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<std::string> rack_id;
  static void fields(auto& v, auto& m) {
    v("Topics", m.topics);
    v("UserData", m.user_data, nullable_since(0));
    v("OwnedPartitions", m.owned_partitions, since(1));
    v("GenerationId", m.generation_id, since(2));
    v("RackId", m.rack_id, since(3), nullable_since(3));
  }
};

struct ConsumerProtocolAssignment {
  std::vector<NamedPartitions> assigned_partitions;
  std::optional<Bytes> user_data;
  static void fields(auto& v, auto& m) {
    v("AssignedPartitions", m.assigned_partitions);
    v("UserData", m.user_data, nullable_since(0));
  }
};

// Nothing: it cannot be read.
std::optional<ConsumerProtocolSubscription> read_subscription(const Bytes& bytes);
std::optional<ConsumerProtocolAssignment> read_assignment(const Bytes& bytes);

// Topics that are not there are left out.
Partitions with_ids(const std::vector<NamedPartitions>& named, const Topics& topics);
// `version`: the first two bytes of the member's subscription.
Bytes assignment_bytes(const Partitions& partitions, const Topics& topics, const Bytes& subscription);

}  // namespace ottla::groups
