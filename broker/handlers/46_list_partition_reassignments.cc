// ListPartitionReassignments 0 (KIP-455).
#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Answer = ListPartitionReassignmentsResponse::OngoingTopicReassignment;

void list_one(const Topic& topic, std::size_t index, Answer& answer) {
  if (index < topic.partitions.size() && topic.partitions[index].is_reassigning()) {
    const PartitionRegistration& partition = topic.partitions[index];
    answer.partitions.push_back({.partition_index = static_cast<std::int32_t>(index),
                                 .replicas = partition.replicas,
                                 .adding_replicas = partition.adding,
                                 .removing_replicas = partition.removing});
  }
}

}  // namespace

template <>
Awaitable<ListPartitionReassignmentsResponse> handle(RequestContext& context,
                                                     ListPartitionReassignmentsRequest& request) {
  ListPartitionReassignmentsResponse response;
  response.error_message.reset();
  const auto add = [&](Answer answer) {
    if (!answer.partitions.empty()) {
      response.topics.push_back(std::move(answer));
    }
  };
  context.broker.metadata->read([&](const Controller& state) {
    if (!request.topics) {
      for (const auto& [name, topic] : state.topics()) {
        Answer answer{.name = name};
        for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
          list_one(*topic, index, answer);
        }
        add(std::move(answer));
      }
      return;
    }
    for (const auto& asked : *request.topics) {
      Answer answer{.name = asked.name};
      const auto topic = state.topic(asked.name);
      for (const std::int32_t index : asked.partition_indexes) {
        if (topic != nullptr) {
          list_one(*topic, static_cast<std::size_t>(index), answer);
        }
      }
      add(std::move(answer));
    }
  });
  co_return response;
}

}  // namespace ottla
