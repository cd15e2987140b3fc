// The commands of the metadata log that more than one broker needs (metadata_commands.h has the others, and the rules
// for all). Whoever proposes one may be wrong by the time it is committed: each names the epochs it was decided on, and
// one that came too late changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"
#include "replication/partition_registration.h"

namespace ottla {

// A broker has started. Its epoch is the index of this command; it is fenced until ChangeBrokerState says otherwise.
struct RegisterBroker {
  static constexpr std::int16_t kind = 6;
  struct DegradedTopic {
    TopicId topic_id;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
    }
  };
  BrokerId broker_id;
  Uuid incarnation_id;
  BrokerEpoch previous_broker_epoch;  // left by a clean stop; -1: the stop was not clean (KIP-966)
  std::vector<BrokerEndpoint> endpoints;
  std::vector<BrokerFeature> features;
  std::vector<Uuid> log_dirs;
  std::optional<std::string> rack;
  std::int64_t flush_messages = 1;      // of the broker's own settings
  std::vector<DegradedTopic> degraded;  // damage that was found at this start
  static void fields(auto& v, auto& m) {
    v("BrokerId", m.broker_id);
    v("IncarnationId", m.incarnation_id);
    v("PreviousBrokerEpoch", m.previous_broker_epoch);
    v("Endpoints", m.endpoints);
    v("Features", m.features);
    v("LogDirs", m.log_dirs);
    v("Rack", m.rack, nullable_since(0));
    v("FlushMessages", m.flush_messages);
    v("Degraded", m.degraded);
  }
};

struct ChangeBrokerState {
  static constexpr std::int16_t kind = 7;
  enum class State : std::int8_t { fenced = 0, active = 1, controlled_shutdown = 2 };
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  State state = State::fenced;
  static void fields(auto& v, auto& m) {
    v("BrokerId", m.broker_id);
    v("BrokerEpoch", m.broker_epoch);
    v("State", m.state);
  }
};

// For good: what it holds counts no more.
struct UnregisterBroker {
  static constexpr std::int16_t kind = 8;
  BrokerId broker_id;
  static void fields(auto& v, auto& m) { v("BrokerId", m.broker_id); }
};

// A leader asks for other in-sync replicas.
struct AlterPartition {
  static constexpr std::int16_t kind = 9;
  struct Topic {
    TopicId topic_id;
    std::vector<IsrChange> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
    }
  };
  BrokerId broker_id;
  BrokerEpoch broker_epoch;
  std::vector<Topic> topics;
  static void fields(auto& v, auto& m) {
    v("BrokerId", m.broker_id);
    v("BrokerEpoch", m.broker_epoch);
    v("Topics", m.topics);
  }
};

struct ElectLeaders {
  static constexpr std::int16_t kind = 10;
  struct Topic {
    TopicId topic_id;
    std::vector<std::int32_t> partitions;
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
    }
  };
  Election election = Election::preferred;
  std::vector<Topic> topics;
  static void fields(auto& v, auto& m) {
    v("Election", m.election);
    v("Topics", m.topics);
  }
};

struct AlterPartitionReassignments {
  static constexpr std::int16_t kind = 11;
  struct Partition {
    std::int32_t partition_index = 0;
    std::vector<BrokerId> replicas;  // none: the reassignment under way is cancelled
    static void fields(auto& v, auto& m) {
      v("PartitionIndex", m.partition_index);
      v("Replicas", m.replicas);
    }
  };
  struct Topic {
    TopicId topic_id;
    std::vector<Partition> partitions;
    std::int32_t min_insync_replicas = 0;  // 0: as it is. Else the topic is given more replicas and this with them.
    static void fields(auto& v, auto& m) {
      v("TopicId", m.topic_id);
      v("Partitions", m.partitions);
      v("MinInsyncReplicas", m.min_insync_replicas, tag(0));
    }
  };
  std::vector<Topic> topics;
  static void fields(auto& v, auto& m) { v("Topics", m.topics); }
};

}  // namespace ottla
