// C-Raft's pure core (raft_step of libraft 0.22.1) in our own types. This class knows who frees what, and nothing else:
// no order of effects, no guards. Those are the driver's.
//
// The core takes the configurations that events carry. (Later commits under the same version number borrow them: a test
// tells, and the library is linked statically, so that what was tested is what runs.)
//
// The core reads the bytes of change entries only, so commands never pass through it: it gets their term and kind, and
// what it hands back is looked up again in what it was given.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "replication/quorum/settings.h"
#include "replication/quorum/types.h"

struct raft;
struct raft_event;
struct raft_message;

namespace ottla::quorum {

enum class State : std::uint8_t { follower, candidate, leader };
enum class CatchUp : std::uint8_t { none, running, aborted, finished };

class Core {
 public:
  struct Outgoing {
    Message message;              // appends lack their entries, snapshots all but their position
    std::size_t entry_count = 0;  // of an append: those that follow its previous position
  };
  struct Outcome {
    int status = 0;  // 0, or the library's error code: see describe()
    LogIndex first_entry = 0;
    std::vector<Entry> entries;        // if any: to be written from first_entry on, what was there is void
    std::optional<Snapshot> snapshot;  // to be installed
    std::vector<Outgoing> messages;
  };

  Core(ServerId id, const std::string& address, const Settings& settings, unsigned seed);

  // The events, once each as the driver decides. Times must not go back.
  Outcome start(TimeMs now_ms, const StoredState& state);
  Outcome receive(TimeMs now_ms, const Message& message);
  Outcome timeout(TimeMs now_ms);
  Outcome entries_persisted(TimeMs now_ms, LogIndex last);
  Outcome snapshot_installed(TimeMs now_ms, const Snapshot& snapshot);
  Outcome snapshot_taken(TimeMs now_ms, const Snapshot& snapshot, unsigned trailing);
  Outcome configuration_committed(TimeMs now_ms, LogIndex index, const Configuration& configuration);
  Outcome submit(TimeMs now_ms, const std::vector<Entry>& entries);  // of the current term; a change alone
  // REQUIRES: leader, the server is in the configuration and no voter, no other catch-up runs. The core checks nothing.
  Outcome catch_up(TimeMs now_ms, ServerId server);
  Outcome transfer(TimeMs now_ms, ServerId to);

  [[nodiscard]] Term term() const;
  [[nodiscard]] ServerId voted_for() const;
  [[nodiscard]] State state() const;
  [[nodiscard]] LogIndex last_index() const;
  [[nodiscard]] LogIndex last_stored() const;
  [[nodiscard]] LogIndex commit_index() const;
  [[nodiscard]] TimeMs timeout_ms() const;            // may lie in the past
  [[nodiscard]] Configuration configuration() const;  // the latest, committed or not
  [[nodiscard]] LogIndex committed_configuration_index() const;
  [[nodiscard]] LogIndex uncommitted_configuration_index() const;            // 0: none
  [[nodiscard]] std::optional<LogIndex> match_index(ServerId server) const;  // on the leader
  [[nodiscard]] CatchUp catch_up_of(ServerId server) const;
  [[nodiscard]] ServerId transferee() const;  // 0: no transfer is going on

  static const char* describe(int status);

 private:
  Outcome step(raft_event& event, std::span<const Entry> given);
  Outcome receive_plain(TimeMs now_ms, raft_message& message);
  Outcome receive_append(TimeMs now_ms, raft_message& message, const AppendEntries& append);
  Outcome receive_snapshot(TimeMs now_ms, raft_message& message, const InstallSnapshot& install);

  struct Close {
    void operator()(raft* core) const;
  };
  std::unique_ptr<raft, Close> raft_;
};

}  // namespace ottla::quorum
