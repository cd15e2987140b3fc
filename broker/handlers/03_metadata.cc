// Metadata 0-13. Brokers, and topics by name or id (id from version 10, asking by id alone from 12, KIP-516). A topic
// that is not there is created before the answer leaves, if client and broker allow it (version 4, KIP-4).
#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "broker/broker.h"
#include "broker/cluster/cluster_services.h"
#include "broker/connection.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"
#include "broker/topic_creation.h"
#include "broker/wall_clock.h"

namespace ottla {

namespace {

using Topic_ = MetadataResponse::MetadataResponseTopic;

constexpr std::int16_t by_id_since = 12;

// Leader and replicas as they are; a replica on a broker that is fenced is offline.
Topic_ describe(const Controller& state, const Topic& topic) {
  Topic_ answer{.error_code = ErrorCode::NONE,
                .name = topic.name,
                .topic_id = topic.id,
                .is_internal = topic.name == offsets_topic};
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    const PartitionRegistration& partition = topic.partitions[index];
    const bool has_leader = partition.leader.value >= 0;
    answer.partitions.push_back({.error_code = has_leader ? ErrorCode::NONE : ErrorCode::LEADER_NOT_AVAILABLE,
                                 .partition_index = static_cast<std::int32_t>(index),
                                 .leader_id = partition.leader,
                                 .leader_epoch = partition.leader_epoch,
                                 .replica_nodes = partition.replicas,
                                 .isr_nodes = partition.isr,
                                 .offline_replicas = offline_replicas(partition, state.brokers())});
  }
  return answer;
}

std::vector<Topic_> describe_all(const MetadataQuorum& metadata) {
  return metadata.read([](const Controller& state) {
    std::vector<Topic_> answers;
    for (const auto& [name, topic] : state.topics()) {
      answers.push_back(describe(state, *topic));
    }
    return answers;
  });
}

Topic_ describe_by_id(const MetadataQuorum& metadata, TopicId id) {
  return metadata.read([&](const Controller& state) {
    const auto topic = state.topic(id);
    return topic != nullptr ? describe(state, *topic)
                            : Topic_{.error_code = ErrorCode::UNKNOWN_TOPIC_ID, .name = std::nullopt, .topic_id = id};
  });
}

Awaitable<Topic_> describe_by_name(RequestContext& context, std::string name, bool may_create) {
  const auto look_up = [&] {
    return context.broker.metadata->read([&](const Controller& state) -> std::optional<Topic_> {
      const auto topic = state.topic(name);
      return topic != nullptr ? std::optional(describe(state, *topic)) : std::nullopt;
    });
  };
  if (auto known = look_up()) {
    co_return std::move(*known);
  }
  if (const auto valid = check_topic_name(name); !valid) {
    co_return Topic_{.error_code = valid.error().code, .name = std::move(name)};
  }
  if (!may_create || name == cluster_metadata_topic) {
    co_return Topic_{.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, .name = std::move(name)};
  }
  NewTopic wish = name == offsets_topic ? offsets_topic_wish(context.broker.config) : NewTopic{.name = name};
  const auto created = co_await create_topic(context.broker, std::move(wish), false);
  if (auto known = look_up()) {  // ours, or another client's that came first
    co_return std::move(*known);
  }
  co_return Topic_{.error_code = created ? ErrorCode::LEADER_NOT_AVAILABLE : created.error().code,
                   .name = std::move(name)};
}

// What is asked for has a leader whose connection broke this moment.
bool has_leader_in_doubt(const Broker& broker, const MetadataRequest& request, bool all_topics) {
  const auto in_doubt = broker.cluster->recent_losses.in_doubt(steady_clock_ms());
  const auto is_in_doubt = [&](const Topic& topic) {
    return std::ranges::any_of(topic.partitions, [&](const auto& partition) {
      return std::ranges::find(in_doubt, partition.leader) != in_doubt.end();
    });
  };
  return broker.metadata->read([&](const Controller& state) {
    if (all_topics) {
      return std::ranges::any_of(state.topics(), [&](const auto& topic) { return is_in_doubt(*topic.second); });
    }
    return std::ranges::any_of(*request.topics, [&](const auto& wanted) {
      const auto topic =
          wanted.topic_id.is_zero() ? state.topic(wanted.name.value_or("")) : state.topic(wanted.topic_id);
      return topic != nullptr && is_in_doubt(*topic);
    });
  });
}

// If that leader is gone, another one leads in a tenth of a second. A client that is told the old one now asks again
// when its back-off allows, or its next look at what is out of order: after a second, in librdkafka.
Awaitable<> wait_for_successors(RequestContext& context, const MetadataRequest& request, bool all_topics) {
  constexpr auto look_interval = std::chrono::milliseconds(15);
  const Broker& broker = context.broker;
  const auto deadline = Clock::now() + RecentLosses::longest_doubt;
  while (broker.cluster != nullptr && Clock::now() < deadline &&
         broker.cluster->recent_losses.is_anybody_in_doubt(steady_clock_ms()) && !context.connection.is_closed() &&
         has_leader_in_doubt(broker, request, all_topics)) {
    const auto looked = std::make_shared<OneShot<bool>>();
    context.core.after(look_interval, [looked] { looked->complete(true); });
    co_await looked->wait();
  }
}

// A broker that was fenced a moment ago is told, too: what it led has been moved in the same answer, and librdkafka
// (2.16), which gives up a broker that it is told of no more, would lose the new leaders with it for a second.
bool is_told(const Broker& broker, const Node& node) {
  return !node.is_fenced ||
         (broker.cluster != nullptr && broker.cluster->recent_losses.was_alive_lately(node.id, steady_clock_ms()));
}

// Versions 10 and 11 have the field for an id, but Kafka did not look at it yet.
bool asks_by_id_too_early(const MetadataRequest& request, std::int16_t version) {
  return version < by_id_since && request.topics &&
         std::ranges::any_of(
             *request.topics, [](const auto& topic) { return !topic.name || !topic.topic_id.is_zero(); });
}

MetadataResponse refuse(const MetadataRequest& request) {
  MetadataResponse response{.error_code = ErrorCode::INVALID_REQUEST};
  for (const auto& topic : *request.topics) {
    response.topics.push_back(
        {.error_code = ErrorCode::INVALID_REQUEST, .name = topic.name.value_or(""), .topic_id = topic.topic_id});
  }
  return response;
}

}  // namespace

