// What the quorum talks about: entries of the replicated log, snapshots, servers and the messages between them. Names
// and meanings are Raft's (Ongaro, "Consensus: Bridging Theory and Practice", figures 3.1 and 5.3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/ids.h"
#include "protocol/primitives.h"

namespace ottla::quorum {

using ServerId = std::uint64_t;  // node.id + 1: zero means nobody
using LogIndex = std::uint64_t;  // from 1; zero is before the first entry
using Term = std::uint64_t;      // from 1; zero: none yet
using TimeMs = std::uint64_t;    // of a clock that never goes back; its origin does not matter

constexpr ServerId server_id(BrokerId broker) { return static_cast<ServerId>(broker.value) + 1; }
constexpr BrokerId broker_id(ServerId server) { return BrokerId{static_cast<std::int32_t>(server - 1)}; }

// Bytes that are written once and then shared by the log, the messages and the disk.
using SharedBytes = std::shared_ptr<const Bytes>;
inline SharedBytes share(Bytes bytes) { return std::make_shared<const Bytes>(std::move(bytes)); }

// The numbers are the library's, and stored.
enum class EntryKind : std::uint8_t {
  command = 1,  // for the state machine
  barrier = 2,  // a new leader's first: commits what came before it
  change = 3,   // a Configuration, encoded
};

struct Entry {
  Term term = 0;
  EntryKind kind = EntryKind::command;
  SharedBytes bytes;  // never null
};

// The numbers are the library's, and stored.
enum class ServerRole : std::uint8_t {
  standby = 0,  // has the log, no vote
  voter = 1,
  spare = 2,  // known by name only
};

struct Server {
  ServerId id = 0;
  std::string address;  // opaque here; no two servers share one
  ServerRole role = ServerRole::standby;
  friend bool operator==(const Server&, const Server&) = default;
};

struct Configuration {
  std::vector<Server> servers;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

struct Position {
  LogIndex index = 0;
  Term term = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// Stands for all entries up to its position.
struct Snapshot {
  Position last;
  LogIndex configuration_index = 0;  // of the change entry that made the configuration; at most last.index
  Configuration configuration;
  SharedBytes image;  // of the state machine; never null
};

struct RequestVote {
  Term term = 0;
  ServerId candidate = 0;
  Position last_log;
  bool disrupt_leader = false;  // the present leader has asked for it
  bool pre_vote = false;        // would you? (nothing is promised)
};

struct RequestVoteResult {
  Term term = 0;
  bool granted = false;
  bool pre_vote = false;
};

struct AppendEntries {
  Term term = 0;
  Position previous;  // the entries follow this one
  LogIndex leader_commit = 0;
  std::vector<Entry> entries;  // none: a heartbeat
};

struct AppendEntriesResult {
  Term term = 0;
  LogIndex rejected = 0;        // the previous index that did not match; zero: accepted
  LogIndex last_log_index = 0;  // accepted: durable up to here; rejected: try again from here
};

struct InstallSnapshot {
  Term term = 0;
  Snapshot snapshot;
};

struct TimeoutNow {  // stand for election at once
  Term term = 0;
  Position last_log;
};

using MessageBody =
    std::variant<RequestVote, RequestVoteResult, AppendEntries, AppendEntriesResult, InstallSnapshot, TimeoutNow>;

struct Message {
  ServerId from = 0;
  ServerId to = 0;
  MessageBody body;
};

// What lies on a server's disk. A server that was never in a quorum has nothing of it.
struct StoredState {
  Term term = 0;
  ServerId voted_for = 0;  // in that term
  std::optional<Snapshot> snapshot;
  LogIndex first_index = 1;  // of the entries; at most one behind the snapshot's last
  std::vector<Entry> entries;
};

}  // namespace ottla::quorum
