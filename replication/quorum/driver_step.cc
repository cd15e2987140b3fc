// What follows from a step of the core, in the order that makes it safe: term and vote, entries, snapshot, messages,
// and then what is committed.
#include <fmt/format.h>

#include <utility>

#include "replication/quorum/configuration.h"
#include "replication/quorum/driver.h"

namespace ottla::quorum {

// `asked_in`: the term of the message that was received, if it was one.
void Driver::follow(Core::Outcome outcome, Term asked_in, TimeMs now_ms, Effects& effects) {
  if (outcome.status != 0) {
    broken(fmt::format("the core says: {}", Core::describe(outcome.status)), effects);
  }
  if (is_broken_) {
    return;
  }
  store_vote(effects);
  if (!outcome.entries.empty()) {
    write_entries(outcome.first_entry, std::move(outcome.entries), effects);
  }
  if (outcome.snapshot) {
    install(std::move(*outcome.snapshot), effects);
  }
  for (Core::Outgoing& outgoing : outcome.messages) {
    send(std::move(outgoing), asked_in, effects);
  }
  if (core_.last_index() != log_.last()) {
    broken(fmt::format("the core's log ends at {}, ours at {}", core_.last_index(), log_.last()), effects);
  }
  if (core_.commit_index() < std::exchange(seen_commit_, core_.commit_index())) {
    broken(fmt::format("the commit index went back to {}", core_.commit_index()), effects);
  }
  lead(now_ms, effects);
}

// The core says that they changed with each vote it gives, and more often than that.
void Driver::store_vote(Effects& effects) {
  const StoreVote vote{core_.term(), core_.voted_for()};
  if (vote != stored_vote_) {
    stored_vote_ = vote;
    effects.emplace_back(vote);
  }
}

void Driver::write_entries(LogIndex first, std::vector<Entry> entries, Effects& effects) {
  if (first < log_.first() || first > log_.last() + 1) {
    broken(fmt::format("entries from {} do not join a log of {} to {}", first, log_.first(), log_.last()), effects);
    return;
  }
  // What is still being written and now void must never be reported: an entry of the same index and term may follow it.
  for (Pending& write : pending_) {
    if (write.kind == Pending::Kind::entries && write.last >= first) {
      write.last = first - 1;
    }
  }
  log_.write(first, entries);
  pending_.push_back(
      {.id = ++last_write_, .kind = Pending::Kind::entries, .first = first, .last = first + entries.size() - 1});
  effects.emplace_back(WriteEntries{last_write_, first, std::move(entries)});
}

void Driver::install(Snapshot snapshot, Effects& effects) {
  is_installing_ = true;
  for (Pending& write : pending_) {
    write.last = 0;
  }
  log_.reset(snapshot.last.index + 1);
  pending_.push_back({.id = ++last_write_, .kind = Pending::Kind::installed_snapshot, .snapshot = snapshot});
  effects.emplace_back(WriteSnapshot{last_write_, std::move(snapshot)});
}

void Driver::send(Core::Outgoing outgoing, Term asked_in, Effects& effects) {
  Message& message = outgoing.message;
  if (auto* answer = std::get_if<AppendEntriesResult>(&message.body)) {
    if (guards_.no_claims_about_old_terms && asked_in != 0) {
      claim_nothing_about_old_term(*answer, asked_in, core_.term());
    }
  } else if (auto* vote = std::get_if<RequestVoteResult>(&message.body)) {
    if (guards_.denials_tell_the_term) {
      tell_term(*vote, core_.term());
    }
  } else if (auto* append = std::get_if<AppendEntries>(&message.body)) {
    if (!fill(*append, outgoing.entry_count, effects)) {
      return;
    }
  } else if (auto* to_install = std::get_if<InstallSnapshot>(&message.body)) {
    if (!fill(*to_install, effects)) {
      return;
    }
  }
  effects.emplace_back(Send{std::move(message)});
}

bool Driver::fill(AppendEntries& append, std::size_t count, Effects& effects) {
  for (LogIndex index = append.previous.index + 1; index <= append.previous.index + count; ++index) {
    if (!log_.has(index)) {
      broken(fmt::format("entry {} is to be sent, the log holds {} to {}", index, log_.first(), log_.last()), effects);
      return false;
    }
    append.entries.push_back(log_.at(index));
  }
  return true;
}

bool Driver::fill(InstallSnapshot& install, Effects& effects) {
  const Position wanted = install.snapshot.last;
  if (!snapshot_ || snapshot_->last != wanted) {
    broken(fmt::format("the snapshot of entry {} is to be sent, and is not there", wanted.index), effects);
    return false;
  }
  install.snapshot = *snapshot_;
  return true;
}

// After an input: all that is committed is applied, and what comes of that.
void Driver::settle(TimeMs now_ms, Effects& effects) {
  apply_committed(now_ms, effects);
  if (is_broken_) {
    return;
  }
  go_on_promoting(now_ms, effects);
  tell_commit(effects);
  take_snapshot(effects);
  tell_leadership(effects);
  deadline_ms_ = core_.timeout_ms();
  if (guards_.deadlines_lie_ahead) {
    deadline_ms_ = deadline_after(last_tick_ms_, deadline_ms_, settings_.heartbeat_ms);
  }
}

// Not while a snapshot is being installed, though the commit index may be there already: the state machine is not.
void Driver::apply_committed(TimeMs now_ms, Effects& effects) {
  while (!is_broken_ && !is_installing_ && applied_ < core_.commit_index()) {
    if (!log_.has(applied_ + 1)) {
      broken(fmt::format("entry {} is committed, and is not in the log", applied_ + 1), effects);
      return;
    }
    ++applied_;
    effects.emplace_back(Apply{applied_, log_.at(applied_)});
    if (log_.at(applied_).kind == EntryKind::change) {
      apply_change(now_ms, effects);
    }
  }
}

void Driver::apply_change(TimeMs now_ms, Effects& effects) {
  auto changed = decode_configuration(*log_.at(applied_).bytes);
  if (!changed) {
    broken(changed.error().message, effects);
    return;
  }
  configuration_ = std::move(*changed);
  configuration_index_ = applied_;
  follow(core_.configuration_committed(now_ms, applied_, configuration_), now_ms, effects);
}

// The core's followers learn what is committed from the next append, which may be a heartbeat away; and until then what
// was decided has no effect on their brokers. So those that have the entry are told at once. To the core it is one
// heartbeat more.
void Driver::tell_commit(Effects& effects) {
  if (core_.state() != State::leader) {
    told_commit_.clear();
    return;
  }
  const LogIndex commit = core_.commit_index();
  for (const Server& server : core_.configuration().servers) {
    if (server.id == id_ || !log_.has(commit) || core_.match_index(server.id).value_or(0) < commit) {
      continue;
    }
    if (LogIndex& told = told_commit_[server.id]; told < commit) {
      told = commit;
      const AppendEntries heartbeat{core_.term(), {commit, log_.at(commit).term}, commit, {}};
      effects.emplace_back(Send{{id_, server.id, heartbeat}});
    }
  }
}

void Driver::take_snapshot(Effects& effects) {
  const LogIndex have = snapshot_ ? snapshot_->last.index : 0;
  if (is_taking_ || is_installing_ || applied_ < have + settings_.snapshot_every) {
    return;
  }
  is_taking_ = true;
  const unsigned behind = settings_.entries_behind_snapshot;
  LogIndex keep_from = log_.first();
  if (applied_ > behind && log_.has(applied_ - behind)) {  // the core's own rule: both logs must begin alike
    keep_from = applied_ - behind + 1;
  }
  const Snapshot snapshot{{applied_, log_.at(applied_).term}, configuration_index_, configuration_, nullptr};
  pending_.push_back(
      {.id = ++last_write_, .kind = Pending::Kind::taken_snapshot, .snapshot = snapshot, .keep_from = keep_from});
  effects.emplace_back(TakeSnapshot{last_write_, snapshot, keep_from});
}

// Elected just now? Then a barrier, unless the core has made one, or nobody else could be elected.
void Driver::lead(TimeMs now_ms, Effects& effects) {
  const bool leads = core_.state() == State::leader;
  if (!leads || (leadership_.state == State::leader && leadership_.term == core_.term())) {
    return;
  }
  leadership_ = {State::leader, core_.term(), id_, false};
  const bool has_barrier = log_.has(log_.last()) && log_.at(log_.last()).term == core_.term();
  if (guards_.own_entry_before_changes && !has_barrier && count_voters(core_.configuration()) > 1) {
    const Entry barrier{core_.term(), EntryKind::barrier, share(Bytes(8))};
    follow(core_.submit(now_ms, {barrier}), now_ms, effects);
  }
  settled_at_ = log_.last();
  effects.emplace_back(LeadershipChanged{leadership_});
}

void Driver::tell_leadership(Effects& effects) {
  const bool leads = core_.state() == State::leader;
  const ServerId other = known_leader_.term == core_.term() ? known_leader_.id : 0;
  const Leadership now{core_.state(), core_.term(), leads ? id_ : other, leads && applied_ >= settled_at_};
  if (now != leadership_) {
    leadership_ = now;
    effects.emplace_back(LeadershipChanged{now});
  }
}

}  // namespace ottla::quorum
