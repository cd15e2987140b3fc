// A server's disk: what is durable, and the writes on their way, of which a crash keeps some first part.
#pragma once

#include <deque>

#include "replication/quorum/effects.h"
#include "replication/quorum/sim/options.h"
#include "replication/quorum/sim/random.h"

namespace ottla::quorum::sim {

class Disk {
 public:
  using Write = std::variant<WriteEntries, WriteSnapshot, TakeSnapshot>;

  explicit Disk(Bug bug) : bug_(bug) {}
  void format(StoredState first) { durable_ = std::move(first); }

  void store(const StoreVote& vote);
  void queue(Write write);
  [[nodiscard]] bool has_writes() const { return !writes_.empty(); }
  [[nodiscard]] const Write& oldest() const { return writes_.front(); }
  // The oldest write is durable from here on.
  Write finish_one();
  void crash(Random& random);

  // What a start finds. A log that does not join the snapshot is one that the snapshot was to replace: it goes.
  const StoredState& load();
  [[nodiscard]] const StoredState& durable() const { return durable_; }
  // Will a restart have it, whatever happens?
  [[nodiscard]] bool holds(Position entry) const;
  [[nodiscard]] LogIndex last_index() const { return durable_.first_index + durable_.entries.size() - 1; }
  void drop_log();  // the bug

 private:
  void make_durable(const Write& write, std::size_t entries_kept);
  void drop_before(LogIndex index);

  const Bug bug_;
  StoredState durable_;
  std::deque<Write> writes_;
};

}  // namespace ottla::quorum::sim
