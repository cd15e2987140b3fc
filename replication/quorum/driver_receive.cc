// A message comes in, past the guards.
#include <fmt/format.h>

#include "replication/quorum/driver.h"
#include "replication/quorum/messages.h"

namespace ottla::quorum {

Result<void> Driver::receive(TimeMs now_ms, const Message& message, Effects& effects) {
  if (is_broken_) {
    return {};
  }
  if (auto sound = check(message); !sound || message.to != id_) {
    return sound ? failure(ErrorCode::INVALID_REQUEST, fmt::format("a message for server {}", message.to)) : sound;
  }
  if (guards_.late_votes_are_void && std::holds_alternative<RequestVoteResult>(message.body) &&
      core_.state() != State::candidate) {
    return {};
  }
  const bool from_leader =
      std::holds_alternative<AppendEntries>(message.body) || std::holds_alternative<InstallSnapshot>(message.body);
  if (from_leader && core_.state() == State::leader && term_of(message) == core_.term()) {
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("server {} claims to lead in term {}, as this one does", message.from, core_.term()));
  }
  if (std::holds_alternative<AppendEntries>(message.body)) {
    receive_append(now_ms, message, effects);
  } else if (is_installing_ && std::holds_alternative<InstallSnapshot>(message.body)) {
    return {};  // the leader sends it again; the core would leak it
  } else {
    deliver(now_ms, message, effects);
  }
  settle(now_ms, effects);
  return {};
}

void Driver::receive_append(TimeMs now_ms, const Message& message, Effects& effects) {
  AppendEntries append = std::get<AppendEntries>(message.body);
  if (guards_.anchor_at_own_snapshot && !is_installing_ && snapshot_) {
    anchor_at(append, snapshot_->last);
  }
  for (AppendEntries& part : guards_.changes_come_first ? split_before_changes(append) : std::vector{append}) {
    if (guards_.commit_only_what_was_sent) {
      commit_only_what_was_sent(part);
    }
    const LogIndex last = part.previous.index + part.entries.size();
    deliver(now_ms, {message.from, message.to, std::move(part)}, effects);
    if (is_broken_ || core_.last_index() < last) {
      break;  // refused, and so would be what follows it
    }
  }
}

void Driver::deliver(TimeMs now_ms, const Message& message, Effects& effects) {
  const auto* result = std::get_if<AppendEntriesResult>(&message.body);
  if (result != nullptr && guards_.late_rejections_are_void && result->term == core_.term()) {
    const auto confirmed = core_.match_index(message.from);
    if (confirmed && is_void_rejection(*result, *confirmed)) {
      follow(core_.receive(now_ms, {message.from, message.to, sign_of_life(*result)}), now_ms, effects);
      return;
    }
  }
  auto outcome = core_.receive(now_ms, message);
  learn_leader(message);
  follow(std::move(outcome), term_of(message), now_ms, effects);
}

void Driver::learn_leader(const Message& message) {
  const bool from_leader =
      std::holds_alternative<AppendEntries>(message.body) || std::holds_alternative<InstallSnapshot>(message.body);
  if (from_leader && term_of(message) == core_.term()) {
    known_leader_ = {message.from, core_.term()};
  }
}

}  // namespace ottla::quorum
