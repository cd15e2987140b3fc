// SyncGroup: the leader's assignment is stored before anybody learns of it.
#include "broker/groups/core/group.h"

namespace ottla::groups {

ErrorCode Group::check_sync(const SyncGroupRequest& request) const {
  if (state_ == State::Dead) {
    return ErrorCode::COORDINATOR_NOT_AVAILABLE;
  }
  if (const auto error = check_member(request.member_id, request.group_instance_id); error != ErrorCode::NONE) {
    return error;
  }
  if (request.generation_id != generation_ && !is_broken_by(Mutant::generation_unchecked)) {
    return ErrorCode::ILLEGAL_GENERATION;
  }
  const bool is_other_type = request.protocol_type && *request.protocol_type != protocol_type_;
  const bool is_other_protocol = request.protocol_name && protocol_ && *request.protocol_name != *protocol_;
  if (is_other_type || is_other_protocol) {
    return ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
  }
  return state_ == State::PreparingRebalance ? ErrorCode::REBALANCE_IN_PROGRESS : ErrorCode::NONE;
}

void Group::on(const Sync& event) {
  const SyncGroupRequest& request = event.request;
  if (const auto error = check_sync(request); error != ErrorCode::NONE) {
    answer(event.token, SyncGroupResponse{.error_code = error});
    return;
  }
  Member& member = members_.at(request.member_id);
  keep_alive(member, "SyncGroup");
  member.must_sync = false;
  if (member.sync) {  // its earlier SyncGroup was given up by the client
    answer(*member.sync, SyncGroupResponse{.error_code = ErrorCode::REBALANCE_IN_PROGRESS});
  }
  member.sync = event.token;
  if (state_ == State::Stable || is_broken_by(Mutant::sync_answered_before_leader)) {
    answer_sync(member);
  }
  if (state_ == State::CompletingRebalance && leader_ == request.member_id && !is_storing_assignment_) {
    take_assignment(request);
  }
}

void Group::take_assignment(const SyncGroupRequest& request) {
  for (auto& [id, member] : members_) {
    member.assignment = Bytes();
  }
  for (const auto& assigned : request.assignments) {
    if (const auto found = members_.find(assigned.member_id); found != members_.end()) {
      found->second.assignment = assigned.assignment;
    }
  }
  is_storing_assignment_ = true;
  write({group_record(id_, metadata())}, AssignmentStored{generation_});
}

void Group::assignment_stored(const AssignmentStored& stored, bool ok) {
  const bool is_of_now = state_ == State::CompletingRebalance && stored.generation == generation_;
  if (!is_of_now && !is_broken_by(Mutant::assignment_survives_rebalance)) {
    return;  // the group has moved on
  }
  if (!ok) {
    drop_assignments(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    rebalance("the assignment could not be stored");
    return;
  }
  is_storing_assignment_ = false;
  enter(State::Stable);
  for (auto& [id, member] : members_) {
    if (member.sync) {
      answer_sync(member);
    }
  }
}

void Group::answer_sync(Member& member) {
  answer(
      *std::exchange(member.sync, {}),
      SyncGroupResponse{.protocol_type = protocol_type_, .protocol_name = protocol_, .assignment = member.assignment});
  keep_alive(member, "SyncGroup");
}

void Group::drop_assignments(ErrorCode error) {
  is_storing_assignment_ = false;
  for (auto& [id, member] : members_) {
    if (!is_broken_by(Mutant::assignment_survives_rebalance)) {
      member.assignment = Bytes();  // and its memory
    }
    if (member.sync) {
      answer(*std::exchange(member.sync, {}), SyncGroupResponse{.error_code = error});
      keep_alive(member, "SyncGroup");
    }
  }
}

GroupMetadataValue Group::metadata() const {
  GroupMetadataValue value{.protocol_type = protocol_type_, .generation = generation_, .protocol = protocol_};
  if (!leader_.empty()) {
    value.leader = leader_;
  }
  value.current_state_timestamp = state_since_;
  for (const auto& [id, member] : members_) {
    const Bytes* subscription = protocol_ ? member.metadata(*protocol_) : nullptr;
    value.members.push_back({.member_id = id,
                             .group_instance_id = member.instance_id,
                             .client_id = member.client_id,
                             .client_host = member.client_host,
                             .rebalance_timeout = member.rebalance_timeout_ms,
                             .session_timeout = member.session_timeout_ms,
                             .subscription = subscription != nullptr ? *subscription : Bytes{},
                             .assignment = member.assignment});
  }
  return value;
}

}  // namespace ottla::groups
