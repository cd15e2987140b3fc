#include "broker/cluster/quorum_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "replication/quorum/configuration.h"
#include "replication/quorum/messages.h"

namespace ottla {

namespace {

using Kind = QuorumMessageRequest::Kind;

std::int64_t wire(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// Fills in what a message of its kind has.
struct ToWire {
  QuorumMessageRequest& request;

  void operator()(const quorum::RequestVote& vote) const {
    request.kind = Kind::request_vote;
    put(vote.last_log);
    request.disrupt_leader = vote.disrupt_leader;
    request.pre_vote = vote.pre_vote;
  }
  void operator()(const quorum::RequestVoteResult& result) const {
    request.kind = Kind::request_vote_result;
    request.granted = result.granted;
    request.pre_vote = result.pre_vote;
  }
  void operator()(const quorum::AppendEntries& append) const {
    request.kind = Kind::append_entries;
    put(append.previous);
    request.commit_index = wire(append.leader_commit);
    request.entries.reserve(append.entries.size());
    for (const quorum::Entry& entry : append.entries) {
      request.entries.push_back(
          {.term = wire(entry.term), .kind = static_cast<std::int8_t>(entry.kind), .bytes = *entry.bytes});
    }
  }
  void operator()(const quorum::AppendEntriesResult& result) const {
    request.kind = Kind::append_entries_result;
    request.rejected_index = wire(result.rejected);
    request.index = wire(result.last_log_index);
  }
  void operator()(const quorum::InstallSnapshot& install) const {
    request.kind = Kind::install_snapshot;
    put(install.snapshot.last);
    request.configuration_index = wire(install.snapshot.configuration_index);
    request.configuration = quorum::encode(install.snapshot.configuration);
    request.image = *install.snapshot.image;
  }
  void operator()(const quorum::TimeoutNow& timeout) const {
    request.kind = Kind::timeout_now;
    put(timeout.last_log);
  }

  void put(const quorum::Position& position) const {
    request.index = wire(position.index);
    request.log_term = wire(position.term);
  }
};

// The library counts in 64 bits and adds to what it is told.
bool is_in_bounds(const QuorumMessageRequest& request) {
  constexpr std::int64_t most = std::int64_t{1} << 62U;
  const auto fits = [](std::int64_t value) { return value >= 0 && value <= most; };
  constexpr std::int64_t servers_max = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
  return request.from > 0 && request.from <= servers_max && request.to > 0 && request.to <= servers_max &&
         fits(request.term) && fits(request.index) && fits(request.log_term) && fits(request.commit_index) &&
         fits(request.rejected_index) && fits(request.configuration_index) &&
         fits(request.index + static_cast<std::int64_t>(request.entries.size())) &&
         std::ranges::all_of(request.entries, [&](const auto& entry) { return fits(entry.term); });
}

std::unexpected<Error> refused(const QuorumMessageRequest& request, const char* why) {
  return failure(ErrorCode::INVALID_REQUEST, fmt::format("QuorumMessage from server {}: {}", request.from, why));
}

quorum::AppendEntries append_of(QuorumMessageRequest& request, const quorum::Position& position) {
  quorum::AppendEntries append{
      .term = number(request.term), .previous = position, .leader_commit = number(request.commit_index), .entries = {}};
  append.entries.reserve(request.entries.size());
  for (auto& entry : request.entries) {
    append.entries.push_back({.term = number(entry.term),
                              .kind = static_cast<quorum::EntryKind>(entry.kind),
                              .bytes = quorum::share(std::move(entry.bytes))});
  }
  return append;
}

Result<quorum::MessageBody> body_of(QuorumMessageRequest& request) {
  const quorum::Term term = number(request.term);
  const quorum::Position position{.index = number(request.index), .term = number(request.log_term)};
  switch (request.kind) {
    case Kind::request_vote:
      return quorum::RequestVote{.term = term,
                                 .candidate = number(request.from),
                                 .last_log = position,
                                 .disrupt_leader = request.disrupt_leader,
                                 .pre_vote = request.pre_vote};
    case Kind::request_vote_result:
      return quorum::RequestVoteResult{.term = term, .granted = request.granted, .pre_vote = request.pre_vote};
    case Kind::append_entries:
      return append_of(request, position);
    case Kind::append_entries_result:
      return quorum::AppendEntriesResult{
          .term = term, .rejected = number(request.rejected_index), .last_log_index = number(request.index)};
    case Kind::install_snapshot: {
      auto configuration = quorum::decode_configuration(request.configuration);
      if (!configuration) {
        return refused(request, configuration.error().message.c_str());
      }
      return quorum::InstallSnapshot{.term = term,
                                     .snapshot = {.last = position,
                                                  .configuration_index = number(request.configuration_index),
                                                  .configuration = std::move(*configuration),
                                                  .image = quorum::share(std::move(request.image))}};
    }
    case Kind::timeout_now:
      return quorum::TimeoutNow{.term = term, .last_log = position};
  }
  return refused(request, "a message of no kind");
}

}  // namespace

QuorumMessageRequest to_wire(const quorum::Message& message, const std::string& cluster_id) {
  QuorumMessageRequest request;
  request.cluster_id = cluster_id;
  request.from = wire(message.from);
  request.to = wire(message.to);
  request.term = wire(quorum::term_of(message));
  std::visit(ToWire{request}, message.body);
  return request;
}

Result<quorum::Message> from_wire(QuorumMessageRequest request) {
  if (!is_in_bounds(request)) {
    return refused(request, "a number out of bounds");
  }
  auto body = body_of(request);
  if (!body) {
    return std::unexpected(std::move(body.error()));
  }
  quorum::Message message{.from = number(request.from), .to = number(request.to), .body = std::move(*body)};
  if (auto checked = quorum::check(message); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  return message;
}

}  // namespace ottla
