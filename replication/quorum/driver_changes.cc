// Proposals, and changes of who belongs to the quorum.
#include <fmt/format.h>

#include <algorithm>

#include "replication/quorum/configuration.h"
#include "replication/quorum/driver.h"

namespace ottla::quorum {

namespace {

std::unexpected<Error> not_leading() {
  return failure(ErrorCode::NOT_CONTROLLER, "this server does not lead the quorum, or hands its leadership over");
}

std::unexpected<Error> not_found(ServerId id) {
  return failure(ErrorCode::VOTER_NOT_FOUND, fmt::format("server {} does not belong to the quorum", id));
}

Configuration with_role(Configuration configuration, ServerId id, ServerRole role) {
  std::ranges::find(configuration.servers, id, &Server::id)->role = role;
  return configuration;
}

}  // namespace

Result<Position> Driver::submit(TimeMs now_ms, const std::vector<Entry>& entries, Effects& effects) {
  if (is_broken_ || core_.state() != State::leader || core_.transferee() != 0) {
    return not_leading();
  }
  if (entries.empty()) {
    return failure(ErrorCode::INVALID_REQUEST, "nothing is proposed");
  }
  auto outcome = core_.submit(now_ms, entries);
  if (outcome.status != 0) {
    return failure(ErrorCode::UNKNOWN_SERVER_ERROR, Core::describe(outcome.status));
  }
  const Position first{outcome.first_entry, core_.term()};
  follow(std::move(outcome), now_ms, effects);
  return first;
}

Result<Position> Driver::change_to(TimeMs now_ms, const Configuration& configuration, Effects& effects) {
  auto at = submit(now_ms, {{core_.term(), EntryKind::change, share(encode(configuration))}}, effects);
  settle(now_ms, effects);
  return at;
}

Result<void> Driver::may_change() const {
  if (is_broken_ || core_.state() != State::leader || core_.transferee() != 0) {
    return not_leading();
  }
  const bool is_alone = count_voters(core_.configuration()) == 1;
  const bool has_own_entry = log_.has(core_.commit_index()) && log_.at(core_.commit_index()).term == core_.term();
  if (core_.uncommitted_configuration_index() != 0 || promoting_ != 0 ||
      (guards_.own_entry_before_changes && !is_alone && !has_own_entry)) {
    return failure(ErrorCode::REQUEST_TIMED_OUT, "another change of the quorum is under way; try again");
  }
  return {};
}

// Would the others go on without this voter?
Result<void> Driver::may_do_without(ServerId id) const {
  if (id == id_) {
    return failure(ErrorCode::INVALID_REQUEST, "the leader cannot leave the quorum; transfer leadership first");
  }
  for (const Server& server : core_.configuration().servers) {
    if (server.role == ServerRole::voter && server.id != id &&
        core_.match_index(server.id).value_or(0) < core_.committed_configuration_index()) {
      return failure(ErrorCode::REQUEST_TIMED_OUT,
                     fmt::format("voter {} has not yet the present configuration; try again", server.id));
    }
  }
  return {};
}

Result<Position> Driver::add(TimeMs now_ms, const Server& server, Effects& effects) {
  if (auto may = may_change(); !may) {
    return std::unexpected(std::move(may.error()));
  }
  Configuration changed = core_.configuration();
  const auto same = [&](const Server& one) { return one.id == server.id || one.address == server.address; };
  if (std::ranges::any_of(changed.servers, same)) {
    return failure(ErrorCode::DUPLICATE_VOTER, fmt::format("server {} or its address is in the quorum", server.id));
  }
  if (server.role == ServerRole::voter || server.id == 0) {
    return failure(ErrorCode::INVALID_REQUEST, "a new server is no voter before it has caught up");
  }
  changed.servers.push_back(server);
  return change_to(now_ms, changed, effects);
}

Result<Position> Driver::remove(TimeMs now_ms, ServerId id, Effects& effects) {
  auto may = may_change();
  const Configuration before = core_.configuration();
  const Server* const server = find(before, id);
  const bool is_voter = server != nullptr && server->role == ServerRole::voter;
  may = may && is_voter ? may_do_without(id) : may;  // who does not vote is missed by nobody
  if (!may) {
    return std::unexpected(std::move(may.error()));
  }
  Configuration changed = core_.configuration();
  if (std::erase_if(changed.servers, [id](const Server& one) { return one.id == id; }) == 0) {
    return not_found(id);
  }
  return change_to(now_ms, changed, effects);
}

Result<Position> Driver::demote(TimeMs now_ms, ServerId id, ServerRole role, Effects& effects) {
  auto may = may_change();
  may = may ? may_do_without(id) : may;
  if (!may) {
    return std::unexpected(std::move(may.error()));
  }
  const Configuration configuration = core_.configuration();
  const Server* server = find(configuration, id);
  if (server == nullptr) {
    return not_found(id);
  }
  if (role == ServerRole::voter || role == server->role) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("server {} has that role, or is to be promoted", id));
  }
  return change_to(now_ms, with_role(configuration, id, role), effects);
}

