// Committed offsets of a group of the new protocol: who may change and see them.
#include <algorithm>

#include "broker/groups/core/consumer_group.h"

namespace ottla::groups {

namespace {
constexpr std::int16_t member_epochs_since = 9;  // of OffsetCommit
}

// A commit with an older epoch counts as long as the partition has been the member's since then (KIP-1251).
ErrorCode ConsumerGroup::check_commit(const Commit& event) const {
  if (is_dead_) {
    return ErrorCode::COORDINATOR_NOT_AVAILABLE;
  }
  if (event.generation_id < 0 && members_.empty()) {
    return ErrorCode::NONE;  // an administrator, or a consumer that assigns itself
  }
  if (const auto error = check_member(event.member_id, event.group_instance_id); error != ErrorCode::NONE) {
    return error;
  }
  const ConsumerMember& one = members_.at(event.member_id);
  if (one.classic) {
    return event.generation_id == one.epoch ? ErrorCode::NONE : ErrorCode::ILLEGAL_GENERATION;
  }
  if (event.version < member_epochs_since) {
    return ErrorCode::UNSUPPORTED_VERSION;
  }
  if (event.generation_id == one.epoch || is_broken_by(Mutant::generation_unchecked)) {
    return ErrorCode::NONE;
  }
  const bool has_all = std::ranges::all_of(event.offsets, [&](const auto& offset) {
    const TopicIdPartition partition{offset.second.topic_id, offset.first.partition};
    for (const Owned* owned : {&one.assigned, &one.pending_revocation}) {
      if (const auto found = owned->find(partition); found != owned->end()) {
        return found->second <= event.generation_id || is_broken_by(Mutant::assignment_epoch_unchecked);
      }
    }
    return false;
  });
  return event.generation_id < one.epoch && has_all ? ErrorCode::NONE : ErrorCode::STALE_MEMBER_EPOCH;
}

ErrorCode ConsumerGroup::check_fetch(const std::optional<std::string>& member_id, std::int32_t epoch) const {
  if (!member_id && epoch < 0) {
    return ErrorCode::NONE;
  }
  const auto found = members_.find(member_id.value_or(""));
  if (found == members_.end()) {
    return ErrorCode::UNKNOWN_MEMBER_ID;
  }
  const bool is_of_now = found->second.epoch == epoch;
  return is_of_now               ? ErrorCode::NONE
         : found->second.classic ? ErrorCode::ILLEGAL_GENERATION
                                 : ErrorCode::STALE_MEMBER_EPOCH;
}

void ConsumerGroup::on(const Commit& event) {
  const auto error = check_commit(event);
  if (error == ErrorCode::NONE) {
    if (const auto found = members_.find(event.member_id); found != members_.end() && found->second.classic) {
      keep_alive(found->second, "OffsetCommit");
    }
    log_.commit(effects_, event);
  }
  answer(event.token, error);
}

// Members may still delete what they do not subscribe to; the caller knows the subscriptions.
void ConsumerGroup::on(const DeleteOffsets& event) {
  const auto error = is_dead_ ? ErrorCode::GROUP_ID_NOT_FOUND : ErrorCode::NONE;
  if (!is_dead_) {
    log_.remove(effects_, event.partitions, std::nullopt);
  }
  answer(event.token, std::vector(event.partitions.size(), error));
}

void ConsumerGroup::on(const ExpireOffsets& event) { log_.remove(effects_, event.partitions, std::nullopt); }

}  // namespace ottla::groups
