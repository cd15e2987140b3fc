#include "replication/quorum/sim/checks.h"

#include <fmt/format.h>

#include "replication/quorum/sim/random.h"
#include "replication/quorum/sim/violation.h"

namespace ottla::quorum::sim {

namespace {

std::uint64_t content_of(const Entry& entry) {
  std::uint64_t hash = static_cast<std::uint64_t>(entry.kind);
  for (const std::byte byte : *entry.bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3ULL;
  }
  return hash;
}

template <class... Arguments>
[[noreturn]] void violated(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Violation(fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace

SharedBytes StateMachine::image() const {
  Bytes bytes(16);
  store_big_endian(bytes, index);
  store_big_endian(std::span(bytes).subspan(8), hash);
  return share(std::move(bytes));
}

StateMachine StateMachine::from(const SharedBytes& image) {
  return {load_big_endian<std::uint64_t>(*image), load_big_endian<std::uint64_t>(std::span(*image).subspan(8))};
}

void Checks::voted(Term term, ServerId voter, ServerId candidate) {
  const auto [known, is_new] = votes_.emplace(std::pair(term, voter), candidate);
  if (!is_new && known->second != candidate) {
    violated("double vote: server {} for {} and {} in term {}", voter, known->second, candidate, term);
  }
}

void Checks::logged(Position before, LogIndex index, const Entry& entry) {
  const Known here{before.term, content_of(entry)};
  const auto [known, is_new] = entries_.emplace(std::pair(index, entry.term), here);
  if (!is_new && known->second != here) {
    violated("log matching: entry {} of term {} is two things", index, entry.term);
  }
}

void Checks::durable(ServerId id, const Disk& disk) {
  const LogIndex last = std::min<LogIndex>(disk.last_index(), committed());
  if (last > durable_[id] && disk.holds({last, committed_[last].term})) {
    durable_[id] = last;
  }
}

void Checks::still_durable(ServerId id, const Disk& disk) const {
  const auto known = durable_.find(id);
  const LogIndex last = known == durable_.end() ? 0 : known->second;
  if (last > 0 && !disk.holds({last, committed_[last].term})) {
    violated("server {} had committed entry {} durable, and has it no more", id, last);
  }
}

void Checks::written_over(const Driver& driver, const WriteEntries& write) const {
  for (LogIndex index = write.first; index <= driver.applied() && index - write.first < write.entries.size(); ++index) {
    if (index < committed_.size() && committed_[index].term != write.entries[index - write.first].term) {
      violated("committed entry {} is written over", index);
    }
  }
}

void Checks::elected(ServerId id, const Driver& driver) {
  const auto [known, is_new] = leaders_.emplace(driver.core().term(), id);
  if (!is_new && known->second != id) {
    violated("election safety: {} and {} lead in term {}", known->second, id, known->first);
  }
  const LogCache& log = driver.log();
  for (LogIndex index = log.first(); index < committed_.size(); ++index) {
    if (!log.has(index) || log.at(index).term != committed_[index].term) {
      violated("leader completeness: server {} leads in term {} without committed entry {}", id, known->first, index);
    }
  }
}

void Checks::applied(StateMachine& machine, LogIndex index, const Entry& entry) {
  if (index != machine.index + 1 || index > committed_.size()) {
    violated("entry {} is applied after {}", index, machine.index);
  }
  const Known here{entry.term, content_of(entry)};
  machine = {index, fold(fold(machine.hash, here.term), here.content)};
  if (index == committed_.size()) {
    committed_.push_back(here);
    machines_.push_back(machine.hash);
  }
  if (committed_[index] != here || machines_[index] != machine.hash) {
    violated("state machine safety: entry {} is applied as two things", index);
  }
}

void Checks::restored(const StateMachine& machine, const Snapshot& snapshot) const {
  const LogIndex index = snapshot.last.index;
  if (machine.index != index || index >= committed_.size() || machines_[index] != machine.hash ||
      committed_[index].term != snapshot.last.term) {
    violated("a snapshot of entry {} is not what was committed", index);
  }
}

bool Checks::majority_holds(Position entry, const Configuration& configuration) const {
  std::size_t voters = 0;
  std::size_t holders = 0;
  for (const Server& server : configuration.servers) {
    if (server.role == ServerRole::voter) {
      ++voters;
      holders += disk_of_(server.id).holds(entry) ? 1 : 0;
    }
  }
  return holders > voters / 2;
}

void Checks::after_input(const Driver& driver, const Disk& disk, LogIndex commit_before,
                         const Configuration& before) const {
  const Core& core = driver.core();
  require(disk.durable().term == core.term(), "the term is not durable");
  const LogIndex commit = core.commit_index();
  if (core.state() != State::leader || commit <= commit_before || before.servers.empty()) {
    return;
  }
  const Configuration now = core.configuration();
  const Position last{commit, driver.log().at(commit).term};
  if (!majority_holds(last, before) && !majority_holds(last, now)) {
    violated("entry {} is committed without a majority that holds it", commit);
  }
  const auto alone = [](const Configuration& one) {
    std::size_t voters = 0;
    for (const Server& server : one.servers) {
      voters += server.role == ServerRole::voter ? 1 : 0;
    }
    return voters == 1;
  };
  if (last.term != core.term() && !alone(before) && !alone(now)) {
    violated("figure 8: entry {} of term {} is committed by counting in term {}", commit, last.term, core.term());
  }
}

}  // namespace ottla::quorum::sim
