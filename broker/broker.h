// What the handlers share: configuration, identity, metadata, partitions, cores.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "broker/config.h"
#include "broker/core.h"
#include "broker/metadata_quorum.h"
#include "broker/partitions.h"
#include "broker/producer_ids.h"
#include "protocol/api/18_api_versions.h"
#include "storage/log_directory.h"

namespace ottla {

class Connection;
class GroupCoordinator;

// Where clients of one connection find this broker.
struct Address {
  std::string host;
  std::int32_t port = 0;
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
  // A clean stop: the cores have stopped before.
  Result<void> close();

  const Config config;  // as at the start; what AlterConfigs has changed since is in partitions.config()
  std::unique_ptr<LogDirectory> directory;
  Partitions partitions;
  std::unique_ptr<MetadataQuorum> metadata;
  ProducerIds producer_ids;
  std::vector<std::unique_ptr<Core>> cores;
  std::unique_ptr<GroupCoordinator> groups;
  std::atomic<bool> ready = false;
};

// Every API in handlers.h, as ApiVersions lists it.
std::vector<ApiVersionsResponse::ApiVersion> served_api_versions();

}  // namespace ottla
