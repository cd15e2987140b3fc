// What the cluster knows of a broker from its registration on. A new registration starts fenced: the broker may neither
// lead nor count as in sync until its heartbeats say that it has read its own registration.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/ids.h"
#include "protocol/schema.h"

namespace ottla {

struct BrokerEndpoint {
  std::string name;  // of the listener
  std::string host;
  std::uint16_t port = 0;
  std::int16_t security_protocol = 0;
  static void fields(auto& v, auto& m) {
    v("Name", m.name);
    v("Host", m.host);
    v("Port", m.port);
    v("SecurityProtocol", m.security_protocol);
  }
  friend bool operator==(const BrokerEndpoint&, const BrokerEndpoint&) = default;
};

struct BrokerFeature {
  std::string name;
  std::int16_t min_supported_version = 0;
  std::int16_t max_supported_version = 0;
  static void fields(auto& v, auto& m) {
    v("Name", m.name);
    v("MinSupportedVersion", m.min_supported_version);
    v("MaxSupportedVersion", m.max_supported_version);
  }
  friend bool operator==(const BrokerFeature&, const BrokerFeature&) = default;
};

struct BrokerRegistration {
  Uuid incarnation_id;  // of one start of the process
  BrokerEpoch epoch;    // the index of the registration in the metadata log
  bool fenced = true;
  bool in_controlled_shutdown = false;
  std::int64_t controlled_shutdown_index = -1;  // in the metadata log: where its leaderships went elsewhere
  std::vector<BrokerEndpoint> endpoints;
  std::vector<BrokerFeature> features;
  std::vector<Uuid> log_dirs;  // sorted; those that are online
  std::optional<std::string> rack;
  // flush.messages of this broker's own settings: what its replicas promise where the topic says nothing.
  std::int64_t flush_messages = 1;
  std::int64_t page_cache_until = -1;  // metadata index up to which settings of brokers had it trust the page cache
  static void fields(auto& v, auto& m) {
    v("IncarnationId", m.incarnation_id);
    v("Epoch", m.epoch);
    v("Fenced", m.fenced);
    v("InControlledShutdown", m.in_controlled_shutdown);
    v("ControlledShutdownIndex", m.controlled_shutdown_index);
    v("Endpoints", m.endpoints);
    v("Features", m.features);
    v("LogDirs", m.log_dirs);
    v("Rack", m.rack, nullable_since(0));
    v("FlushMessages", m.flush_messages);
    v("PageCacheUntil", m.page_cache_until);
  }
  friend bool operator==(const BrokerRegistration&, const BrokerRegistration&) = default;
};

using Brokers = std::map<BrokerId, BrokerRegistration>;

// May lead and be added to an ISR.
inline bool is_active(const Brokers& brokers, BrokerId id) {
  const auto found = brokers.find(id);
  return found != brokers.end() && !found->second.fenced && !found->second.in_controlled_shutdown;
}

}  // namespace ottla
