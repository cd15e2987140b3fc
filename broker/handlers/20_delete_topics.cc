// DeleteTopics 1-6. By name, and by id from version 6 (KIP-516). Answers when nothing of the topic is served any more.
#include <map>

#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Answer = DeleteTopicsResponse::DeletableTopicResult;

Answer refuse(std::optional<std::string> name, TopicId id, const Error& error) {
  return {.name = std::move(name), .topic_id = id, .error_code = error.code, .error_message = error.message};
}

// What is asked for, each once and by one of its two names.
struct Wanted {
  std::map<std::string, int> names;  // -> how often
  std::map<TopicId, int> ids;
};

Wanted wanted_by(const DeleteTopicsRequest& request, std::vector<Answer>& answers) {
  Wanted wanted;
  for (const auto& name : request.topic_names) {
    ++wanted.names[name];
  }
  for (const auto& topic : request.topics) {
    if (topic.name.has_value() != topic.topic_id.is_zero()) {
      answers.push_back(
          refuse(topic.name, topic.topic_id,
                 {ErrorCode::INVALID_REQUEST, topic.name ? "You may not specify both topic name and topic id."
                                                         : "Neither topic name nor id were specified."}));
    } else if (topic.name) {
      ++wanted.names[*topic.name];
    } else {
      ++wanted.ids[topic.topic_id];
    }
  }
  std::erase_if(wanted.names, [&](const auto& one) {
    if (one.second > 1) {
      answers.push_back(refuse(one.first, {}, {ErrorCode::INVALID_REQUEST, "Duplicate topic name."}));
    }
    return one.second > 1;
  });
  return wanted;
}

// The topics to delete. One that is named twice, in whatever way, stays.
std::map<TopicId, std::string> resolve(const Controller& state, const Wanted& wanted, std::vector<Answer>& answers) {
  std::map<TopicId, std::string> found;
  for (const auto& [id, times] : wanted.ids) {
    if (times > 1) {
      answers.push_back(refuse(std::nullopt, id, {ErrorCode::INVALID_REQUEST, "Duplicate topic id."}));
    } else if (const auto topic = state.topic(id)) {
      found.emplace(id, topic->name);
    } else {
      answers.push_back(
          refuse(std::nullopt, id, {ErrorCode::UNKNOWN_TOPIC_ID, "This server does not host this topic ID."}));
    }
  }
  for (const auto& [name, times] : wanted.names) {
    const auto topic = state.topic(name);
    if (topic == nullptr) {
      answers.push_back(
          refuse(name, {}, {ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition."}));
    } else if (wanted.ids.contains(topic->id)) {
      found.erase(topic->id);
      answers.push_back(
          refuse(name, topic->id,
                 {ErrorCode::INVALID_REQUEST, "The provided topic name maps to an ID that was already supplied."}));
    } else {
      found.emplace(topic->id, name);
    }
  }
  return found;
}

Awaitable<Answer> delete_one(Broker& broker, TopicId id, std::string name) {
  if (name == offsets_topic) {
    co_return refuse(std::move(name), id, {ErrorCode::INVALID_TOPIC_EXCEPTION, "the groups of this broker live in it"});
  }
  Command command = DeleteTopic{.topic_id = id};
  const auto deleted = co_await broker.metadata->propose(std::move(command));
  co_return deleted ? Answer{.name = std::move(name), .topic_id = id} : refuse(std::move(name), id, deleted.error());
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
  const Wanted wanted = wanted_by(request, response.responses);
  const auto found = context.broker.metadata->read(
      [&](const Controller& state) { return resolve(state, wanted, response.responses); });
  for (const auto& [id, name] : found) {
    response.responses.push_back(co_await delete_one(context.broker, id, name));
  }
  co_return response;
}

}  // namespace ottla
