// What the handlers share: configuration, identity, metadata, partitions, cores.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "broker/config.h"
#include "broker/connection_limits.h"
#include "broker/core.h"
#include "broker/descriptors.h"
#include "broker/fetch_session.h"
#include "broker/held_memory.h"
#include "broker/metadata_quorum.h"
#include "broker/partitions.h"
#include "broker/producer_ids.h"
#include "protocol/api/18_api_versions.h"
#include "storage/log_directory.h"

namespace ottla {

class Cluster;
class ClusterServices;
class Connection;
class GroupCoordinator;

// Where clients of one connection find a broker.
struct Address {
  std::string host;
  std::int32_t port = 0;
};

// A broker of the cluster, as one connection's client is told of it.
struct Node {
  BrokerId id;
  Address address;
  std::optional<std::string> rack;
  bool is_fenced = false;
};

class Broker {
 public:
  // Locks and reads the data directory, recovers the logs. Errors are one clear line.
  static Result<std::unique_ptr<Broker>> open(const Config& settings, Disk& disk);
  Broker(const Config& settings, std::unique_ptr<LogDirectory> log_directory, Disk& disk);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();

  // advertised.listeners if set, else the address this client reached us by.
  [[nodiscard]] Address address_for(const Connection& connection) const;
  // Those that can be reached by the connection's listener, by id; fenced ones, too.
  [[nodiscard]] std::vector<Node> nodes_for(const Connection& connection) const;
  // Whom clients are told to be the controller: the active one, if they are told of it, or else this broker, which
  // forwards what they ask.
  [[nodiscard]] BrokerId controller_among(const std::vector<Node>& nodes) const;
  // A clean stop: the cores have stopped before.
  Result<void> close();

  const Config config;  // as at the start; what AlterConfigs has changed since is in partitions.config()
  std::unique_ptr<LogDirectory> directory;
  Partitions partitions;
  std::unique_ptr<MetadataQuorum> metadata;
  ProducerIds producer_ids;
  FetchSessionSlots fetch_session_slots{config.max_incremental_fetch_session_cache_slots};
  HeldMemory held_memory{config.queued_max_request_bytes, std::min<std::size_t>(1000, descriptors_max() / 8)};
  ConnectionLimits connection_limits;  // outlives the cores, whose connections have places
  std::vector<std::unique_ptr<Core>> cores;
  std::unique_ptr<GroupCoordinator> groups;
  std::unique_ptr<Cluster> membership;  // nullptr: on its own
  ClusterServices* cluster = nullptr;   // the same, as the handlers see it
  std::atomic<bool> ready = false;
};

// Who agrees on the metadata: the voters of the settings, or this broker alone.
QuorumPlan quorum_plan(const Config& config);

// Every API in handlers.h, as ApiVersions lists it.
std::vector<ApiVersionsResponse::ApiVersion> served_api_versions();

}  // namespace ottla
