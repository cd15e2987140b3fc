// One server of the quorum that agrees on the cluster's metadata: Raft, by C-Raft's pure core, with guards around it
// (guards.h). No file, no clock, no lock, no thread: inputs come in, effects go out (effects.h), so that the broker and
// the simulator run the same code.
//
// Contract:
//   - One input after the other, start first and once. Times never go back.
//   - The effects that an input gives are carried out in order before the next input.
//   - When deadline_ms() has come, tick. The deadline changes with any input: look again after each.
//   - If a write fails, throw the driver away. What is on the disk counts, in a new one.
//   - After Broken nothing happens any more.
//   - The state machine is deterministic: the same entries make the same image.
//
// A proposal that was accepted is committed when Apply brings its index with its term, and is void when Apply brings
// its index with another; whoever loses leadership in between knows neither.
//
// A quorum of one is no special case: its only voter leads as soon as it has started.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "replication/quorum/core.h"
#include "replication/quorum/effects.h"
#include "replication/quorum/guards.h"
#include "replication/quorum/log_cache.h"
#include "replication/quorum/settings.h"
#include "replication/quorum/types.h"

namespace ottla::quorum {

class Driver {
 public:
  // The seed makes elections come at different times on different servers; it must differ from server to server.
  Driver(ServerId id, const std::string& address, const Settings& settings, unsigned seed);

  void start(TimeMs now_ms, const StoredState& state, Effects& effects);
  void tick(TimeMs now_ms, Effects& effects);
  // Error (INVALID_REQUEST): no server of a quorum sends such a message; it changed nothing.
  Result<void> receive(TimeMs now_ms, const Message& message, Effects& effects);
  // WriteEntries or WriteSnapshot is durable.
  void written(TimeMs now_ms, WriteId id, Effects& effects);
  // TakeSnapshot is durable, with this image.
  void snapshot_taken(TimeMs now_ms, WriteId id, const SharedBytes& image, Effects& effects);

  // Where the first command will be, the others behind it. Errors, here and below: NOT_CONTROLLER if this server does
  // not lead, or hands leadership over; THROTTLING_QUOTA_EXCEEDED if too much is uncommitted already.
  Result<Position> propose(TimeMs now_ms, const std::vector<SharedBytes>& commands, Effects& effects);

  // Changes of who belongs to the quorum, one at a time: REQUEST_TIMED_OUT while another is under way.
  // A new server (DUPLICATE_VOTER), standby or spare. It starts with an empty disk.
  Result<Position> add(TimeMs now_ms, const Server& server, Effects& effects);
  // Lets a server catch up and makes it a voter when it has; ends without that if it is too slow (promoting() tells).
  // VOTER_NOT_FOUND, INVALID_REQUEST if it is one.
  Result<void> promote(TimeMs now_ms, ServerId id, Effects& effects);
  // Not for the leader itself: INVALID_REQUEST, transfer first. (A leader on its way out can leave two halves that have
  // different configurations and no majority.) Nor while a voter that stays lacks the present configuration, since it
  // would deny its vote: REQUEST_TIMED_OUT. Nobody tells a removed server; stop it.
  Result<Position> remove(TimeMs now_ms, ServerId id, Effects& effects);
  Result<Position> demote(TimeMs now_ms, ServerId id, ServerRole role, Effects& effects);
  // Hands leadership to a voter; 0: to the one that is nearest. Ends after an election timeout, done or not. Proposals
  // are refused meanwhile. INVALID_REQUEST if that is no other voter.
  Result<void> transfer(TimeMs now_ms, ServerId to, Effects& effects);

  // The owner knows that this leader is gone. Who still follows it stands for election at once, instead of after an
  // election timeout, as if the leader had handed over (so whoever heard of it lately votes all the same). An error of
  // the owner costs an election, nothing else. Servers that know it at the same time had better not say it at the same
  // time: their votes would be split.
  void leader_is_gone(TimeMs now_ms, ServerId leader, Effects& effects);

