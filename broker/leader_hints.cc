#include "broker/leader_hints.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "broker/broker.h"

namespace ottla {

namespace {

constexpr std::int16_t in_fetch_since = 16;

class Hints {
 public:
  explicit Hints(const RequestContext& context) : context_(context) {}

  // Topics by id where there is one. Nothing is told of a partition that nobody leads.
  template <class PartitionAnswer>
  void tell(std::string_view topic, TopicId id, std::int32_t index, PartitionAnswer& answer) {
    if (answer.error_code != ErrorCode::NOT_LEADER_OR_FOLLOWER && answer.error_code != ErrorCode::FENCED_LEADER_EPOCH) {
      return;
    }
    context_.broker.metadata->read([&](const Controller& state) {
      const auto known = id.is_zero() ? state.topic(topic) : state.topic(id);
      if (known == nullptr || index < 0 || static_cast<std::size_t>(index) >= known->partitions.size()) {
        return;
      }
      const PartitionRegistration& partition = known->partitions[static_cast<std::size_t>(index)];
      if (partition.leader.value >= 0) {
        answer.current_leader = {partition.leader, partition.leader_epoch};
        leaders_.insert(partition.leader);
      }
    });
  }

  template <class Response>
  void add_endpoints(Response& response) const {
    if (leaders_.empty()) {
      return;
    }
    for (Node& node : context_.broker.nodes_for(context_.connection)) {
      if (leaders_.contains(node.id)) {
        response.node_endpoints.push_back({.node_id = node.id,
                                           .host = std::move(node.address.host),
                                           .port = node.address.port,
                                           .rack = std::move(node.rack)});
      }
    }
  }

 private:
  const RequestContext& context_;
  std::set<BrokerId> leaders_;
};

}  // namespace

void tell_leaders(const RequestContext& context, ProduceResponse& response) {
  Hints hints(context);
  for (auto& topic : response.responses) {
    for (auto& answer : topic.partition_responses) {
      hints.tell(topic.name, topic.topic_id, answer.index, answer);
    }
  }
  hints.add_endpoints(response);
}

void tell_leaders(const RequestContext& context, FetchResponse& response) {
  if (context.header.api_version < in_fetch_since) {
    return;
  }
  Hints hints(context);
  for (auto& topic : response.responses) {
    for (auto& answer : topic.partitions) {
      hints.tell(topic.topic, topic.topic_id, answer.partition_index, answer);
    }
  }
  hints.add_endpoints(response);
}

}  // namespace ottla