template <>
Awaitable<MetadataResponse> handle(RequestContext& context, MetadataRequest& request) {
  Broker& broker = context.broker;
  const auto version = context.header.api_version;
  if (asks_by_id_too_early(request, version)) {
    co_return refuse(request);
  }
  const bool all_topics = !request.topics || (version == 0 && request.topics->empty());
  co_await wait_for_successors(context, request, all_topics);
  MetadataResponse response;
  auto nodes = broker.nodes_for(context.connection);
  response.controller_id = broker.controller_among(nodes);
  for (Node& node : nodes) {
    if (is_told(broker, node)) {
      response.brokers.push_back({.node_id = node.id,
                                  .host = std::move(node.address.host),
                                  .port = node.address.port,
                                  .rack = std::move(node.rack)});
    }
  }
  response.cluster_id = broker.directory->cluster_id();
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = all_cluster_operations;
  }
  if (all_topics) {
    response.topics = describe_all(*broker.metadata);
  } else {
    const bool may_create = request.allow_auto_topic_creation && broker.config.auto_create_topics_enable;
    std::set<std::pair<std::string_view, TopicId>> answered;  // each is told once, however often it is asked for
    for (const auto& wanted : *request.topics) {
      // By id if there is one: the name beside it may be null or, from the Java client, empty.
      const bool by_id = !wanted.name || !wanted.topic_id.is_zero();
      if (!answered.emplace(by_id ? "" : std::string_view(*wanted.name), by_id ? wanted.topic_id : TopicId{}).second) {
        continue;
      }
      if (by_id) {
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
