#include "broker/nearest_replica.h"

#include <algorithm>

#include "broker/cluster/cluster_services.h"
#include "broker/connection.h"
#include "broker/wall_clock.h"

namespace ottla {

namespace {

bool is_in_sync(const Controller& state, const PartitionKey& key, BrokerId id) {
  const auto topic = state.topic(key.topic_id);
  if (topic == nullptr || static_cast<std::size_t>(key.index) >= topic->partitions.size()) {
    return false;
  }
  const BrokerIds& isr = topic->partitions[static_cast<std::size_t>(key.index)].isr;
  return std::ranges::find(isr, id) != isr.end();
}

}  // namespace

NearestReplica::NearestReplica(const RequestContext& context, std::string_view rack)
    : context_(context),
      rack_(rack),
      applies_(!rack.empty() && context.broker.config.selects_replica_by_rack() &&
               context.broker.config.broker_rack != rack) {}

BrokerId NearestReplica::of(Partition& partition, Offset from) const {
  if (!applies_) {
    return {};
  }
  const auto followers = partition.followers();
  return context_.broker.metadata->read([&](const Controller& state) {
    const Replica::Follower* best = nullptr;
    for (const Replica::Follower& one : followers) {
      const bool is_better = best == nullptr || one.log_end_offset > best->log_end_offset;
      if (one.log_end_offset >= from && is_better && is_near(state, one.id) &&
          is_in_sync(state, partition.key(), one.id)) {
        best = &one;
      }
    }
    return best != nullptr ? best->id : BrokerId{};
  });
}

// And can be reached by the listener that the client came by. One that may have died this moment is not named:
// librdkafka tries to reach it for minutes.
bool NearestReplica::is_near(const Controller& state, BrokerId id) const {
  const auto found = state.brokers().find(id);
  const bool is_in_doubt =
      context_.broker.cluster != nullptr && context_.broker.cluster->recent_losses.is_in_doubt(id, steady_clock_ms());
  return !is_in_doubt && found != state.brokers().end() && !found->second.fenced && found->second.rack == rack_ &&
         std::ranges::find(found->second.endpoints, context_.connection.listener_name(), &BrokerEndpoint::name) !=
             found->second.endpoints.end();
}

}  // namespace ottla
