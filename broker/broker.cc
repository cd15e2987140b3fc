#include "broker/broker.h"

#include <fmt/format.h>

#include "broker/cluster/cluster.h"
#include "broker/cluster/cluster_config.h"
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
  // The id that is made of the voters is for a new directory: who votes may have changed since.
  if (!config.given.contains("cluster.id") && LogDirectory::node_id_in(disk, config.log_dirs.front())) {
    config.cluster_id.reset();
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
  for (const std::string& warning : broker->directory->warnings()) {
    logger().warn("{}", warning);
  }
  auto metadata = MetadataQuorum::open(disk, broker->directory->path(), quorum_plan(config), broker->partitions);
  if (!metadata) {
    return std::unexpected(std::move(metadata.error()));
  }
  broker->metadata = std::move(*metadata);
  for (std::size_t index = 0; index < broker->partitions.config()->cores(); ++index) {
    broker->cores.push_back(std::make_unique<Core>(index));
  }
  broker->groups = std::make_unique<GroupCoordinator>(*broker);
  if (config.is_cluster()) {
    broker->membership = std::make_unique<Cluster>(*broker);
    broker->cluster = broker->membership.get();
  } else {
    broker->metadata->run();
  }
  broker->groups->start();
  return broker;
}

QuorumPlan quorum_plan(const Config& config) {
  QuorumPlan plan{.node_id = config.node_id, .is_cluster = config.is_cluster()};
  for (const QuorumVoter& voter : config.controller_quorum_voters) {
    plan.voters.push_back({.id = quorum::server_id(voter.id),
                           .address = fmt::format("{}:{}", voter.host, voter.port),
                           .role = quorum::ServerRole::voter});
  }
  if (plan.voters.empty()) {
    plan.voters.push_back({.id = plan.self(), .address = address_alone, .role = quorum::ServerRole::voter});
  }
  if (plan.is_voter()) {
    plan.address = std::ranges::find(plan.voters, plan.self(), &quorum::Server::id)->address;
  } else {
    const QuorumVoter self = own_address(config);
    plan.address = fmt::format("{}:{}", self.host, self.port);
  }
  return plan;
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

std::vector<Node> Broker::nodes_for(const Connection& connection) const {
  std::vector<Node> nodes;
  metadata->read([&](const Controller& state) {
    for (const auto& [id, broker] : state.brokers()) {
      const auto endpoint = std::ranges::find(broker.endpoints, connection.listener_name(), &BrokerEndpoint::name);
      if (id != config.node_id && endpoint != broker.endpoints.end()) {
        nodes.push_back({id, {endpoint->host, endpoint->port}, broker.rack, broker.fenced});
      }
    }
  });
  nodes.push_back({config.node_id, address_for(connection), config.broker_rack, false});
  std::ranges::sort(nodes, {}, &Node::id);
  return nodes;
}

BrokerId Broker::controller_among(const std::vector<Node>& nodes) const {
  const auto active = std::ranges::find(nodes, metadata->active_controller(), &Node::id);
  return active != nodes.end() && !active->is_fenced ? active->id : config.node_id;
}

// Its threads speak to all the others.
Broker::~Broker() { metadata.reset(); }

Result<void> Broker::close() {
  metadata.reset();  // no topic comes or goes any more
  return partitions.close();
}

}  // namespace ottla
