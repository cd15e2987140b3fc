// OffsetDelete 0 (KIP-496). Offsets of a topic that a member subscribes to stay: GROUP_SUBSCRIBED_TO_TOPIC.
#include "broker/groups/handler_help.h"

namespace ottla {

template <>
Awaitable<OffsetDeleteResponse> handle(RequestContext& context, OffsetDeleteRequest& request) {
  if (request.group_id.empty()) {
    co_return OffsetDeleteResponse{.error_code = ErrorCode::INVALID_GROUP_ID};
  }
  OffsetDeleteResponse response;
  auto look = [](const groups::AnyGroup* group) {
    return group != nullptr ? group->subscribed_topics() : std::set<std::string>{};
  };
  const std::set<std::string> subscribed = co_await context.broker.groups->look_at(request.group_id, look);
  groups::DeleteOffsets wanted;
  for (const auto& topic : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    const NamedTopic named = resolve_topic(context.broker, topic.name, {}, false);
    for (const auto& asked : topic.partitions) {
      const auto error = !named.has(asked.partition_index) ? ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                         : subscribed.contains(topic.name) ? ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC
                                                           : ErrorCode::NONE;
      answer.partitions.push_back({asked.partition_index, error});
      if (error == ErrorCode::NONE) {
        wanted.partitions.push_back({topic.name, asked.partition_index});
      }
    }
  }
  groups::Event event = std::move(wanted);
  const auto answer = co_await context.broker.groups->ask(request.group_id, std::move(event), IfAbsent::refuse);
  if (!answer) {
    co_return OffsetDeleteResponse{.error_code = answer.error().code};
  }
  std::size_t next = 0;
  const auto& errors = std::get<std::vector<ErrorCode>>(*answer);
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code == ErrorCode::NONE) {
        partition.error_code = errors.at(next++);
        // The whole group refuses, or none of it.
        if (partition.error_code == ErrorCode::NON_EMPTY_GROUP) {
          co_return OffsetDeleteResponse{.error_code = ErrorCode::NON_EMPTY_GROUP};
        }
      }
    }
  }
  co_return response;
}

}  // namespace ottla
