#include "replication/quorum/core.h"

#include <cstdlib>
#include <functional>
#include <string>

#include "replication/quorum/raft_types.h"

namespace ottla::quorum {

namespace {

raft_event event_of(TimeMs now_ms, raft_event_type type) {
  raft_event event{};
  event.time = now_ms;
  event.type = type;
  return event;
}

// The library's macros are unparenthesised shifts.
bool has(const raft_update& update, unsigned flag) { return (update.flags & flag) != 0; }

}  // namespace

void Core::Close::operator()(raft* core) const {
  raft_close(core, nullptr);
  delete core;
}

Core::Core(ServerId id, const std::string& address, const Settings& settings, unsigned seed) {
  auto* core = new raft{};
  if (raft_init(core, nullptr, nullptr, id, address.c_str()) != 0) {
    std::abort();
  }
  raft_.reset(core);
  raft_seed(core, seed);
  raft_set_election_timeout(core, settings.election_timeout_ms);
  raft_set_heartbeat_timeout(core, settings.heartbeat_ms);
  raft_set_install_snapshot_timeout(core, settings.install_snapshot_timeout_ms);
  raft_set_max_catch_up_round_duration(core, settings.catch_up_round_max_ms);
  raft_set_max_inflight_entries(core, settings.entries_in_flight_max);
  raft_set_pre_vote(core, settings.pre_vote);
  // The core can refuse entries when disks fill up, but then its own barrier too, and a leader comes out half made.
  raft_set_capacity_threshold(core, 0);
}

Core::Outcome Core::start(TimeMs now_ms, const StoredState& state) {
  raft_event event = event_of(now_ms, RAFT_START);
  RaftEntries entries(state.entries);
  raft_snapshot_metadata metadata{};
  event.start = {.term = state.term,
                 .voted_for = state.voted_for,
                 .metadata = nullptr,
                 .start_index = state.first_index,
                 .entries = entries.array.data(),
                 .n_entries = static_cast<unsigned>(entries.array.size())};
  if (state.snapshot) {
    metadata = to_raft(*state.snapshot);
    event.start.metadata = &metadata;
  }
  Outcome outcome = step(event, {});
  raft_free(entries.batch);
  return outcome;
}

Core::Outcome Core::receive(TimeMs now_ms, const Message& message) {
  raft_message raw = to_raft(message);
  // Kept as the address of the leader, which nobody asks for: servers are told apart by id.
  const std::string address = std::to_string(message.from);
  raw.server_address = address.c_str();
  if (const auto* append = std::get_if<AppendEntries>(&message.body)) {
    return receive_append(now_ms, raw, *append);
  }
  if (const auto* install = std::get_if<InstallSnapshot>(&message.body)) {
    return receive_snapshot(now_ms, raw, *install);
  }
  return receive_plain(now_ms, raw);
}

Core::Outcome Core::receive_plain(TimeMs now_ms, raft_message& message) {
  raft_event event = event_of(now_ms, RAFT_RECEIVE);
  event.receive.message = &message;
  return step(event, {});
}

Core::Outcome Core::receive_append(TimeMs now_ms, raft_message& message, const AppendEntries& append) {
  RaftEntries entries(append.entries);
  message.append_entries.entries = entries.array.data();
  message.append_entries.n_entries = static_cast<unsigned>(entries.array.size());
  raft_event event = event_of(now_ms, RAFT_RECEIVE);
  event.receive.message = &message;
  Outcome outcome = step(event, append.entries);
  // The core has freed the batch, unless there was none for it or entries of it are to be written.
  if (append.entries.empty() || !outcome.entries.empty()) {
    raft_free(entries.batch);
  }
  return outcome;
}

// The image stays with us: the core gets one byte in its place.
Core::Outcome Core::receive_snapshot(TimeMs now_ms, raft_message& message, const InstallSnapshot& install) {
  message.install_snapshot.conf = to_raft(install.snapshot.configuration);  // taken
  message.install_snapshot.data = {raft_malloc(1), 1};                      // taken
  raft_event event = event_of(now_ms, RAFT_RECEIVE);
  event.receive.message = &message;
  Outcome outcome = step(event, {});
  if (outcome.snapshot) {
    outcome.snapshot = install.snapshot;
  }
  return outcome;
}

Core::Outcome Core::timeout(TimeMs now_ms) {
  raft_event event = event_of(now_ms, RAFT_TIMEOUT);
  return step(event, {});
}

Core::Outcome Core::entries_persisted(TimeMs now_ms, LogIndex last) {
  raft_event event = event_of(now_ms, RAFT_PERSISTED_ENTRIES);
  event.persisted_entries.index = last;
  return step(event, {});
}

Core::Outcome Core::snapshot_installed(TimeMs now_ms, const Snapshot& snapshot) {
  raft_event event = event_of(now_ms, RAFT_PERSISTED_SNAPSHOT);
  event.persisted_snapshot.metadata = to_raft(snapshot);
  event.persisted_snapshot.last = true;
  return step(event, {});
}

Core::Outcome Core::snapshot_taken(TimeMs now_ms, const Snapshot& snapshot, unsigned trailing) {
  raft_event event = event_of(now_ms, RAFT_SNAPSHOT);
  event.snapshot.metadata = to_raft(snapshot);
  event.snapshot.trailing = trailing;
  return step(event, {});
}

Core::Outcome Core::configuration_committed(TimeMs now_ms, LogIndex index, const Configuration& configuration) {
  raft_event event = event_of(now_ms, RAFT_CONFIGURATION);
  event.configuration.index = index;
  event.configuration.conf = to_raft(configuration);
  return step(event, {});
}

Core::Outcome Core::submit(TimeMs now_ms, const std::vector<Entry>& entries) {
  RaftEntries raw(entries);
  raft_event event = event_of(now_ms, RAFT_SUBMIT);
  event.submit.entries = raw.array.data();
  event.submit.n = static_cast<unsigned>(raw.array.size());
  Outcome outcome = step(event, entries);
  raft_free(raw.batch);
  return outcome;
}

Core::Outcome Core::catch_up(TimeMs now_ms, ServerId server) {
  raft_event event = event_of(now_ms, RAFT_CATCH_UP);
  event.catch_up.server_id = server;
  return step(event, {});
}

Core::Outcome Core::transfer(TimeMs now_ms, ServerId to) {
  raft_event event = event_of(now_ms, RAFT_TRANSFER);
  event.transfer.server_id = to;
  return step(event, {});
}

namespace {

// Those of the event, from some place on; or else the core's own barrier, whose eight bytes are ours to free.
std::vector<Entry> entries_to_write(const raft_event& event, std::span<const Entry> given, const raft_update& update) {
  const raft_entry* first = nullptr;
  if (event.type == RAFT_SUBMIT) {
    first = event.submit.entries;
  } else if (event.type == RAFT_RECEIVE && event.receive.message->type == RAFT_APPEND_ENTRIES) {
    first = event.receive.message->append_entries.entries;
  }
  const raft_entry* batch = update.entries.batch;
  const std::less<> before;
  if (first != nullptr && !before(batch, first) && before(batch, first + given.size())) {
    const auto part = given.subspan(static_cast<std::size_t>(batch - first), update.entries.n);
    return {part.begin(), part.end()};
  }
  const auto* bytes = static_cast<const std::byte*>(batch->buf.base);
  Entry barrier{batch->term, static_cast<EntryKind>(batch->type), share(Bytes(bytes, bytes + batch->buf.len))};
  raft_free(batch->batch);
  return {std::move(barrier)};
}

}  // namespace

Core::Outcome Core::step(raft_event& event, std::span<const Entry> given) {
  raft_update update{};
  Outcome outcome;
  outcome.status = raft_step(raft_.get(), &event, &update);
  if (outcome.status != 0) {
    return outcome;
  }
  if (has(update, RAFT_UPDATE_ENTRIES)) {
    outcome.first_entry = update.entries.index;
    outcome.entries = entries_to_write(event, given, update);
  }
  if (has(update, RAFT_UPDATE_SNAPSHOT)) {
    outcome.snapshot.emplace();
    raft_free(update.snapshot.chunk.base);
    raft_configuration_close(&update.snapshot.metadata.configuration);
  }
  if (has(update, RAFT_UPDATE_MESSAGES)) {
    for (const raft_message& raw : std::span(update.messages.batch, update.messages.n)) {
      outcome.messages.push_back(from_raft(raw, raft_->id));
    }
  }
  return outcome;
}

}  // namespace ottla::quorum
