// What is under way in the small world's network.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "replication/replica_events.h"
#include "replication/sim/exhaustive/key.h"

namespace ottla::exhaustive {

// Which record it is, and the epoch that it was written in.
struct Record {
  std::int32_t id = 0;  // from 1 on, in the order in which clients wrote
  LeaderEpoch epoch;
  friend bool operator==(const Record&, const Record&) = default;
};
using Records = std::vector<Record>;

// Void: its sender does not wait for the answer any more, or is dead. It may still arrive.
struct FetchRequest {
  FollowerFetch fetch;
  BrokerId leader;
  bool is_void = false;
};
struct FetchReply {
  BrokerId follower;
  FetchDone done;
  Records records;
};
struct AlterRequest {
  BrokerId sender;
  BrokerEpoch broker_epoch;
  IsrChange change;
  bool is_void = false;
};
struct AlterReply {
  BrokerId sender;
  AlterPartitionReply reply;
  bool is_void = false;
};
using Message = std::variant<FetchRequest, FetchReply, AlterRequest, AlterReply>;

Key key_of(const Message& message);
std::string in_words(const Message& message);
std::string in_words(const Records& records);
std::string in_words(const BrokerIds& ids);

}  // namespace ottla::exhaustive
