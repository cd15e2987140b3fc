// CreateTopics 2-7. Answers when the topic can be written and read; ids from version 7, effective numbers from 5
// (KIP-525). -1 means the broker's default (version 4, KIP-464).
#include <fmt/format.h>

#include <map>
#include <set>

#include "broker/broker.h"
#include "broker/handlers.h"
#include "broker/topic_creation.h"

namespace ottla {

namespace {

using Asked = CreateTopicsRequest::CreatableTopic;
using Answer = CreateTopicsResponse::CreatableTopicResult;

Answer refuse(std::string name, const Error& error) {
  return {.name = std::move(name), .error_code = error.code, .error_message = error.message};
}

Result<NewTopic> wish_of(const Asked& asked) {
  NewTopic wish{.name = asked.name, .partitions = asked.num_partitions, .replication_factor = asked.replication_factor};
  for (const auto& config : asked.configs) {
    if (!config.value) {
      return failure(ErrorCode::INVALID_CONFIG,
                     fmt::format("Null value not supported for topic configs: {}", config.name));
    }
    wish.configs[config.name] = *config.value;
  }
  if (!asked.assignments.empty()) {
    if (asked.replication_factor != -1 || asked.num_partitions != -1) {
      return failure(ErrorCode::INVALID_REQUEST,
                     fmt::format("A manual partition assignment was specified, but {} was not set to -1.",
                                 asked.replication_factor != -1 ? "replication factor" : "numPartitions"));
    }
    for (const auto& assignment : asked.assignments) {
      if (!wish.assignments.emplace(assignment.partition_index, assignment.broker_ids).second) {
        return failure(
            ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            fmt::format("Found multiple manual partition assignments for partition {}", assignment.partition_index));
      }
    }
  }
  return wish;
}

}  // namespace

template <>
Awaitable<CreateTopicsResponse> handle(RequestContext& context, CreateTopicsRequest& request) {
  std::map<std::string_view, int> times_asked;
  for (const auto& asked : request.topics) {
    ++times_asked[asked.name];
  }
  std::set<std::string_view> refused_twice;
  CreateTopicsResponse response;
  for (const auto& asked : request.topics) {
    if (times_asked[asked.name] > 1) {
      if (refused_twice.insert(asked.name).second) {
        response.topics.push_back(refuse(asked.name, {ErrorCode::INVALID_REQUEST, "Duplicate topic name."}));
      }
      continue;
    }
    auto wish = wish_of(asked);
    if (!wish) {
      response.topics.push_back(refuse(asked.name, wish.error()));
      continue;
    }
    NewTopic topic = *wish;
    const auto created = co_await create_topic(context.broker, std::move(topic), request.validate_only);
    if (!created) {
      response.topics.push_back(refuse(asked.name, created.error()));
      continue;
    }
    Answer answer{.name = asked.name, .topic_id = request.validate_only ? TopicId{} : created->topic_id};
    answer.error_message.reset();
    answer.num_partitions = static_cast<std::int32_t>(created->partitions.size());
    answer.replication_factor = static_cast<std::int16_t>(created->partitions.front().replicas.size());
    answer.configs = effective_configs(*context.broker.partitions.config(), wish->configs);
    response.topics.push_back(std::move(answer));
  }
  co_return response;
}

}  // namespace ottla