Result<void> Driver::promote(TimeMs now_ms, ServerId id, Effects& effects) {
  if (auto may = may_change(); !may) {
    return may;
  }
  const Configuration configuration = core_.configuration();
  const Server* server = find(configuration, id);
  if (server == nullptr) {
    return not_found(id);
  }
  if (server->role == ServerRole::voter) {
    return failure(ErrorCode::INVALID_REQUEST, fmt::format("server {} is a voter", id));
  }
  // The core notices only progress: who has all already would never be done.
  if (core_.match_index(id) == core_.last_index()) {
    auto promoted = change_to(now_ms, with_role(configuration, id, ServerRole::voter), effects);
    return promoted ? Result<void>{} : std::unexpected(std::move(promoted.error()));
  }
  promoting_ = id;
  follow(core_.catch_up(now_ms, id), now_ms, effects);
  settle(now_ms, effects);
  return {};
}

void Driver::go_on_promoting(TimeMs now_ms, Effects& effects) {
  if (promoting_ == 0) {
    return;
  }
  const CatchUp catch_up = core_.state() == State::leader ? core_.catch_up_of(promoting_) : CatchUp::aborted;
  if (catch_up == CatchUp::running || (catch_up == CatchUp::finished && core_.transferee() != 0)) {
    return;
  }
  const ServerId id = std::exchange(promoting_, 0);
  if (catch_up == CatchUp::finished) {
    const Configuration changed = with_role(core_.configuration(), id, ServerRole::voter);
    (void)submit(now_ms, {{core_.term(), EntryKind::change, share(encode(changed))}}, effects);
  }
}

Result<void> Driver::transfer(TimeMs now_ms, ServerId to, Effects& effects) {
  if (is_broken_ || core_.state() != State::leader || core_.transferee() != 0) {
    return not_leading();
  }
  auto outcome = core_.transfer(now_ms, to);
  if (outcome.status != 0) {
    return failure(ErrorCode::INVALID_REQUEST,
                   fmt::format("leadership cannot go to server {}: {}", to, Core::describe(outcome.status)));
  }
  follow(std::move(outcome), now_ms, effects);
  settle(now_ms, effects);
  return {};
}

void Driver::leader_is_gone(TimeMs now_ms, ServerId leader, Effects& effects) {
  if (is_broken_ || is_installing_ || core_.state() != State::follower || known_leader_.id != leader ||
      known_leader_.term != core_.term()) {
    return;
  }
  const LogIndex last = core_.last_index();  // the leader's own would have to be the same
  const Term last_term = log_.has(last) ? log_.at(last).term : snapshot_ ? snapshot_->last.term : 0;
  deliver(now_ms, {leader, id_, TimeoutNow{core_.term(), {last, last_term}}}, effects);
  settle(now_ms, effects);
}

}  // namespace ottla::quorum
