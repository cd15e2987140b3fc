// The disk of a server of the quorum: what replication/quorum/driver.h wants written, in storage/command_log.h. The
// same files as of a broker on its own, whose commands become entries of term 1.
//
// Not thread-safe: one write after the other, in the order in which the driver gave them. Each is durable when it
// returns. Errors: KAFKA_STORAGE_ERROR, after which only a new store of the same directory tells what is there.
#pragma once

#include <memory>

#include "replication/quorum/effects.h"
#include "storage/command_log.h"

namespace ottla {

class QuorumStore {
 public:
  explicit QuorumStore(std::unique_ptr<CommandLog> log) : log_(std::move(log)) {}

  // Does it know of a quorum? If not, it is new, or that of a broker on its own.
  [[nodiscard]] bool has_quorum() const;
  // REQUIRES: has_quorum, or nothing at all, as with a server that is to be added.
  [[nodiscard]] Result<quorum::StoredState> load() const;

  // One of the first voters of a new quorum. REQUIRES: the store is new.
  Result<void> format(const quorum::Configuration& first_voters);
  // A broker on its own becomes a quorum of one, with all that it has. `image` is its state machine after all commands.
  // A crash on the way leaves what there was, or what there shall be.
  Result<void> adopt(const quorum::Server& self, const Bytes& image);

  Result<void> write(const quorum::StoreVote& vote);
  Result<void> write(const quorum::WriteEntries& write);
  Result<void> write(const quorum::WriteSnapshot& write);
  Result<void> write(const quorum::TakeSnapshot& write);  // with its image

 private:
  std::unique_ptr<CommandLog> log_;
};

}  // namespace ottla
