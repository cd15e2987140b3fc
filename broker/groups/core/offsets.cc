// Committed offsets, and what is written about the group. An offset counts, and is acknowledged, once it is durable.
#include <fmt/format.h>

#include <set>

#include "broker/groups/core/group.h"

namespace ottla::groups {

void Group::write(std::vector<LogRecord> records, Purpose purpose) {
  const std::uint64_t id = next_write_++;
  writes_.emplace(id, std::move(purpose));
  effects_.writes.push_back({id, std::move(records)});
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
  OffsetsChanged changed{.changes = {}, .answer = Answer{event.token, ErrorCode::NONE}};
  std::vector<LogRecord> records;
  for (const auto& [partition, committed] : event.offsets) {
    records.push_back(offset_record(id_, partition, committed));
    changed.changes.emplace_back(partition, committed);
  }
  if (is_broken_by(Mutant::commit_answered_before_written)) {
    answer(event.token, ErrorCode::NONE);
    changed.answer.reset();
  }
  if (records.empty()) {
    answer(event.token, ErrorCode::NONE);
    return;
  }
  write(std::move(records), std::move(changed));
}

void Group::on(const DeleteOffsets& event) {
  // Members of a consumer group may still delete what they do not subscribe to; the caller knows the subscriptions.
  if (state_ == State::Dead || (state_ != State::Empty && protocol_type_ != "consumer")) {
    const auto error = state_ == State::Dead ? ErrorCode::GROUP_ID_NOT_FOUND : ErrorCode::NON_EMPTY_GROUP;
    answer(event.token, std::vector(event.partitions.size(), error));
    return;
  }
  OffsetsChanged changed{.changes = {},
                         .answer = Answer{event.token, std::vector(event.partitions.size(), ErrorCode::NONE)}};
  std::vector<LogRecord> records;
  for (const TopicPartition& partition : event.partitions) {
    if (offsets_.contains(partition)) {
      records.push_back(offset_tombstone(id_, partition));
      changed.changes.emplace_back(partition, std::nullopt);
    }
  }
  if (records.empty()) {
    effects_.answers.push_back(std::move(*changed.answer));
    return;
  }
  write(std::move(records), std::move(changed));
}

void Group::on(const ExpireOffsets& event) {
  OffsetsChanged changed;
  std::vector<LogRecord> records;
  for (const TopicPartition& partition : event.partitions) {
    if (offsets_.contains(partition)) {
      records.push_back(offset_tombstone(id_, partition));
      changed.changes.emplace_back(partition, std::nullopt);
    }
  }
  if (!records.empty()) {
    write(std::move(records), std::move(changed));
  }
}

void Group::on(const DeleteGroup& event) {
  if (state_ != State::Empty || !members_.empty()) {
    answer(event.token, state_ == State::Dead ? ErrorCode::GROUP_ID_NOT_FOUND : ErrorCode::NON_EMPTY_GROUP);
    return;
  }
  std::set<TopicPartition> partitions;
  for (const auto& [partition, committed] : offsets_) {
    partitions.insert(partition);
  }
  for (const auto& [id, purpose] : writes_) {  // commits under way: their tombstone comes after them
    if (const auto* changed = std::get_if<OffsetsChanged>(&purpose)) {
      for (const auto& [partition, committed] : changed->changes) {
        partitions.insert(partition);
      }
    }
  }
  std::vector<LogRecord> records;
  records.reserve(partitions.size() + 1);
  for (const TopicPartition& partition : partitions) {
    records.push_back(offset_tombstone(id_, partition));
  }
  records.push_back(group_tombstone(id_));
  enter(State::Dead);
  write(std::move(records), GroupDeleted{event.token});
}

void Group::finish(const OffsetsChanged& changed, bool ok) {
  if (ok) {
    for (const auto& [partition, committed] : changed.changes) {
      restore(partition, committed);
    }
  }
  if (changed.answer) {
    Answer answer = *changed.answer;
    if (!ok && std::holds_alternative<ErrorCode>(answer.response)) {
      answer.response = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    } else if (!ok) {
      std::ranges::fill(std::get<std::vector<ErrorCode>>(answer.response), ErrorCode::COORDINATOR_NOT_AVAILABLE);
    }
    effects_.answers.push_back(std::move(answer));
  }
}

void Group::on(const Written& event) {
  const auto found = writes_.find(event.write);
  if (found == writes_.end()) {
    return;
  }
  const Purpose purpose = std::move(found->second);
  writes_.erase(found);
  if (const auto* stored = std::get_if<AssignmentStored>(&purpose)) {
    assignment_stored(*stored, event.ok);
  } else if (const auto* changed = std::get_if<OffsetsChanged>(&purpose)) {
    finish(*changed, event.ok);
  } else if (const auto* replaced = std::get_if<MemberReplaced>(&purpose)) {
    JoinGroupResponse response = replaced->response;
    if (!event.ok) {
      response = {
          .error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE, .protocol_name = {}, .member_id = response.member_id};
    }
    answer(replaced->token, std::move(response));
  } else if (const auto* deleted = std::get_if<GroupDeleted>(&purpose)) {
    if (!event.ok) {
      enter(State::Empty);
    }
    answer(deleted->token, event.ok ? ErrorCode::NONE : ErrorCode::COORDINATOR_NOT_AVAILABLE);
  }
}

}  // namespace ottla::groups
