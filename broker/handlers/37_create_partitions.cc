// CreatePartitions 0-3 (KIP-195). Answers when the new partitions can be written and read.
#include <fmt/format.h>

#include <map>
#include <set>

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

Result<AddPartitions> plan(const Controller& state, const Config& config, const Asked& asked) {
  const auto topic = state.topic(asked.name);
  if (topic == nullptr) {
    return failure(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "");
  }
  if (topic->name == offsets_topic) {
    return failure(ErrorCode::INVALID_TOPIC_EXCEPTION, "a group's partition follows from how many there are");
  }
  if (auto valid = check_count(*topic, asked); !valid) {
    return std::unexpected(std::move(valid.error()));
  }
  const auto now = static_cast<std::int32_t>(topic->partitions.size());
  if (auto fits = check_partition_bound(state.partition_count() + asked.count - now, config); !fits) {
    return std::unexpected(std::move(fits.error()));
  }
  Placement wish{.first_index = now,
                 .partitions = asked.count - now,
                 .replication_factor = static_cast<std::int32_t>(topic->partitions.front().replicas.size())};
  for (const auto& assignment : asked.assignments.value_or(std::vector<Asked::CreatePartitionsAssignment>{})) {
    wish.assignments.push_back(assignment.broker_ids);
  }
  auto placed = place(state, config.node_id, wish);
  if (!placed) {
    return std::unexpected(std::move(placed.error()));
  }
  return AddPartitions{.topic_id = topic->id, .partitions = std::move(*placed)};
}

Awaitable<Result<void>> create_partitions(Broker& broker, const Asked& asked, bool validate_only) {
  auto command = broker.metadata->read([&](const Controller& state) { return plan(state, broker.config, asked); });
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
  std::set<std::string_view> refused_twice;
  CreatePartitionsResponse response;
  for (const auto& asked : request.topics) {
    Result<void> created = failure(ErrorCode::INVALID_REQUEST, "Duplicate topic name.");
    if (times_asked[asked.name] == 1) {
      created = co_await create_partitions(context.broker, asked, request.validate_only);
    } else if (!refused_twice.insert(asked.name).second) {
      continue;
    }
    response.results.push_back({.name = asked.name,
                                .error_code = created ? ErrorCode::NONE : created.error().code,
                                .error_message = created || created.error().message.empty()
                                                     ? std::nullopt
                                                     : std::optional(created.error().message)});
  }
  co_return response;
}

}  // namespace ottla
