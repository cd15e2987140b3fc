// DescribeTopicPartitions 0 (KIP-966): topics by name, page by page; no topics asked for: all of them.
#include <algorithm>
#include <set>

#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"
#include "broker/topic_creation.h"

namespace ottla {

namespace {

using Answer = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic;

constexpr std::int32_t partitions_max = 2000;  // max.request.partition.size.limit

// Names in order, from the cursor's on.
std::vector<std::string> wanted_names(const Controller& state, const DescribeTopicPartitionsRequest& request) {
  std::set<std::string> names;
  for (const auto& topic : request.topics) {
    names.insert(topic.name);
  }
  if (request.topics.empty()) {
    for (const auto& [name, topic] : state.topics()) {
      names.insert(name);
    }
  }
  const auto first = request.cursor ? names.lower_bound(request.cursor->topic_name) : names.begin();
  return {first, names.end()};
}

// Of one topic, from partition `first` on and at most `room`; gives how far it came.
std::int32_t describe(const Controller& state, const Topic& topic, std::int32_t first, std::int32_t room,
                      Answer& answer) {
  answer.topic_id = topic.id;
  answer.is_internal = topic.name == offsets_topic;
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  const std::int32_t end = first >= count ? count : first + std::min(room, count - first);
  for (std::int32_t index = first; index < end; ++index) {
    const PartitionRegistration& partition = topic.partitions[static_cast<std::size_t>(index)];
    const bool has_leader = partition.leader.value >= 0;
    answer.partitions.push_back({.error_code = has_leader ? ErrorCode::NONE : ErrorCode::LEADER_NOT_AVAILABLE,
                                 .partition_index = index,
                                 .leader_id = partition.leader,
                                 .leader_epoch = partition.leader_epoch.value,
                                 .replica_nodes = partition.replicas,
                                 .isr_nodes = partition.isr,
                                 .eligible_leader_replicas = partition.elr,
                                 .last_known_elr = partition.last_known_elr,
                                 .offline_replicas = offline_replicas(partition, state.brokers())});
  }
  return end;
}

// A cursor stands on one of the topics asked for.
bool has_sound_cursor(const DescribeTopicPartitionsRequest& request) {
  return !request.cursor || (request.cursor->partition_index >= 0 &&
                             (request.topics.empty() || std::ranges::any_of(request.topics, [&](const auto& topic) {
                                return topic.name == request.cursor->topic_name;
                              })));
}

DescribeTopicPartitionsResponse refuse(const DescribeTopicPartitionsRequest& request) {
  DescribeTopicPartitionsResponse response;
  for (const auto& topic : request.topics) {
    response.topics.push_back({.error_code = ErrorCode::INVALID_REQUEST, .name = topic.name});
  }
  return response;
}

DescribeTopicPartitionsResponse describe(const Controller& state, const DescribeTopicPartitionsRequest& request) {
  DescribeTopicPartitionsResponse response;
  std::int32_t room = std::clamp(request.response_partition_limit, 1, partitions_max);
  for (const std::string& name : wanted_names(state, request)) {
    const bool goes_on = request.cursor && request.cursor->topic_name == name;
    const std::int32_t first = goes_on ? request.cursor->partition_index : 0;
    if (room == 0) {
      response.next_cursor = DescribeTopicPartitionsResponse::Cursor{name, first};
      break;
    }
    Answer& answer = response.topics.emplace_back();
    answer.name = name;
    answer.topic_authorized_operations = all_topic_operations;
    const auto topic = state.topic(name);
    if (topic == nullptr) {
      const auto valid = check_topic_name(name);
      answer.error_code = valid ? ErrorCode::UNKNOWN_TOPIC_OR_PARTITION : valid.error().code;
      continue;
    }
    const std::int32_t end = describe(state, *topic, first, room, answer);
    room -= end - std::min(first, end);
    if (end < static_cast<std::int32_t>(topic->partitions.size())) {
      response.next_cursor = DescribeTopicPartitionsResponse::Cursor{name, end};
      break;
    }
  }
  return response;
}

}  // namespace

template <>
Awaitable<DescribeTopicPartitionsResponse> handle(RequestContext& context, DescribeTopicPartitionsRequest& request) {
  if (!has_sound_cursor(request)) {
    co_return refuse(request);
  }
  co_return context.broker.metadata->read([&](const Controller& state) { return describe(state, request); });
}

}  // namespace ottla
