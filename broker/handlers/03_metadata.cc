// Metadata 0-13. Brokers, and topics by name or id (id from version 10, asking by id alone from 12, KIP-516). A topic
// that is not there is created before the answer leaves, if client and broker allow it (version 4, KIP-4).
#include <set>
#include <string_view>
#include <utility>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/handlers.h"
#include "broker/topic_creation.h"

namespace ottla {

namespace {

using Topic_ = MetadataResponse::MetadataResponseTopic;

Topic_ describe(const Topic& topic) {
  Topic_ answer{.error_code = ErrorCode::NONE, .name = topic.name, .topic_id = topic.id};
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    const PartitionState& state = topic.partitions[index];
    answer.partitions.push_back({.error_code = ErrorCode::NONE,
                                 .partition_index = static_cast<std::int32_t>(index),
                                 .leader_id = state.leader,
                                 .leader_epoch = state.leader_epoch,
                                 .replica_nodes = state.replicas,
                                 .isr_nodes = state.isr});
  }
  return answer;
}

std::vector<Topic_> describe_all(const MetadataQuorum& metadata) {
  return metadata.read([](const Controller& state) {
    std::vector<Topic_> answers;
    for (const auto& [name, topic] : state.topics()) {
      answers.push_back(describe(*topic));
    }
    return answers;
  });
}

Topic_ describe_by_id(const MetadataQuorum& metadata, TopicId id) {
  return metadata.read([&](const Controller& state) {
    const auto topic = state.topic(id);
    return topic != nullptr ? describe(*topic)
                            : Topic_{.error_code = ErrorCode::UNKNOWN_TOPIC_ID, .name = std::nullopt, .topic_id = id};
  });
}

Awaitable<Topic_> describe_by_name(RequestContext& context, std::string name, bool may_create) {
  const auto look_up = [&] {
    return context.broker.metadata->read([&](const Controller& state) -> std::optional<Topic_> {
      const auto topic = state.topic(name);
      return topic != nullptr ? std::optional(describe(*topic)) : std::nullopt;
    });
  };
  if (auto known = look_up()) {
    co_return std::move(*known);
  }
  if (const auto valid = check_topic_name(name); !valid) {
    co_return Topic_{.error_code = valid.error().code, .name = std::move(name)};
  }
  if (!may_create) {
    co_return Topic_{.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, .name = std::move(name)};
  }
  NewTopic wish{.name = name};
  const auto created = co_await create_topic(context.broker, std::move(wish), false);
  if (auto known = look_up()) {  // ours, or another client's that came first
    co_return std::move(*known);
  }
  co_return Topic_{.error_code = created ? ErrorCode::LEADER_NOT_AVAILABLE : created.error().code,
                   .name = std::move(name)};
}

}  // namespace

template <>
Awaitable<MetadataResponse> handle(RequestContext& context, MetadataRequest& request) {
  Broker& broker = context.broker;
  const auto version = context.header.api_version;
  const Address address = broker.address_for(context.connection);
  MetadataResponse response;
  response.brokers.push_back({.node_id = broker.config.node_id,
                              .host = address.host,
                              .port = address.port,
                              .rack = broker.config.broker_rack});
  response.cluster_id = broker.directory->cluster_id();
  response.controller_id = broker.config.node_id;
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = all_cluster_operations;
  }
  const bool all_topics = !request.topics || (version == 0 && request.topics->empty());
  if (all_topics) {
    response.topics = describe_all(*broker.metadata);
  } else {
    const bool may_create = request.allow_auto_topic_creation && broker.config.auto_create_topics_enable;
    std::set<std::pair<std::string_view, TopicId>> answered;  // each is told once, however often it is asked for
    for (const auto& wanted : *request.topics) {
      const std::string_view name = wanted.name ? std::string_view(*wanted.name) : std::string_view();
      if (!answered.emplace(name, wanted.name ? TopicId{} : wanted.topic_id).second) {
        continue;
      }
      if (!wanted.name) {
        response.topics.push_back(describe_by_id(*broker.metadata, wanted.topic_id));
      } else {
        response.topics.push_back(co_await describe_by_name(context, *wanted.name, may_create));
      }
    }
  }
  if (request.include_topic_authorized_operations) {
    for (auto& topic : response.topics) {
      topic.topic_authorized_operations = all_topic_operations;
    }
  }
  co_return response;
}

}  // namespace ottla
