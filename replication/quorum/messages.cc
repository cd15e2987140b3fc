#include "replication/quorum/messages.h"

#include <fmt/format.h>

#include "replication/quorum/configuration.h"

namespace ottla::quorum {

namespace {

// What is wrong, or nullptr.
const char* fault(const Entry& entry) {
  if (entry.bytes == nullptr || entry.kind < EntryKind::command || entry.kind > EntryKind::change) {
    return "an entry of no kind";
  }
  if (entry.kind == EntryKind::change && !decode_configuration(*entry.bytes)) {
    return "a change that cannot be read";
  }
  return nullptr;
}

const char* fault(const AppendEntries& append) {
  if ((append.previous.index == 0) != (append.previous.term == 0)) {
    return "a previous entry with an index or a term only";
  }
  Term term = std::max<Term>(append.previous.term, 1);
  for (const Entry& entry : append.entries) {
    if (entry.term < term || entry.term > append.term) {
      return "entries whose terms fall, or are beyond the leader's";
    }
    term = entry.term;
    if (const char* wrong = fault(entry)) {
      return wrong;
    }
  }
  return append.previous.term > append.term ? "a previous entry beyond the leader's term" : nullptr;
}

const char* fault(const InstallSnapshot& install) {
  const Snapshot& snapshot = install.snapshot;
  if (snapshot.last.index == 0 || snapshot.last.term == 0 || snapshot.last.term > install.term) {
    return "a snapshot of no entry";
  }
  if (snapshot.configuration_index == 0 || snapshot.configuration_index > snapshot.last.index) {
    return "a snapshot whose configuration comes after it";
  }
  return snapshot.image == nullptr || !decode_configuration(encode(snapshot.configuration)) ? "half a snapshot"
                                                                                            : nullptr;
}

const char* fault(const AppendEntriesResult&) { return nullptr; }
const char* fault(const RequestVote&) { return nullptr; }
const char* fault(const RequestVoteResult&) { return nullptr; }
const char* fault(const TimeoutNow&) { return nullptr; }

}  // namespace

Term term_of(const Message& message) {
  return std::visit([](const auto& body) { return body.term; }, message.body);
}

Result<void> check(const Message& message) {
  const char* wrong = std::visit([](const auto& body) { return fault(body); }, message.body);
  const auto* vote = std::get_if<RequestVote>(&message.body);
  if (message.from == 0 || message.from == message.to || term_of(message) == 0) {
    wrong = "no sender or no term";
  } else if (vote != nullptr && vote->candidate != message.from) {
    wrong = "a vote asked for somebody else";
  }
  if (wrong != nullptr) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("server {} sent {}", message.from, wrong));
  }
  return {};
}

}  // namespace ottla::quorum
