// Committed offsets, and what is written about the group. An offset counts, and is acknowledged, once it is durable.
#include "broker/groups/core/group.h"

namespace ottla::groups {

void Group::write(std::vector<LogRecord> records, Purpose purpose) {
  writes_.emplace(log_.write(effects_, std::move(records)), std::move(purpose));
}

ErrorCode Group::check_commit(const Commit& event) const {
  if (state_ == State::Dead) {
    return ErrorCode::COORDINATOR_NOT_AVAILABLE;
  }
  if (event.generation_id < 0 && state_ == State::Empty) {
    return ErrorCode::NONE;  // an administrator, or a consumer that assigns itself
  }
  if (event.generation_id < 0 && event.member_id.empty() && !event.group_instance_id) {
    return ErrorCode::UNKNOWN_MEMBER_ID;  // the offsets are those of the members
  }
  if (const auto error = check_member(event.member_id, event.group_instance_id); error != ErrorCode::NONE) {
    return error;
  }
  if (event.generation_id != generation_ && !is_broken_by(Mutant::generation_unchecked)) {
    return ErrorCode::ILLEGAL_GENERATION;
  }
  return state_ == State::CompletingRebalance ? ErrorCode::REBALANCE_IN_PROGRESS : ErrorCode::NONE;
}

void Group::on(const Commit& event) {
  if (const auto error = check_commit(event); error != ErrorCode::NONE) {
    answer(event.token, error);
    return;
  }
  if (const auto member = members_.find(event.member_id); member != members_.end()) {
    keep_alive(member->second, "OffsetCommit");
  }
  log_.commit(effects_, event);
  if (is_broken_by(Mutant::commit_answered_before_written)) {
    answer(event.token, ErrorCode::NONE);
  } else {
    log_.answer_when_durable(effects_, {event.token, ErrorCode::NONE});
  }
}

void Group::on(const DeleteOffsets& event) {
  // Members of a consumer group may still delete what they do not subscribe to; the caller knows the subscriptions.
  if (state_ == State::Dead || (state_ != State::Empty && protocol_type_ != "consumer")) {
    const auto error = state_ == State::Dead ? ErrorCode::GROUP_ID_NOT_FOUND : ErrorCode::NON_EMPTY_GROUP;
    answer(event.token, std::vector(event.partitions.size(), error));
    return;
  }
  log_.remove(effects_, event.partitions, Answer{event.token, std::vector(event.partitions.size(), ErrorCode::NONE)});
}

void Group::on(const ExpireOffsets& event) { log_.remove(effects_, event.partitions, std::nullopt); }

void Group::on(const DeleteGroup& event) {
  if (state_ != State::Empty || !members_.empty()) {
    answer(event.token, state_ == State::Dead ? ErrorCode::GROUP_ID_NOT_FOUND : ErrorCode::NON_EMPTY_GROUP);
    return;
  }
  std::vector<LogRecord> records = log_.tombstones();
  records.push_back(group_tombstone(id_));
  enter(State::Dead);
  write(std::move(records), GroupDeleted{event.token});
}

void Group::on(const Written& event) {
  const std::optional<bool> is_stored = log_.on(effects_, event);
  const auto found = writes_.find(event.write);
  if (!is_stored || found == writes_.end()) {
    return;
  }
  const Purpose purpose = std::move(found->second);
  writes_.erase(found);
  if (const auto* stored = std::get_if<AssignmentStored>(&purpose)) {
    assignment_stored(*stored, *is_stored);
  } else if (const auto* replaced = std::get_if<MemberReplaced>(&purpose)) {
    JoinGroupResponse response = replaced->response;
    if (!*is_stored) {
      response = {
          .error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE, .protocol_name = {}, .member_id = response.member_id};
    }
    answer(replaced->token, std::move(response));
  } else if (const auto* deleted = std::get_if<GroupDeleted>(&purpose)) {
    if (!*is_stored) {
      enter(State::Empty);
    }
    answer(deleted->token, *is_stored ? ErrorCode::NONE : ErrorCode::COORDINATOR_NOT_AVAILABLE);
  }
}

}  // namespace ottla::groups
