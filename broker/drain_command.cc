#include "broker/drain_command.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "broker/admin_client.h"
#include "broker/drain_plan.h"
#include "protocol/api/46_list_partition_reassignments.h"

namespace ottla {

namespace {

constexpr int cannot_be_moved = 1;
constexpr int not_asked = 2;
constexpr auto look_interval = std::chrono::milliseconds(500);
constexpr std::size_t told_at_most = 10;

struct Seen {
  MetadataResponse metadata;
  std::vector<TopicPartition> under_way;  // are being reassigned, by whomever
};

Result<Seen> look(AdminClient& client) {
  MetadataRequest request;
  request.topics.reset();
  request.allow_auto_topic_creation = false;
  auto metadata = client.ask(request);
  const auto listed = metadata ? client.ask(ListPartitionReassignmentsRequest{}) : std::unexpected(metadata.error());
  if (!listed) {
    return std::unexpected(listed.error());
  }
  if (listed->error_code != ErrorCode::NONE) {
    return failure(listed->error_code, listed->error_message.value_or(""));
  }
  Seen cluster{std::move(*metadata), {}};
  for (const auto& topic : listed->topics) {
    for (const auto& partition : topic.partitions) {
      cluster.under_way.emplace_back(topic.name, partition.partition_index);
    }
  }
  return cluster;
}

// False: told on stderr what was refused.
bool has_begun(const AlterPartitionReassignmentsResponse& answer) {
  std::size_t refused = answer.error_code != ErrorCode::NONE ? 1 : 0;
  if (refused > 0) {
    fmt::print(stderr, "ottla: {}\n", answer.error_message.value_or(""));
  }
  for (const auto& topic : answer.responses) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != ErrorCode::NONE && ++refused <= told_at_most) {
        fmt::print(stderr, "ottla: {}-{}: {}\n", topic.name, partition.partition_index,
                   partition.error_message.value_or(""));
      }
    }
  }
  return refused == 0;
}

void tell_stuck(const DrainCommand& command, const std::vector<TopicPartition>& stuck) {
  fmt::print(stderr, "ottla: {} partitions stay on broker {}: every other broker that runs has a replica\n",
             stuck.size(), command.broker);
  for (std::size_t i = 0; i < std::min(stuck.size(), told_at_most); ++i) {
    fmt::print(stderr, "ottla: {}-{}\n", stuck[i].first, stuck[i].second);
  }
}

int not_asked_because(const Error& error) {
  fmt::print(stderr, "ottla: {}\n", error.message);
  return not_asked;
}

}  // namespace

int run_drain_command(const DrainCommand& command) {
  const BrokerId leaving{command.broker};
  auto client = AdminClient::connect(command.bootstrap_server);
  if (!client) {
    return not_asked_because(client.error());
  }
  std::optional<std::size_t> told;
  for (;; std::this_thread::sleep_for(look_interval)) {
    const auto cluster = look(*client);
    if (!cluster) {
      return not_asked_because(cluster.error());
    }
    const std::size_t left = partitions_on(cluster->metadata, leaving);
    if (left == 0) {
      fmt::print("broker {} has no replica\n", command.broker);
      return 0;
    }
    if (told != left) {
      fmt::print("broker {} has replicas of {} partitions\n", command.broker, left);
      std::fflush(stdout);
      told = left;
    }
    const DrainPlan plan = plan_drain(cluster->metadata, leaving, cluster->under_way);
    if (plan.partitions > 0) {
      const auto answer = client->ask(plan.request);
      if (!answer) {
        return not_asked_because(answer.error());
      }
      if (!has_begun(*answer)) {
        return cannot_be_moved;
      }
    } else if (cluster->under_way.empty()) {
      tell_stuck(command, plan.stuck);
      return cannot_be_moved;
    }
  }
}

}  // namespace ottla
