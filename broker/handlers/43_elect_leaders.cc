// ElectLeaders 0-2 (KIP-183, KIP-460). Answers when this broker follows the new leaders.
#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Asked = ElectLeadersRequest::TopicPartitions;
using Answer = ElectLeadersResponse::ReplicaElectionResult;

// All partitions of all topics; of those nobody wants to hear that there was nothing to do.
ElectLeaders everything(const Controller& state, Election election, ElectLeadersResponse& response) {
  ElectLeaders command{.election = election};
  for (const auto& [name, topic] : state.topics()) {
    response.replica_election_results.emplace_back(name);
    auto& named = command.topics.emplace_back(topic->id);
    for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
      named.partitions.push_back(static_cast<std::int32_t>(index));
    }
  }
  return command;
}

// What is asked for, without topics that are not there: those are answered at once.
ElectLeaders plan(const Controller& state, Election election, const std::vector<Asked>& topics,
                  ElectLeadersResponse& response) {
  ElectLeaders command{.election = election};
  for (const Asked& asked : topics) {
    Answer& unknown = response.replica_election_results.emplace_back(asked.topic);
    if (const auto topic = state.topic(asked.topic)) {
      command.topics.push_back({topic->id, asked.partitions});
      continue;
    }
    for (const std::int32_t index : asked.partitions) {
      unknown.partition_result.push_back(
          {index, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, fmt::format("No such topic as {}", asked.topic)});
    }
  }
  return command;
}

void answer(const Controller& state, const PartitionsChanged& changed, bool tells_all, ElectLeadersResponse& response) {
  for (const PartitionOutcome& outcome : changed.outcomes) {
    if (outcome.code == ErrorCode::ELECTION_NOT_NEEDED && !tells_all) {
      continue;
    }
    const auto topic = state.topic(outcome.topic_id);
    const std::string name = topic != nullptr ? topic->name : "";
    const auto place = std::ranges::find(response.replica_election_results, name, &Answer::topic);
    if (place == response.replica_election_results.end()) {
      continue;  // deleted since then
    }
    auto& told = place->partition_result.emplace_back(outcome.partition_index);
    if (outcome.code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) {
      told.error_code = outcome.code;
      told.error_message = fmt::format("No such partition as {}-{}", name, outcome.partition_index);
    } else {
      told.error_code = outcome.code;
      told.error_message = outcome.code == ErrorCode::NONE ? std::nullopt : std::optional(outcome.message);
    }
  }
}

ElectLeadersResponse refuse(const ElectLeadersRequest& request) {
  ElectLeadersResponse response{.error_code = ErrorCode::INVALID_REQUEST};
  for (const Asked& asked : request.topic_partitions.value_or(std::vector<Asked>{})) {
    Answer& answer = response.replica_election_results.emplace_back(asked.topic);
    for (const std::int32_t index : asked.partitions) {
      answer.partition_result.push_back(
          {index, ErrorCode::INVALID_REQUEST, fmt::format("Unknown election type {}", request.election_type)});
    }
  }
  return response;
}

}  // namespace

template <>
Awaitable<ElectLeadersResponse> handle(RequestContext& context, ElectLeadersRequest& request) {
  ElectLeadersResponse response;
  constexpr std::int8_t last_kind = 1;
  if (request.election_type < 0 || request.election_type > last_kind) {
    co_return refuse(request);
  }
  const auto election = static_cast<Election>(request.election_type);
  MetadataQuorum& metadata = *context.broker.metadata;
  Command command = metadata.read([&](const Controller& state) {
    return request.topic_partitions ? plan(state, election, *request.topic_partitions, response)
                                    : everything(state, election, response);
  });
  if (std::get<ElectLeaders>(command).topics.empty()) {
    co_return response;
  }
  const auto applied = co_await metadata.propose(std::move(command));
  if (!applied) {
    response.error_code = applied.error().code;
    co_return response;
  }
  metadata.read([&](const Controller& state) {
    answer(state, std::get<PartitionsChanged>(*applied), request.topic_partitions.has_value(), response);
  });
  co_return response;
}

}  // namespace ottla
