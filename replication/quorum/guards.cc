#include "replication/quorum/guards.h"

#include <algorithm>

namespace ottla::quorum {

void claim_nothing_about_old_term(AppendEntriesResult& answer, Term asked_in, Term current) {
  if (asked_in < current) {
    answer.last_log_index = 0;
  }
}

std::vector<AppendEntries> split_before_changes(const AppendEntries& append) {
  std::vector<AppendEntries> parts;
  for (const Entry& entry : append.entries) {
    if (parts.empty()) {
      parts.push_back({append.term, append.previous, append.leader_commit, {}});
    } else if (entry.kind == EntryKind::change) {
      const AppendEntries& before = parts.back();
      const Position previous{before.previous.index + before.entries.size(), before.entries.back().term};
      parts.push_back({append.term, previous, append.leader_commit, {}});
    }
    parts.back().entries.push_back(entry);
  }
  return parts.empty() ? std::vector{append} : parts;
}

void commit_only_what_was_sent(AppendEntries& append) {
  append.leader_commit = std::min(append.leader_commit, append.previous.index + append.entries.size());
}

bool is_void_rejection(const AppendEntriesResult& result, LogIndex confirmed) {
  return result.rejected > 0 && result.rejected <= confirmed;
}

AppendEntriesResult sign_of_life(const AppendEntriesResult& result) {
  return {.term = result.term, .rejected = 0, .last_log_index = 0};
}

void anchor_at(AppendEntries& append, Position snapshot) {
  if (append.previous.index >= snapshot.index) {
    return;
  }
  const auto known = std::min<std::uint64_t>(snapshot.index - append.previous.index, append.entries.size());
  append.entries.erase(append.entries.begin(), append.entries.begin() + static_cast<std::ptrdiff_t>(known));
  append.previous = snapshot;
}

void tell_term(RequestVoteResult& answer, Term current) {
  if (answer.pre_vote && !answer.granted) {
    answer.term = std::max(answer.term, current);
  }
}

TimeMs deadline_after(TimeMs last_tick_ms, TimeMs core_deadline_ms, unsigned heartbeat_ms) {
  return core_deadline_ms > last_tick_ms ? core_deadline_ms : last_tick_ms + heartbeat_ms;
}

}  // namespace ottla::quorum
