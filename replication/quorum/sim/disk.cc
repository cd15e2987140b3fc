#include "replication/quorum/sim/disk.h"

#include <algorithm>

#include "replication/quorum/sim/violation.h"

namespace ottla::quorum::sim {

namespace {

std::size_t size_of(const Disk::Write& write) {
  const auto* entries = std::get_if<WriteEntries>(&write);
  return entries != nullptr ? entries->entries.size() : 1;
}

bool joins(const StoredState& state) {
  if (!state.snapshot) {
    return true;
  }
  const Position last = state.snapshot->last;
  if (state.first_index > last.index) {
    return state.first_index == last.index + 1;
  }
  const LogIndex at = last.index - state.first_index;
  return at < state.entries.size() && state.entries[at].term == last.term;
}

}  // namespace

void Disk::store(const StoreVote& vote) {
  require(vote.term >= durable_.term, "the term goes back");
  require(vote.term > durable_.term || durable_.voted_for == 0 || vote.voted_for == durable_.voted_for,
          "a vote is changed");
  durable_.term = vote.term;
  durable_.voted_for = bug_ == Bug::vote_not_stored ? 0 : vote.voted_for;
}

void Disk::queue(Write write) { writes_.push_back(std::move(write)); }

void Disk::drop_log() {
  durable_.entries.clear();
  durable_.first_index = durable_.snapshot ? durable_.snapshot->last.index + 1 : 1;
}

Disk::Write Disk::finish_one() {
  Write write = std::move(writes_.front());
  writes_.pop_front();
  make_durable(write, size_of(write));
  return write;
}

// The last write that got through may be torn: some of its entries, or a snapshot beside the log that it was to
// replace.
void Disk::crash(Random& random) {
  const std::uint64_t through = random.between(0, writes_.size());
  for (std::uint64_t i = 0; i < through; ++i) {
    const std::size_t size = size_of(writes_[i]);
    const auto* installed = std::get_if<WriteSnapshot>(&writes_[i]);
    if (i + 1 == through && installed != nullptr && random.one_in(2)) {
      durable_.snapshot = installed->snapshot;
    } else {
      make_durable(writes_[i], i + 1 == through ? random.between(size > 1 ? 0 : 1, size) : size);
    }
  }
  writes_.clear();
}

void Disk::make_durable(const Write& write, std::size_t entries_kept) {
  if (const auto* entries = std::get_if<WriteEntries>(&write)) {
    require(entries->first >= durable_.first_index && entries->first <= durable_.first_index + durable_.entries.size(),
            "entries are written behind a gap");
    durable_.entries.resize(entries->first - durable_.first_index);
    durable_.entries.insert(durable_.entries.end(), entries->entries.begin(),
                            entries->entries.begin() + static_cast<std::ptrdiff_t>(entries_kept));
  } else if (const auto* installed = std::get_if<WriteSnapshot>(&write)) {
    durable_.snapshot = installed->snapshot;
    durable_.entries.clear();
    durable_.first_index = installed->snapshot.last.index + 1;
  } else {
    const auto& taken = std::get<TakeSnapshot>(write);
    durable_.snapshot = taken.snapshot;
    drop_before(taken.keep_from);
  }
}

void Disk::drop_before(LogIndex index) {
  if (index > durable_.first_index) {
    const auto count = std::min<std::uint64_t>(index - durable_.first_index, durable_.entries.size());
    durable_.entries.erase(durable_.entries.begin(), durable_.entries.begin() + static_cast<std::ptrdiff_t>(count));
    durable_.first_index = index;
  }
}

const StoredState& Disk::load() {
  if (!joins(durable_)) {
    durable_.entries.clear();
    durable_.first_index = durable_.snapshot->last.index + 1;
  }
  return durable_;
}

bool Disk::holds(Position entry) const {
  if (durable_.snapshot && durable_.snapshot->last.index >= entry.index) {
    return true;
  }
  const StoredState& log = durable_;
  return entry.index >= log.first_index && entry.index < log.first_index + log.entries.size() &&
         log.entries[entry.index - log.first_index].term == entry.term;
}

}  // namespace ottla::quorum::sim
