// What must hold of all servers together, whatever goes wrong. Each check throws a Violation that names the rule (Raft,
// figure 3.2, where it has a name there).
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "replication/quorum/driver.h"
#include "replication/quorum/sim/disk.h"

namespace ottla::quorum::sim {

// All that a server has applied, as one number. Two servers that have applied the same have the same.
struct StateMachine {
  LogIndex index = 0;
  std::uint64_t hash = 0;
  [[nodiscard]] SharedBytes image() const;
  static StateMachine from(const SharedBytes& image);
};

class Checks {
 public:
  using DiskOf = std::function<const Disk&(ServerId)>;
  explicit Checks(DiskOf disk_of) : disk_of_(std::move(disk_of)) {}

  // A vote is given once in a term (told by what was sent, not by what the disk remembers).
  void voted(Term term, ServerId voter, ServerId candidate);
  // Log matching: the same index and term are the same entry, and follow the same.
  void logged(Position before, LogIndex index, const Entry& entry);
  // What is committed and durable on a server stays so, whatever happens to it.
  void durable(ServerId id, const Disk& disk);
  void still_durable(ServerId id, const Disk& disk) const;
  // Committed entries are never written over.
  void written_over(const Driver& driver, const WriteEntries& write) const;
  // Election safety: one leader a term. Leader completeness: it has all that was committed.
  void elected(ServerId id, const Driver& driver);
  // State machine safety: all servers apply the same.
  void applied(StateMachine& machine, LogIndex index, const Entry& entry);
  void restored(const StateMachine& machine, const Snapshot& snapshot) const;
  // After each input: the term is durable; a leader that commits has an entry of its own term (figure 8) durable on a
  // majority of the voters that it had before the input, or has now.
  void after_input(const Driver& driver, const Disk& disk, LogIndex commit_before, const Configuration& before) const;

  [[nodiscard]] std::size_t committed() const { return committed_.size() - 1; }
  [[nodiscard]] std::uint64_t last_hash() const { return machines_.back(); }

 private:
  [[nodiscard]] bool majority_holds(Position entry, const Configuration& configuration) const;

  struct Known {
    Term term = 0;
    std::uint64_t content = 0;
    friend bool operator==(const Known&, const Known&) = default;
  };
  DiskOf disk_of_;
  std::map<std::pair<Term, ServerId>, ServerId> votes_;
  std::map<Term, ServerId> leaders_;
  std::map<std::pair<LogIndex, Term>, Known> entries_;  // what they are, and the term before them
  std::vector<Known> committed_{Known{}};
  std::vector<std::uint64_t> machines_{0};  // hash after each index
  std::map<ServerId, LogIndex> durable_;    // the last committed entry that its disk was seen to hold
};

}  // namespace ottla::quorum::sim
