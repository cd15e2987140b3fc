// CreatePartitions 0-3 (KIP-195). Answers when the new partitions can be written and read.
#include <fmt/format.h>

#include <map>

#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"
#include "broker/log.h"
#include "broker/topic_creation.h"

namespace ottla {

namespace {

using Asked = CreatePartitionsRequest::CreatePartitionsTopic;

Result<void> check_count(const Topic& topic, const Asked& asked) {
  const auto now = static_cast<std::int64_t>(topic.partitions.size());
  if (asked.count == now) {
    return failure(ErrorCode::INVALID_PARTITIONS, fmt::format("Topic already has {} partition(s).", now));
  }
  if (asked.count < now) {
    return failure(ErrorCode::INVALID_PARTITIONS,
                   fmt::format("The topic {} currently has {} partition(s); {} would not be an increase.", asked.name,
                               now, asked.count));
  }
  const auto added = asked.count - now;
  if (asked.assignments && std::ssize(*asked.assignments) != added) {
    return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                   fmt::format("Attempted to add {} additional partition(s), but only {} assignment(s) were specified.",
                               added, asked.assignments->size()));
  }
  return {};
}

// Every replica is here: there is no other broker.
Result<void> check_assignments(const Asked& asked, BrokerId node) {
  for (const auto& assignment : asked.assignments.value_or(std::vector<Asked::CreatePartitionsAssignment>{})) {
    for (const BrokerId broker : assignment.broker_ids) {
      if (broker != node) {
        return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                       fmt::format("The manual partition assignment includes broker {}, but no such broker is "
                                   "registered.",
                                   broker.value));
      }
    }
    if (assignment.broker_ids.size() != 1) {
      return failure(ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                     "The manual partition assignment includes a partition that has not one replica.");
    }
  }
  return {};
}

Result<AddPartitions> plan(const Broker& broker, const Asked& asked) {
  const auto topic = broker.metadata->read([&](const Controller& state) { return state.topic(asked.name); });
  if (topic == nullptr) {
    return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition.");
  }
  if (topic->name == offsets_topic) {
    return failure(ErrorCode::INVALID_TOPIC_EXCEPTION, "a group's partition follows from how many there are");
  }
  if (auto valid = check_count(*topic, asked); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  if (auto valid = check_assignments(asked, broker.config.node_id); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  const auto now = static_cast<std::int32_t>(topic->partitions.size());
  const auto in_all = broker.metadata->read([](const Controller& state) { return state.partition_count(); });
  if (auto fits = check_partition_bound(in_all + asked.count - now, broker.config); !fits) {
    return std::unexpected(std::move(fits.error()));
  }
  AddPartitions command{.topic_id = topic->id};
  for (std::int32_t index = now; index < asked.count; ++index) {
    command.partitions.push_back(partition_here(index, broker.config.node_id));
  }
  return command;
}

Awaitable<Result<void>> create_partitions(Broker& broker, const Asked& asked, bool validate_only) {
  auto command = plan(broker, asked);
  if (!command) {
    co_return std::unexpected(std::move(command.error()));
  }
  if (validate_only) {
    co_return Result<void>{};
  }
  Command proposal = std::move(*command);
  const auto applied = co_await broker.metadata->propose(std::move(proposal));
  if (!applied) {
    co_return std::unexpected(applied.error());
  }
  logger().info("topic {} has {} partitions now", asked.name, asked.count);
  co_return Result<void>{};
}

}  // namespace

template <>
Awaitable<CreatePartitionsResponse> handle(RequestContext& context, CreatePartitionsRequest& request) {
  std::map<std::string_view, int> times_asked;
  for (const auto& asked : request.topics) {
    ++times_asked[asked.name];
  }
  CreatePartitionsResponse response;
  for (const auto& asked : request.topics) {
    Result<void> created = failure(ErrorCode::INVALID_REQUEST, "Duplicate topic name.");
    if (times_asked[asked.name] == 1) {
      created = co_await create_partitions(context.broker, asked, request.validate_only);
    }
    response.results.push_back({.name = asked.name,
                                .error_code = created ? ErrorCode::NONE : created.error().code,
                                .error_message = created ? std::nullopt : std::optional(created.error().message)});
  }
  co_return response;
}

}  // namespace ottla