  [[nodiscard]] TimeMs deadline_ms() const { return deadline_ms_; }
  [[nodiscard]] const Leadership& leadership() const { return leadership_; }
  [[nodiscard]] const Core& core() const { return core_; }
  [[nodiscard]] const LogCache& log() const { return log_; }
  [[nodiscard]] LogIndex applied() const { return applied_; }
  // As applied. core().configuration() may be one ahead of it.
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }
  [[nodiscard]] LogIndex configuration_index() const { return configuration_index_; }
  [[nodiscard]] bool is_installing() const { return is_installing_; }
  [[nodiscard]] ServerId promoting() const { return promoting_; }  // 0: nobody
  [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
  friend struct DriverForTests;  // defined by tests: sets guards_

  // A write under way.
  struct Pending {
    enum class Kind : std::uint8_t { entries, installed_snapshot, taken_snapshot };
    WriteId id = 0;
    Kind kind = Kind::entries;
    LogIndex first = 0;
    LogIndex last = 0;  // of the entries that count; below first: none, they were truncated meanwhile
    Snapshot snapshot;
    LogIndex keep_from = 0;
  };

  // driver_receive.cc
  void receive_append(TimeMs now_ms, const Message& message, Effects& effects);
  void deliver(TimeMs now_ms, const Message& message, Effects& effects);
  void learn_leader(const Message& message);

  // driver_step.cc: what follows from a step of the core, and from that
  void follow(Core::Outcome outcome, TimeMs now_ms, Effects& effects) {
    follow(std::move(outcome), 0, now_ms, effects);
  }
  void follow(Core::Outcome outcome, Term asked_in, TimeMs now_ms, Effects& effects);
  void store_vote(Effects& effects);
  void write_entries(LogIndex first, std::vector<Entry> entries, Effects& effects);
  void install(Snapshot snapshot, Effects& effects);
  void send(Core::Outgoing outgoing, Term asked_in, Effects& effects);
  bool fill(AppendEntries& append, std::size_t count, Effects& effects);
  bool fill(InstallSnapshot& install, Effects& effects);
  void settle(TimeMs now_ms, Effects& effects);
  void apply_committed(TimeMs now_ms, Effects& effects);
  void apply_change(TimeMs now_ms, Effects& effects);
  void tell_commit(Effects& effects);
  void take_snapshot(Effects& effects);
  void lead(TimeMs now_ms, Effects& effects);
  void tell_leadership(Effects& effects);
  void broken(std::string why, Effects& effects);

  // driver_writes.cc
  std::optional<Pending> finish(WriteId id, Effects& effects);
  void entries_written(const Pending& write, TimeMs now_ms, Effects& effects);
  void snapshot_installed(const Pending& write, TimeMs now_ms, Effects& effects);
  void restore(const Snapshot& snapshot, Effects& effects);

  // driver_changes.cc
  Result<Position> submit(TimeMs now_ms, const std::vector<Entry>& entries, Effects& effects);
  Result<Position> change_to(TimeMs now_ms, const Configuration& configuration, Effects& effects);
  [[nodiscard]] Result<void> may_change() const;
  [[nodiscard]] Result<void> may_do_without(ServerId id) const;
  void go_on_promoting(TimeMs now_ms, Effects& effects);

  const ServerId id_;
  const Settings settings_;
  Guards guards_;
  Core core_;
  LogCache log_;
  bool is_broken_ = false;

  StoreVote stored_vote_;
  std::deque<Pending> pending_;
  WriteId last_write_ = 0;
  bool is_installing_ = false;
  bool is_taking_ = false;
  std::optional<Snapshot> snapshot_;  // durable

  LogIndex applied_ = 0;
  LogIndex seen_commit_ = 0;
  std::map<ServerId, LogIndex> told_commit_;  // while it leads
  Configuration configuration_;
  LogIndex configuration_index_ = 0;

  struct KnownLeader {
    ServerId id = 0;
    Term term = 0;  // told by its own message; the core would also name the leader of an older term
  };
  KnownLeader known_leader_;
  Leadership leadership_;
  LogIndex settled_at_ = 0;  // the last entry when this server was elected
  ServerId promoting_ = 0;
  TimeMs last_tick_ms_ = 0;
  TimeMs deadline_ms_ = 0;
};

}  // namespace ottla::quorum
