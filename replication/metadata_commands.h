// What can be decided about the cluster's metadata: the commands of the metadata log. Each is schema as code, flexible
// from version 0, so that it can grow by tagged fields and be read by an older broker. On the log: int16 kind, int16
// version, body. Kinds and field order never change: a data directory of the first day opens for ever. Nor does what a
// version of a command does: all brokers, of whatever age, must come to the same state. A new rule is a new version.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"
#include "replication/cluster_commands.h"

namespace ottla {

struct CreateTopic {
  static constexpr std::int16_t kind = 1;
  struct Partition {
    std::int32_t partition_index = 0;
    std::vector<BrokerId> replicas;  // in order of preference
    std::vector<BrokerId> isr;       // empty: the state machine says who is in sync and who leads
    BrokerId leader;
    LeaderEpoch leader_epoch;
    static void fields(auto& v, auto& m) {
      v("PartitionIndex", m.partition_index);
      v("Replicas", m.replicas);
      v("Isr", m.isr);
      v("Leader", m.leader);
      v("LeaderEpoch", m.leader_epoch);
    }
  };
  struct Config {
    std::string name;
    std::string value;
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Value", m.value);
    }
  };
  std::string name;
  TopicId topic_id;
  std::vector<Partition> partitions;  // by index, none missing
  std::vector<Config> configs;
  std::int32_t min_insync_replicas = 1;  // where no setting says otherwise
  bool default_replication = false;      // nobody asked for this number of replicas: there may be more one day
  static void fields(auto& v, auto& m) {
    v("Name", m.name);
    v("TopicId", m.topic_id);
    v("Partitions", m.partitions);
    v("Configs", m.configs);
    v("MinInsyncReplicas", m.min_insync_replicas, tag(0));
    v("DefaultReplication", m.default_replication, tag(1));
  }
};

struct DeleteTopic {
  static constexpr std::int16_t kind = 2;
  TopicId topic_id;
  static void fields(auto& v, auto& m) { v("TopicId", m.topic_id); }
};

// The broker gets the next block of producer ids; the state machine says which. Ids below `min_producer_id` are in use
// elsewhere: in logs that were taken over.
struct AllocateProducerIds {
  static constexpr std::int16_t kind = 3;
  BrokerId broker_id;
  std::int64_t min_producer_id = 0;
  static void fields(auto& v, auto& m) {
    v("BrokerId", m.broker_id);
    v("MinProducerId", m.min_producer_id, tag(0));
  }
};

// Changes the settings of a topic, of a broker (an empty name: of all brokers), or of a group.
struct AlterConfigs {
  static constexpr std::int16_t kind = 4;
  enum class Operation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };  // as on Kafka's wire
  struct Change {
    std::string name;
    Operation operation = Operation::set;
    std::string value;
    std::string base;  // append, subtract: what the list is if it is not set
    static void fields(auto& v, auto& m) {
      v("Name", m.name);
      v("Operation", m.operation);
      v("Value", m.value);
      v("Base", m.base);
    }
  };
  std::int8_t resource_type = 0;  // ConfigResource's numbers
  std::string resource_name;
  bool replaces_all = false;  // what is not named here is removed
  std::vector<Change> changes;
  static void fields(auto& v, auto& m) {
    v("ResourceType", m.resource_type);
    v("ResourceName", m.resource_name);
    v("ReplacesAll", m.replaces_all);
    v("Changes", m.changes);
  }
};

struct AddPartitions {
  static constexpr std::int16_t kind = 5;
  TopicId topic_id;
  std::vector<CreateTopic::Partition> partitions;  // they follow those there are, by index, none missing
  static void fields(auto& v, auto& m) {
    v("TopicId", m.topic_id);
    v("Partitions", m.partitions);
  }
};

using Command =
    std::variant<CreateTopic, DeleteTopic, AllocateProducerIds, AlterConfigs, AddPartitions, RegisterBroker,
                 ChangeBrokerState, UnregisterBroker, AlterPartition, ElectLeaders, AlterPartitionReassignments>;

Bytes encode_command(const Command& command);
// Error CORRUPT_MESSAGE: not a command, or one of a newer Ottla.
Result<Command> decode_command(std::span<const std::byte> bytes);

}  // namespace ottla
