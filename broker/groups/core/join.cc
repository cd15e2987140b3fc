// JoinGroup: how a member comes in, comes back, or takes the place of its former self.
#include <fmt/format.h>

#include "broker/groups/core/group.h"

namespace ottla::groups {

namespace {

constexpr std::int16_t member_id_required_since = 4;  // KIP-394
constexpr std::int16_t skip_assignment_since = 9;     // KIP-814
// A JoinGroup of a member that does not know its id is let go after this: it may have come again under another one.
constexpr Millis new_member_join_timeout_ms = Millis{5} * 60'000;

}  // namespace

void Group::on(const Join& event) {
  const JoinGroupRequest& request = event.request;
  const bool is_unknown = request.member_id.empty();
  const bool is_inside = members_.contains(request.member_id) ||
                         (request.group_instance_id && static_members_.contains(*request.group_instance_id));
  if (request.session_timeout_ms < settings_.min_session_timeout_ms ||
      request.session_timeout_ms > settings_.max_session_timeout_ms) {
    refuse(event, ErrorCode::INVALID_SESSION_TIMEOUT, request.member_id);
  } else if (state_ == State::Dead) {
    refuse(event, ErrorCode::COORDINATOR_NOT_AVAILABLE, request.member_id);
  } else if (!is_inside && std::ssize(members_) >= settings_.max_size) {
    pending_members_.erase(request.member_id);
    refuse(event, ErrorCode::GROUP_MAX_SIZE_REACHED, "");
  } else if (!supports(request)) {
    refuse(event, ErrorCode::INCONSISTENT_GROUP_PROTOCOL, request.member_id);
  } else if (is_unknown) {
    join_as_new(event);
  } else {
    join_again(event);
  }
  maybe_complete_join();
}

void Group::join_as_new(const Join& event) {
  const auto& instance_id = event.request.group_instance_id;
  if (instance_id) {
    if (const auto holder = static_members_.find(*instance_id); holder != static_members_.end()) {
      const std::string old_id = holder->second;
      replace_static_member(event, old_id);
      return;
    }
  } else if (event.version >= member_id_required_since) {
    pending_members_[event.new_member_id] = now_ + event.request.session_timeout_ms;
    wake_by(pending_members_[event.new_member_id]);
    refuse(event, ErrorCode::MEMBER_ID_REQUIRED, event.new_member_id);
    return;
  }
  add_member(event, event.new_member_id);
}

void Group::join_again(const Join& event) {
  const JoinGroupRequest& request = event.request;
  if (pending_members_.contains(request.member_id) && !request.group_instance_id) {
    pending_members_.erase(request.member_id);
    add_member(event, request.member_id);
    return;
  }
  if (const auto error = check_member(request.member_id, request.group_instance_id); error != ErrorCode::NONE) {
    refuse(event, error, request.member_id);
    return;
  }
  Member& member = members_.at(request.member_id);
  const bool is_leader = leader_ == member.id;
  const bool is_same = member.speaks_the_same(request.protocols);
  // A repeated JoinGroup whose answer got lost. In Stable, a leader that joins again asks for a new assignment.
  const bool is_repeated = is_same && (state_ == State::CompletingRebalance || (state_ == State::Stable && !is_leader));
  keep_alive(member, "JoinGroup");
  if (is_repeated) {
    answer(event.token, joined(member, is_leader));
    return;
  }
  update_member(member, event);
  rebalance(is_same ? fmt::format("leader {} asks for a new assignment", member.id)
                    : fmt::format("member {} changed its subscription", member.id));
}

void Group::add_member(const Join& event, const std::string& id) {
  const JoinGroupRequest& request = event.request;
  if (members_.empty()) {
    protocol_type_ = request.protocol_type;
  }
  Member& member = members_
                       .emplace(id, Member{.id = id,
                                           .instance_id = request.group_instance_id,
                                           .client_id = event.client_id,
                                           .client_host = event.client_host})
                       .first->second;
  member.is_new = true;
  update_member(member, event);
  member.expires_at = now_ + new_member_join_timeout_ms;
  wake_by(member.expires_at);
  if (member.instance_id) {
    static_members_[*member.instance_id] = id;
  }
  if (leader_.empty()) {
    leader_ = id;
  }
  joined_during_delay_ = true;
  rebalance(fmt::format("member {} of client {} at {} joined", id, event.client_id, event.client_host));
}

// KIP-345: a restarted static member has no id yet; it takes over what its former self had, which is fenced.
void Group::replace_static_member(const Join& event, const std::string& old_id) {
  Member member = std::move(members_.at(old_id));
  members_.erase(old_id);
  if (member.join) {
    answer(*std::exchange(member.join, {}),
           JoinGroupResponse{.error_code = ErrorCode::FENCED_INSTANCE_ID, .protocol_name = {}, .member_id = old_id});
  }
  if (member.sync) {
    answer(*std::exchange(member.sync, {}), SyncGroupResponse{.error_code = ErrorCode::FENCED_INSTANCE_ID});
  }
  const std::string former_leader = leader_;
  member.id = event.new_member_id;
  member.client_id = event.client_id;
  member.client_host = event.client_host;
  if (leader_ == old_id) {
    leader_ = member.id;
  }
  static_members_[*member.instance_id] = member.id;
  Member& replaced = members_.emplace(member.id, std::move(member)).first->second;
  if (is_broken_by(Mutant::static_member_not_fenced)) {
    Member ghost = replaced;
    ghost.id = old_id;
    members_.emplace(old_id, std::move(ghost));
  }
  update_member(replaced, event);
  keep_alive(replaced, "JoinGroup");
  if (state_ != State::Stable || select_protocol() != protocol_) {
    rebalance(fmt::format("static member {} came back", *replaced.instance_id));
    return;
  }
  // Nothing changes for the others: the member gets its old assignment with the SyncGroup that follows.
  replaced.join.reset();
  const bool knows_skip = event.version >= skip_assignment_since;
  const bool is_leader = leader_ == replaced.id;
  JoinGroupResponse response = joined(replaced, knows_skip && is_leader);
  response.leader = knows_skip ? leader_ : former_leader;
  response.skip_assignment = knows_skip && is_leader;
  write({group_record(id_, metadata())}, MemberReplaced{event.token, std::move(response)});
}

void Group::update_member(Member& member, const Join& event) {
  const JoinGroupRequest& request = event.request;
  if (member.join) {  // its earlier JoinGroup was given up by the client
    answer(
        *member.join,
        JoinGroupResponse{.error_code = ErrorCode::REBALANCE_IN_PROGRESS, .protocol_name = {}, .member_id = member.id});
  }
  member.protocols = request.protocols;
  member.session_timeout_ms = request.session_timeout_ms;
  member.rebalance_timeout_ms =
      request.rebalance_timeout_ms < 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
  member.join = event.token;
  member.last_heard_at = now_;
  member.last_said = "JoinGroup";
}

void Group::refuse(const Join& event, ErrorCode error, const std::string& member_id) {
  answer(event.token, JoinGroupResponse{.error_code = error, .protocol_name = {}, .member_id = member_id});
}

// A protocol that every member has, and the group's own type.
bool Group::supports(const JoinGroupRequest& request) const {
  if (members_.empty()) {
    return !request.protocol_type.empty() && !request.protocols.empty();
  }
  if (request.protocol_type != protocol_type_) {
    return false;
  }
  const auto common = common_protocols();
  return std::ranges::any_of(request.protocols, [&](const auto& protocol) { return common.contains(protocol.name); });
}

// Those that every member has. Lists may be as long as a request: each is gone through once.
std::unordered_set<std::string_view> Group::common_protocols() const {
  std::unordered_set<std::string_view> common;
  bool is_first = true;
  for (const auto& [id, member] : members_) {
    std::unordered_set<std::string_view> kept;
    for (const auto& protocol : member.protocols) {
      if (is_first || common.contains(protocol.name)) {
        kept.insert(protocol.name);
      }
    }
    common = std::move(kept);
    is_first = false;
  }
  return common;
}

JoinGroupResponse Group::joined(const Member& member, bool with_members) const {
  JoinGroupResponse response{.generation_id = generation_,
                             .protocol_type = protocol_type_,
                             .protocol_name = protocol_,
                             .leader = leader_,
                             .member_id = member.id};
  if (with_members) {
    for (const auto& [id, one] : members_) {
      const Bytes* metadata = one.metadata(*protocol_);
      response.members.push_back({.member_id = id,
                                  .group_instance_id = one.instance_id,
                                  .metadata = metadata != nullptr ? *metadata : Bytes{}});
    }
  }
  return response;
}

}  // namespace ottla::groups
