#include "broker/quorum/store.h"

#include <algorithm>

#include "replication/quorum/configuration.h"

namespace ottla {

namespace {

std::vector<CommandLog::Entry> to_stored(quorum::LogIndex first, const std::vector<quorum::Entry>& entries) {
  std::vector<CommandLog::Entry> made;
  made.reserve(entries.size());
  for (const quorum::Entry& entry : entries) {
    made.push_back({first + made.size(), entry.term, *entry.bytes, static_cast<std::uint8_t>(entry.kind)});
  }
  return made;
}

CommandLog::Snapshot to_stored(const quorum::Snapshot& snapshot) {
  return {.index = snapshot.last.index,
          .term = snapshot.last.term,
          .bytes = *snapshot.image,
          .configuration_index = snapshot.configuration_index,
          .configuration = encode(snapshot.configuration)};
}

}  // namespace

bool QuorumStore::has_quorum() const {
  const auto& snapshot = log_->snapshot();
  const auto& entries = log_->all_entries();
  return (snapshot && snapshot->configuration_index > 0) ||
         (!snapshot && !entries.empty() && entries.front().kind != CommandLog::command);
}

Result<quorum::StoredState> QuorumStore::load() const {
  quorum::StoredState state;
  if (log_->vote()) {
    state.term = log_->vote()->term;
    state.voted_for = log_->vote()->voted_for;
  }
  if (const auto& stored = log_->snapshot()) {
    auto configuration = quorum::decode_configuration(stored->configuration);
    if (!configuration) {
      return std::unexpected(std::move(configuration.error()));
    }
    state.snapshot = quorum::Snapshot{{stored->index, stored->term},
                                      stored->configuration_index,
                                      std::move(*configuration),
                                      quorum::share(stored->bytes)};
  }
  state.first_index = log_->first_index();
  for (const CommandLog::Entry& entry : log_->all_entries()) {
    state.entries.push_back({entry.term, static_cast<quorum::EntryKind>(entry.kind), quorum::share(entry.bytes)});
  }
  return state;
}

Result<void> QuorumStore::format(const quorum::Configuration& first_voters) {
  const quorum::StoredState first = quorum::first_state(first_voters);
  auto done = log_->store_vote({first.term, 0});
  return done ? log_->write(1, to_stored(1, first.entries)) : done;
}

// The snapshot says it all; its configuration counts as made by the last command.
Result<void> QuorumStore::adopt(const quorum::Server& self, const Bytes& image) {
  const quorum::Configuration alone{{self}};
  if (log_->last_index() == 0) {
    return format(alone);
  }
  if (auto done = log_->store_vote({log_->last_term(), 0}); !done) {
    return done;
  }
  return log_->install_snapshot({.index = log_->last_index(),
                                 .term = log_->last_term(),
                                 .bytes = image,
                                 .configuration_index = log_->last_index(),
                                 .configuration = encode(alone)});
}

Result<void> QuorumStore::write(const quorum::StoreVote& vote) { return log_->store_vote({vote.term, vote.voted_for}); }

Result<void> QuorumStore::write(const quorum::WriteEntries& write) {
  return log_->write(write.first, to_stored(write.first, write.entries));
}

Result<void> QuorumStore::write(const quorum::WriteSnapshot& write) {
  return log_->install_snapshot(to_stored(write.snapshot));
}

Result<void> QuorumStore::write(const quorum::TakeSnapshot& write) {
  return log_->write_snapshot(to_stored(write.snapshot), write.keep_from);
}

}  // namespace ottla
