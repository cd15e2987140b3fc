// OffsetFetch 1-10. What was never committed is -1 and no error, also in a group that is not there. No topics named:
// all (version 2). Many groups at once from version 8 (KIP-709); a member of the new protocol says its epoch from 9
// (KIP-848); topics by id from 10.
#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

constexpr std::int16_t groups_since = 8;
constexpr std::int16_t topic_ids_since = 10;

using GroupAsked = OffsetFetchRequest::OffsetFetchRequestGroup;
using FetchedGroup = OffsetFetchResponse::OffsetFetchResponseGroup;
using TopicAnswer = FetchedGroup::OffsetFetchResponseTopics;
using PartitionAnswer = TopicAnswer::OffsetFetchResponsePartitions;
using Offsets = std::map<groups::TopicPartition, groups::CommittedOffset>;

struct Seen {
  ErrorCode error = ErrorCode::NONE;
  Offsets offsets;
};

PartitionAnswer found(std::int32_t partition, const groups::CommittedOffset& committed) {
  return {.partition_index = partition,
          .committed_offset = committed.offset,
          .committed_leader_epoch = committed.leader_epoch,
          .metadata = committed.metadata};
}

PartitionAnswer not_found(std::int32_t partition, ErrorCode error) {
  return {.partition_index = partition, .committed_offset = Offset{-1}, .error_code = error};
}

std::vector<TopicAnswer> all_topics(const Broker& broker, const Offsets& offsets) {
  std::vector<TopicAnswer> answers;
  std::optional<NamedTopic> topic;
  for (const auto& [partition, committed] : offsets) {
    if (!topic || topic->name != partition.topic) {
      topic = resolve_topic(broker, partition.topic, {}, false);
      if (topic->exists) {
        answers.push_back({.name = topic->name, .topic_id = topic->id});
      }
    }
    if (is_of(committed, *topic)) {
      answers.back().partitions.push_back(found(partition.partition, committed));
    }
  }
  std::erase_if(answers, [](const TopicAnswer& answer) { return answer.partitions.empty(); });
  return answers;
}

TopicAnswer one_topic(const Broker& broker, const Offsets& offsets, const GroupAsked::OffsetFetchRequestTopics& asked,
                      bool by_id) {
  const NamedTopic topic = resolve_topic(broker, asked.name, asked.topic_id, by_id);
  TopicAnswer answer{.name = asked.name, .topic_id = asked.topic_id};
  const auto error = by_id && !topic.exists ? ErrorCode::UNKNOWN_TOPIC_ID : ErrorCode::NONE;
  for (const std::int32_t partition : asked.partition_indexes) {
    const auto committed = offsets.find({topic.name, partition});
    const bool is_there = committed != offsets.end() && is_of(committed->second, topic);
    answer.partitions.push_back(is_there ? found(partition, committed->second) : not_found(partition, error));
  }
  return answer;
}

Awaitable<FetchedGroup> fetch(RequestContext& context, const GroupAsked& asked) {
  if (const auto served = context.broker.groups->check(asked.group_id); !served) {
    co_return FetchedGroup{.group_id = asked.group_id, .error_code = served.error().code};
  }
  auto look = [member = asked.member_id, epoch = asked.member_epoch](const groups::AnyGroup* group) {
    const groups::ConsumerGroup* consumer = group != nullptr ? group->consumer() : nullptr;
    return Seen{.error = consumer != nullptr ? consumer->check_fetch(member, epoch) : ErrorCode::NONE,
                .offsets = group != nullptr ? group->offsets() : Offsets{}};
  };
  const Seen seen = co_await context.broker.groups->look_at(asked.group_id, std::move(look));
  const Offsets& offsets = seen.offsets;
  FetchedGroup answer{.group_id = asked.group_id};
  answer.error_code = seen.error;
  if (seen.error != ErrorCode::NONE) {
    co_return answer;
  }
  if (!asked.topics) {
    answer.topics = all_topics(context.broker, offsets);
    co_return answer;
  }
  for (const auto& topic : *asked.topics) {
    answer.topics.push_back(one_topic(context.broker, offsets, topic, context.header.api_version >= topic_ids_since));
  }
  co_return answer;
}

// Versions before 8 ask for one group, in fields of their own.
GroupAsked only_group(OffsetFetchRequest& request) {
  GroupAsked asked{.group_id = std::move(request.group_id), .topics = std::nullopt};
  if (request.topics) {
    asked.topics.emplace();
    for (auto& topic : *request.topics) {
      asked.topics->push_back({.name = std::move(topic.name), .partition_indexes = std::move(topic.partition_indexes)});
    }
  }
  return asked;
}

void answer_with_only_group(OffsetFetchResponse& response, const FetchedGroup& group) {
  response.error_code = group.error_code;
  for (const auto& topic : group.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    for (const auto& partition : topic.partitions) {
      answer.partitions.push_back({.partition_index = partition.partition_index,
                                   .committed_offset = partition.committed_offset,
                                   .committed_leader_epoch = partition.committed_leader_epoch,
                                   .metadata = partition.metadata,
                                   .error_code = partition.error_code});
    }
  }
}

}  // namespace

template <>
Awaitable<OffsetFetchResponse> handle(RequestContext& context, OffsetFetchRequest& request) {
  OffsetFetchResponse response;
  if (context.header.api_version < groups_since) {
    const GroupAsked asked = only_group(request);
    answer_with_only_group(response, co_await fetch(context, asked));
    co_return response;
  }
  for (const GroupAsked& asked : request.groups) {
    response.groups.push_back(co_await fetch(context, asked));
  }
  co_return response;
}

}  // namespace ottla
