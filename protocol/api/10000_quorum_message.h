// QuorumMessage 0: what one server of the metadata quorum says to another (replication/quorum/types.h). Between brokers
// only, never listed by ApiVersions. One way: there is no answer, and what is lost is said again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/schema.h"
#include "protocol/wire_types.h"

namespace ottla {

struct QuorumMessageResponse {
  static void fields(auto&, auto&) {}
};

struct QuorumMessageRequest {
  using Response = QuorumMessageResponse;
  static constexpr Api api{.key = 10000, .name = "QuorumMessage", .versions = {0, 0}, .flexible = 0};

  // Which of Raft's messages it is; the fields below that it uses.
  enum class Kind : std::int8_t {
    request_vote = 1,           // index, log_term: of the candidate's last entry; disrupt_leader, pre_vote
    request_vote_result = 2,    // granted, pre_vote
    append_entries = 3,         // index, log_term: of the entry before the first; commit_index, entries
    append_entries_result = 4,  // rejected_index; index: of the last entry
    install_snapshot = 5,       // index, log_term: of its last entry; configuration_index, configuration, image
    timeout_now = 6,            // index, log_term: of the leader's last entry
  };
  struct Entry {
    std::int64_t term = 0;
    std::int8_t kind = 0;
    Bytes bytes;
    static void fields(auto& v, auto& m) {
      v("Term", m.term);
      v("Kind", m.kind);
      v("Bytes", m.bytes);
    }
  };
  std::string cluster_id;
  std::int64_t from = 0;  // node.id + 1
  std::int64_t to = 0;
  std::string from_address;  // HOST:PORT, for one that has no log yet and must answer
  Kind kind = Kind::request_vote;
  std::int64_t term = 0;
  std::int64_t index = 0;
  std::int64_t log_term = 0;
  bool granted = false;
  bool disrupt_leader = false;
  bool pre_vote = false;
  std::int64_t commit_index = 0;
  std::int64_t rejected_index = 0;
  std::vector<Entry> entries;
  std::int64_t configuration_index = 0;
  Bytes configuration;
  Bytes image;
  static void fields(auto& v, auto& m) {
    v("ClusterId", m.cluster_id);
    v("From", m.from);
    v("To", m.to);
    v("FromAddress", m.from_address);
    v("Kind", m.kind);
    v("Term", m.term);
    v("Index", m.index);
    v("LogTerm", m.log_term);
    v("Granted", m.granted);
    v("DisruptLeader", m.disrupt_leader);
    v("PreVote", m.pre_vote);
    v("CommitIndex", m.commit_index);
    v("RejectedIndex", m.rejected_index);
    v("Entries", m.entries);
    v("ConfigurationIndex", m.configuration_index);
    v("Configuration", m.configuration);
    v("Image", m.image);
  }
};

}  // namespace ottla
