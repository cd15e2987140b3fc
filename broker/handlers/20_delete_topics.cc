// DeleteTopics 1-6. By name, and by id from version 6 (KIP-516). Answers when nothing of the topic is served any more.
#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Answer = DeleteTopicsResponse::DeletableTopicResult;

Awaitable<Answer> delete_one(Broker& broker, std::optional<std::string> name, TopicId id) {
  const bool by_id = !name;
  Answer answer{.name = name, .topic_id = id};
  broker.metadata->read([&](const Controller& state) {
    const auto topic = by_id ? state.topic(id) : state.topic(*name);
    if (topic == nullptr) {
      answer.error_code = by_id ? ErrorCode::UNKNOWN_TOPIC_ID : ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    } else {
      answer.name = topic->name;
      answer.topic_id = topic->id;
      if (topic->name == offsets_topic) {
        answer.error_code = ErrorCode::INVALID_TOPIC_EXCEPTION;
        answer.error_message = "the groups of this broker live in it";
      }
    }
  });
  if (answer.error_code == ErrorCode::NONE) {
    Command command = DeleteTopic{.topic_id = answer.topic_id};
    const auto deleted = co_await broker.metadata->propose(std::move(command));
    if (!deleted) {
      answer.error_code = deleted.error().code;
      answer.error_message = deleted.error().message;
    }
  }
  co_return answer;
}

void refuse_all(DeleteTopicsRequest& request, std::int16_t version, DeleteTopicsResponse& response) {
  constexpr std::int16_t says_disabled_since = 3;
  const auto refuse = [&](std::optional<std::string> name, TopicId id) {
    response.responses.push_back(
        {.name = std::move(name),
         .topic_id = id,
         .error_code = version >= says_disabled_since ? ErrorCode::TOPIC_DELETION_DISABLED : ErrorCode::INVALID_REQUEST,
         .error_message = "delete.topic.enable is false"});
  };
  for (auto& name : request.topic_names) {
    refuse(std::move(name), TopicId{});
  }
  for (auto& topic : request.topics) {
    refuse(std::move(topic.name), topic.topic_id);
  }
}

}  // namespace

template <>
Awaitable<DeleteTopicsResponse> handle(RequestContext& context, DeleteTopicsRequest& request) {
  DeleteTopicsResponse response;
  if (!context.broker.config.delete_topic_enable) {
    refuse_all(request, context.header.api_version, response);
    co_return response;
  }
  for (auto& name : request.topic_names) {
    std::optional<std::string> by_name = std::move(name);
    response.responses.push_back(co_await delete_one(context.broker, std::move(by_name), TopicId{}));
  }
  for (auto& topic : request.topics) {
    if (topic.name && !topic.topic_id.is_zero()) {
      response.responses.push_back({.name = topic.name,
                                    .topic_id = topic.topic_id,
                                    .error_code = ErrorCode::INVALID_REQUEST,
                                    .error_message = "You may not specify both topic name and topic id."});
      continue;
    }
    response.responses.push_back(co_await delete_one(context.broker, std::move(topic.name), topic.topic_id));
  }
  co_return response;
}

}  // namespace ottla
