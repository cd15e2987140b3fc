#include "replication/quorum/raft_types.h"

#include <cstdlib>
#include <cstring>

namespace ottla::quorum {

namespace {

constexpr unsigned char vote_version = 2;  // with the field that tells a pre-vote from a vote
constexpr unsigned char append_result_version = 2;

raft_message raw_message(raft_message_type type) {
  raft_message raw{};
  raw.type = type;
  return raw;
}

raft_message to_raft(const RequestVote& body) {
  raft_message raw = raw_message(RAFT_REQUEST_VOTE);
  raw.request_vote = {.version = vote_version,
                      .term = body.term,
                      .candidate_id = body.candidate,
                      .last_log_index = body.last_log.index,
                      .last_log_term = body.last_log.term,
                      .disrupt_leader = body.disrupt_leader,
                      .pre_vote = body.pre_vote};
  return raw;
}

raft_message to_raft(const RequestVoteResult& body) {
  raft_message raw = raw_message(RAFT_REQUEST_VOTE_RESULT);
  raw.request_vote_result = {
      .version = vote_version, .term = body.term, .vote_granted = body.granted, .pre_vote = body.pre_vote};
  return raw;
}

raft_message to_raft(const AppendEntries& body) {
  raft_message raw = raw_message(RAFT_APPEND_ENTRIES);
  raw.append_entries = {.term = body.term,
                        .prev_log_index = body.previous.index,
                        .prev_log_term = body.previous.term,
                        .leader_commit = body.leader_commit};
  return raw;
}

raft_message to_raft(const AppendEntriesResult& body) {
  raft_message raw = raw_message(RAFT_APPEND_ENTRIES_RESULT);
  raw.append_entries_result = {.version = append_result_version,
                               .term = body.term,
                               .rejected = body.rejected,
                               .last_log_index = body.last_log_index};
  return raw;
}

raft_message to_raft(const InstallSnapshot& body) {
  raft_message raw = raw_message(RAFT_INSTALL_SNAPSHOT);
  raw.install_snapshot = {.term = body.term,
                          .last_index = body.snapshot.last.index,
                          .last_term = body.snapshot.last.term,
                          .conf_index = body.snapshot.configuration_index};
  return raw;
}

raft_message to_raft(const TimeoutNow& body) {
  raft_message raw = raw_message(RAFT_TIMEOUT_NOW);
  raw.timeout_now = {.term = body.term, .last_log_index = body.last_log.index, .last_log_term = body.last_log.term};
  return raw;
}

MessageBody body_of(const raft_message& raw) {
  switch (raw.type) {
    case RAFT_APPEND_ENTRIES: {
      const auto& from = raw.append_entries;
      return AppendEntries{from.term, {from.prev_log_index, from.prev_log_term}, from.leader_commit, {}};
    }
    case RAFT_APPEND_ENTRIES_RESULT: {
      const auto& from = raw.append_entries_result;
      return AppendEntriesResult{from.term, from.rejected, from.last_log_index};
    }
    case RAFT_REQUEST_VOTE: {
      const auto& from = raw.request_vote;
      return RequestVote{
          from.term, from.candidate_id, {from.last_log_index, from.last_log_term}, from.disrupt_leader, from.pre_vote};
    }
    case RAFT_REQUEST_VOTE_RESULT: {
      const auto& from = raw.request_vote_result;
      return RequestVoteResult{from.term, from.vote_granted, from.pre_vote};
    }
    case RAFT_INSTALL_SNAPSHOT: {
      const auto& from = raw.install_snapshot;
      return InstallSnapshot{from.term, {.last = {from.last_index, from.last_term}}};
    }
    case RAFT_TIMEOUT_NOW:
      break;
  }
  return TimeoutNow{raw.timeout_now.term, {raw.timeout_now.last_log_index, raw.timeout_now.last_log_term}};
}

}  // namespace

RaftEntries::RaftEntries(std::span<const Entry> entries) {
  std::size_t size = 1;
  for (const Entry& entry : entries) {
    size += entry.kind == EntryKind::change ? entry.bytes->size() : 0;
  }
  batch = raft_malloc(size);
  if (batch == nullptr) {
    std::abort();
  }
  auto* place = static_cast<std::byte*>(batch);
  for (const Entry& entry : entries) {
    raft_entry raw{.term = entry.term, .type = static_cast<raft_entry_type>(entry.kind), .buf = {}, .batch = batch};
    if (entry.kind == EntryKind::change) {
      std::memcpy(place, entry.bytes->data(), entry.bytes->size());
      raw.buf = {place, entry.bytes->size()};
      place += entry.bytes->size();
    }
    array.push_back(raw);
  }
}

raft_configuration to_raft(const Configuration& configuration) {
  raft_configuration raw{};
  raft_configuration_init(&raw);
  for (const Server& server : configuration.servers) {
    if (raft_configuration_add(&raw, server.id, server.address.c_str(), static_cast<int>(server.role)) != 0) {
      std::abort();  // no memory, or a server twice, which decode_configuration and the driver refuse
    }
  }
  return raw;
}

Configuration from_raft(const raft_configuration& raw) {
  Configuration configuration;
  for (const raft_server& server : std::span(raw.servers, raw.n)) {
    configuration.servers.push_back({server.id, server.address, static_cast<ServerRole>(server.role)});
  }
  return configuration;
}

raft_snapshot_metadata to_raft(const Snapshot& snapshot) {
  return {.index = snapshot.last.index,
          .term = snapshot.last.term,
          .configuration = to_raft(snapshot.configuration),
          .configuration_index = snapshot.configuration_index};
}

raft_message to_raft(const Message& message) {
  raft_message raw = std::visit([](const auto& body) { return to_raft(body); }, message.body);
  raw.server_id = message.from;
  return raw;
}

Core::Outgoing from_raft(const raft_message& raw, ServerId from) {
  const bool appends = raw.type == RAFT_APPEND_ENTRIES;
  return {.message = {.from = from, .to = raw.server_id, .body = body_of(raw)},
          .entry_count = appends ? raw.append_entries.n_entries : 0};
}

}  // namespace ottla::quorum
