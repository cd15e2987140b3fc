// DescribeQuorum 0-2 (KIP-595, KIP-836, KIP-853): who agrees on the metadata, and how far each has come. Kafka shows
// the metadata log as a topic; so do we. Only the leader knows of the others, so it is asked.
#include <fmt/format.h>

#include "broker/broker.h"
#include "broker/cluster/cluster_services.h"
#include "broker/connection.h"
#include "broker/handlers.h"
#include "broker/wall_clock.h"

namespace ottla {

namespace {

using Answer = DescribeQuorumResponse::TopicData;

constexpr const char* metadata_topic = "__cluster_metadata";

// Kafka's offsets begin at 0 and its ends lie behind the last record; indexes of the log begin at 1.
std::int64_t end_after(std::uint64_t index) { return static_cast<std::int64_t>(index); }

// What RemoveRaftVoter wants to hear. Zero, as in Kafka, where it is not known: of a broker on its own, and of one that
// is not registered.
Uuid directory_of(const Broker& broker, BrokerId id) {
  return broker.metadata->read([&](const Controller& state) {
    const auto known = state.brokers().find(id);
    return known == state.brokers().end() || known->second.log_dirs.empty() ? Uuid{} : known->second.log_dirs.front();
  });
}

void describe(const Broker& broker, const QuorumStatus& status, Answer::PartitionData& partition) {
  partition.leader_id = status.leader;
  partition.leader_epoch = LeaderEpoch{static_cast<std::int32_t>(status.term)};
  if (!status.is_leader) {
    partition.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    partition.error_message = "this broker is not the active controller";
    return;
  }
  partition.high_watermark = end_after(status.committed_index);
  for (const QuorumStatus::Server& server : status.servers) {
    auto& those = server.is_voter ? partition.current_voters : partition.observers;
    those.push_back({.replica_id = server.id,
                     .replica_directory_id = directory_of(broker, server.id),
                     .log_end_offset = end_after(server.last_index),
                     .last_fetch_timestamp = server.id == status.leader ? wall_clock_ms() : server.last_heard_ms,
                     .last_caught_up_timestamp = server.last_caught_up_ms});
  }
}

// A voter's address is HOST:PORT of the listener for brokers; a broker on its own has none.
void describe_nodes(const QuorumStatus& status, const std::string& listener, DescribeQuorumResponse& response) {
  for (const QuorumStatus::Server& voter : status.servers) {
    if (!voter.is_voter) {
      continue;
    }
    auto& node = response.nodes.emplace_back(voter.id);
    if (const auto colon = voter.address.rfind(':'); colon != std::string::npos) {
      node.listeners.push_back({.name = listener,
                                .host = voter.address.substr(0, colon),
                                .port = static_cast<std::uint16_t>(std::stoi(voter.address.substr(colon + 1)))});
    }
  }
}

DescribeQuorumResponse describe(const QuorumStatus& status, const Broker& broker,
                                const DescribeQuorumRequest& request) {
  DescribeQuorumResponse response;
  for (const auto& asked : request.topics) {
    Answer& topic = response.topics.emplace_back(asked.topic_name);
    for (const auto& one : asked.partitions) {
      auto& partition = topic.partitions.emplace_back(one.partition_index);
      if (asked.topic_name == metadata_topic && one.partition_index == 0) {
        describe(broker, status, partition);
      } else {
        partition.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        partition.error_message = "This server does not host this topic-partition.";
      }
    }
  }
  if (broker.membership != nullptr) {
    describe_nodes(status, broker.config.inter_broker_listener_name, response);
  }
  return response;
}

}  // namespace

template <>
Awaitable<DescribeQuorumResponse> handle(RequestContext& context, DescribeQuorumRequest& request) {
  Broker& broker = context.broker;
  // Another broker that asks takes us for the leader: if we are not, it hears that, and nobody else is asked.
  const bool is_asked_by_broker =
      broker.cluster != nullptr && context.connection.listener_name() == broker.config.inter_broker_listener_name;
  if (broker.cluster == nullptr || broker.metadata->is_active() || is_asked_by_broker) {
    co_return describe(co_await broker.metadata->status(), broker, request);
  }
  auto answer = co_await broker.cluster->ask_controller(request);
  if (!answer) {
    DescribeQuorumResponse refused;
    refused.error_code = answer.error().code;
    refused.error_message = answer.error().message;
    co_return refused;
  }
  co_return std::move(*answer);
}

}  // namespace ottla
