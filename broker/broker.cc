#include "broker/broker.h"

#include "broker/connection.h"
#include "broker/groups/group_coordinator.h"
#include "broker/kafka_import.h"
#include "broker/log.h"

namespace ottla {

Result<std::unique_ptr<Broker>> Broker::open(const Config& settings, Disk& disk) {
  Config config = settings;
  if (!config.node_id_is_given) {
    config.node_id = LogDirectory::node_id_in(disk, config.log_dirs.front()).value_or(config.node_id);
  }
  auto directory =
      LogDirectory::open(disk, config.log_dirs.front(), config.cluster_id, config.node_id, config.import_kafka);
  if (!directory) {
    return std::unexpected(std::move(directory.error()));
  }
  if ((*directory)->is_importing()) {
    if (auto imported = import_kafka(disk, **directory, config); !imported) {
      return std::unexpected(std::move(imported.error()));
    }
  } else if (config.import_kafka) {
    logger().info("{}: there is nothing of Kafka's to import", (*directory)->path());
  }
  auto broker = std::make_unique<Broker>(config, std::move(*directory), disk);
  auto metadata = MetadataQuorum::open(disk, broker->directory->path(), config.node_id, broker->partitions);
  if (!metadata) {
    return std::unexpected(std::move(metadata.error()));
  }
  broker->metadata = std::move(*metadata);
  for (std::size_t index = 0; index < broker->partitions.config()->cores(); ++index) {
    broker->cores.push_back(std::make_unique<Core>(index));
  }
  broker->groups = std::make_unique<GroupCoordinator>(*broker);
  broker->groups->load();
  return broker;
}

Broker::Broker(const Config& settings, std::unique_ptr<LogDirectory> log_directory, Disk& disk)
    : config(settings), directory(std::move(log_directory)), partitions(disk, *directory, config) {}

Address Broker::address_for(const Connection& connection) const {
  for (const Listener& advertised : config.advertised_listeners) {
    if (advertised.name == connection.listener_name()) {
      return {advertised.host, advertised.port};
    }
  }
  const auto& local = connection.local_endpoint();
  return {local.address().to_string(), local.port()};
}

Broker::~Broker() = default;

Result<void> Broker::close() {
  metadata.reset();  // no topic comes or goes any more
  return partitions.close();
}

}  // namespace ottla
