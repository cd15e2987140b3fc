// AlterPartitionReassignments 0-1 (KIP-455). Answers when the reassignments have begun, or are cancelled.
#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/log.h"

namespace ottla {

namespace {

using Asked = AlterPartitionReassignmentsRequest::ReassignableTopic;
using Wish = Asked::ReassignablePartition;
using Answer = AlterPartitionReassignmentsResponse::ReassignableTopicResponse;

Error no_such_partition(const std::string& topic, std::int32_t index) {
  return {ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, fmt::format("Unable to find partition {}:{}.", topic, index)};
}

// What may be asked of a partition before the metadata log is. Cancelling is asked there. A broker on its own is not
// registered, and all there is.
Result<void> check(const Controller& state, const Broker& broker, const Topic& topic, const Wish& wish,
                   bool may_change_factor) {
  const auto index = static_cast<std::size_t>(wish.partition_index);
  if (index >= topic.partitions.size()) {  // a negative one, too
    return std::unexpected(no_such_partition(topic.name, wish.partition_index));
  }
  if (!wish.replicas) {
    return state.brokers().empty() ? failure(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, "") : Result<void>{};
  }
  const Brokers alone{{broker.config.node_id, {}}};
  if (auto valid = check_replicas(*wish.replicas, state.brokers().empty() ? alone : state.brokers()); !valid) {
    return valid;
  }
  const std::size_t before = topic.partitions[index].original_replicas().size();
  if (!may_change_factor && wish.replicas->size() != before) {
    return failure(ErrorCode::INVALID_REPLICATION_FACTOR,
                   fmt::format("The replication factor is changed from {} to {}", before, wish.replicas->size()));
  }
  return {};
}

void refuse(Answer& answer, std::size_t index, const Error& error) {
  answer.partitions[index].error_code = error.code;
  if (error.code != ErrorCode::NO_REASSIGNMENT_IN_PROGRESS) {  // which says it all
    answer.partitions[index].error_message = error.message;
  }
}

// The part of a topic's wishes that can be proposed; the others are refused in `answer`.
AlterPartitionReassignments::Topic plan(const Controller& state, const Broker& broker, const Asked& asked,
                                        bool may_change_factor, Answer& answer) {
  AlterPartitionReassignments::Topic named;
  const auto topic = state.topic(asked.name);
  named.topic_id = topic != nullptr ? topic->id : TopicId{};
  for (std::size_t i = 0; i < asked.partitions.size(); ++i) {
    const Wish& wish = asked.partitions[i];
    answer.partitions.push_back({.partition_index = wish.partition_index, .error_message = std::nullopt});
    const bool is_named_twice = std::ranges::count(asked.partitions, wish.partition_index, &Wish::partition_index) > 1;
    Result<void> valid =
        failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, fmt::format("Unable to find a topic named {}.", asked.name));
    if (is_named_twice) {
      valid = failure(ErrorCode::INVALID_REQUEST, "the partition is named twice");
    } else if (topic != nullptr) {
      valid = check(state, broker, *topic, wish, may_change_factor);
    }
    if (!valid) {
      refuse(answer, i, valid.error());
    } else if (!state.brokers().empty()) {
      named.partitions.push_back({wish.partition_index, wish.replicas.value_or(std::vector<BrokerId>{})});
    }
  }
  return named;
}

void tell(const PartitionsChanged& changed, const std::vector<AlterPartitionReassignments::Topic>& named,
          std::vector<Answer>& answers) {
  for (const PartitionOutcome& outcome : changed.outcomes) {
    if (outcome.code == ErrorCode::NONE) {
      continue;
    }
    for (std::size_t i = 0; i < named.size(); ++i) {
      const auto told = std::ranges::find(answers[i].partitions, outcome.partition_index,
                                          &Answer::ReassignablePartitionResponse::partition_index);
      if (named[i].topic_id == outcome.topic_id && told != answers[i].partitions.end()) {
        refuse(answers[i], static_cast<std::size_t>(told - answers[i].partitions.begin()),
               {outcome.code, outcome.message});
      }
    }
  }
}

}  // namespace

template <>
Awaitable<AlterPartitionReassignmentsResponse> handle(RequestContext& context,
                                                      AlterPartitionReassignmentsRequest& request) {
  AlterPartitionReassignmentsResponse response;
  if (request.topics.empty()) {
    co_return response;
  }
  response.error_message.reset();
  response.allow_replication_factor_change = request.allow_replication_factor_change;
  AlterPartitionReassignments command;
  MetadataQuorum& metadata = *context.broker.metadata;
  metadata.read([&](const Controller& state) {
    for (const Asked& asked : request.topics) {
      Answer& answer = response.responses.emplace_back(asked.name);
      command.topics.push_back(plan(state, context.broker, asked, request.allow_replication_factor_change, answer));
    }
  });
  if (std::ranges::all_of(command.topics, [](const auto& topic) { return topic.partitions.empty(); })) {
    co_return response;
  }
  const auto named = command.topics;
  Command proposal = std::move(command);
  const auto applied = co_await metadata.propose(std::move(proposal));
  if (!applied) {
    response.error_code = applied.error().code;
    response.error_message = applied.error().message;
    response.responses.clear();
    co_return response;
  }
  tell(std::get<PartitionsChanged>(*applied), named, response.responses);
  for (const Answer& answer : response.responses) {
    logger().info("topic {}: the replicas of {} partitions are moved, or stay", answer.name, answer.partitions.size());
  }
  co_return response;
}

}  // namespace ottla
