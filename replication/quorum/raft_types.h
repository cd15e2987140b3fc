// Between the library's types and ours.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "replication/quorum/core.h"
#include "replication/quorum/raft_library.h"
#include "replication/quorum/types.h"

namespace ottla::quorum {

// Entries as the library wants to be given them: all of one allocation, which is never empty.
struct RaftEntries {
  explicit RaftEntries(std::span<const Entry> entries);
  std::vector<raft_entry> array;
  void* batch = nullptr;  // from raft_malloc; whose it is depends on the event
};

raft_configuration to_raft(const Configuration& configuration);  // for the library to take, or to be closed
Configuration from_raft(const raft_configuration& raw);
raft_snapshot_metadata to_raft(const Snapshot& snapshot);  // its configuration too

// Not the address, and not what an append or a snapshot carries.
raft_message to_raft(const Message& message);
Core::Outgoing from_raft(const raft_message& raw, ServerId from);

}  // namespace ottla::quorum
