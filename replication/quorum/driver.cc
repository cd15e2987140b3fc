#include "replication/quorum/driver.h"

#include <fmt/format.h>

#include <utility>

#include "replication/quorum/configuration.h"

namespace ottla::quorum {

Driver::Driver(ServerId id, const std::string& address, const Settings& settings, unsigned seed)
    : id_(id), settings_(settings), core_(id, address, settings, seed) {}

namespace {

// What the library takes on trust, or nullptr.
const char* fault(const StoredState& state) {
  const bool has_snapshot = state.snapshot.has_value();
  const LogIndex follows = has_snapshot ? state.snapshot->last.index : 0;
  const LogIndex last = state.first_index + state.entries.size() - 1;
  if (state.term == 0 && (state.voted_for != 0 || has_snapshot || !state.entries.empty())) {
    return "entries or votes, and no term";
  }
  if (state.first_index == 0 || state.first_index > follows + 1 || last < follows) {
    return "a log that does not join its snapshot";
  }
  if (!has_snapshot && !state.entries.empty() && state.entries.front().kind != EntryKind::change) {
    return "a log that does not begin with a configuration";
  }
  if (has_snapshot && state.first_index <= follows &&
      state.entries[follows - state.first_index].term != state.snapshot->last.term) {
    return "a log that is not the snapshot's";
  }
  for (const Entry& entry : state.entries) {
    if (entry.kind == EntryKind::change && !decode_configuration(*entry.bytes)) {
      return "a configuration that cannot be read";
    }
  }
  return nullptr;
}

}  // namespace

void Driver::start(TimeMs now_ms, const StoredState& state, Effects& effects) {
  if (const char* wrong = fault(state)) {
    broken(fmt::format("the quorum's disk holds {}", wrong), effects);
    return;
  }
  stored_vote_ = {state.term, state.voted_for};
  log_.reset(state.first_index);
  log_.write(state.first_index, state.entries);
  if (state.snapshot) {
    restore(*state.snapshot, effects);
  }
  last_tick_ms_ = now_ms;
  follow(core_.start(now_ms, state), now_ms, effects);
  settle(now_ms, effects);
}

void Driver::tick(TimeMs now_ms, Effects& effects) {
  if (is_broken_) {
    return;
  }
  last_tick_ms_ = now_ms;
  follow(core_.timeout(now_ms), now_ms, effects);
  settle(now_ms, effects);
}

Result<Position> Driver::propose(TimeMs now_ms, const std::vector<SharedBytes>& commands, Effects& effects) {
  if (core_.last_index() - core_.commit_index() + commands.size() > settings_.uncommitted_max) {
    return failure(ErrorCode::THROTTLING_QUOTA_EXCEEDED, "too many commands wait to be committed");
  }
  std::vector<Entry> entries;
  entries.reserve(commands.size());
  for (const SharedBytes& command : commands) {
    entries.push_back({core_.term(), EntryKind::command, command});
  }
  auto first = submit(now_ms, entries, effects);
  settle(now_ms, effects);
  return first;
}

void Driver::broken(std::string why, Effects& effects) {
  if (!is_broken_) {
    is_broken_ = true;
    effects.emplace_back(Broken{fmt::format("server {} of the quorum: {}", id_, why)});
  }
}

}  // namespace ottla::quorum
