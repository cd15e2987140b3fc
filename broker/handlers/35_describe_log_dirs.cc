// DescribeLogDirs 1-5 (KIP-113, KIP-827). One data directory; its partitions and the disk under it.
#include <filesystem>
#include <optional>
#include <set>

#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Directory = DescribeLogDirsResponse::DescribeLogDirsResult;

void add_partitions(Directory& directory, const ServedTopic& topic,
                    const std::optional<std::set<std::int32_t>>& wanted) {
  Directory::DescribeLogDirsTopic answer{.name = topic.name};
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    const auto number = static_cast<std::int32_t>(index);
    if (topic.partitions[index] != nullptr && (!wanted || wanted->contains(number))) {
      answer.partitions.push_back({.partition_index = number, .partition_size = topic.partitions[index]->size_bytes()});
    }
  }
  if (!answer.partitions.empty()) {
    directory.topics.push_back(std::move(answer));
  }
}

std::vector<std::string> topic_names(const Broker& broker) {
  return broker.metadata->read([](const Controller& state) {
    std::vector<std::string> names;
    for (const auto& [name, topic] : state.topics()) {
      names.push_back(name);
    }
    return names;
  });
}

}  // namespace

template <>
Awaitable<DescribeLogDirsResponse> handle(RequestContext& context, DescribeLogDirsRequest& request) {
  const Broker& broker = context.broker;
  Directory directory;
  std::error_code error;
  const auto path = std::filesystem::canonical(broker.directory->path(), error);
  directory.log_dir = error ? broker.directory->path() : path.string();
  if (const auto space = std::filesystem::space(broker.directory->path(), error); !error) {
    directory.total_bytes = static_cast<std::int64_t>(space.capacity);
    directory.usable_bytes = static_cast<std::int64_t>(space.available);
  }
  const auto add = [&](const std::string& name, const std::optional<std::set<std::int32_t>>& wanted) {
    if (const auto topic = broker.partitions.find(name)) {
      add_partitions(directory, *topic, wanted);
    }
  };
  if (!request.topics) {
    for (const std::string& name : topic_names(broker)) {
      add(name, std::nullopt);
    }
  } else {
    for (const auto& asked : *request.topics) {
      add(asked.topic, std::set(asked.partitions.begin(), asked.partitions.end()));
    }
  }
  DescribeLogDirsResponse response;
  response.results.push_back(std::move(directory));
  co_return response;
}

}  // namespace ottla
