#include "broker/groups/core/group.h"

#include <fmt/format.h>

namespace ottla::groups {

namespace {
constexpr Millis never_due = std::numeric_limits<Millis>::max();
}

const char* name_of(State state) {
  switch (state) {
    case State::Empty:
      return "Empty";
    case State::PreparingRebalance:
      return "PreparingRebalance";
    case State::CompletingRebalance:
      return "CompletingRebalance";
    case State::Stable:
      return "Stable";
    case State::Dead:
      return "Dead";
  }
  return "";
}

Effects Group::step(Millis now, const Event& event) {
  now_ = now;
  std::visit([this](const auto& one) { on(one); }, event);
  return std::exchange(effects_, {});
}

void Group::answer(Token token, Response response) { effects_.answers.emplace_back(token, std::move(response)); }

ErrorCode Group::check_member(const std::string& id, const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const auto holder = static_members_.find(*instance_id);
    if (holder == static_members_.end()) {
      return ErrorCode::UNKNOWN_MEMBER_ID;
    }
    if (holder->second != id && !is_broken_by(Mutant::static_member_not_fenced)) {
      return ErrorCode::FENCED_INSTANCE_ID;
    }
  }
  return members_.contains(id) ? ErrorCode::NONE : ErrorCode::UNKNOWN_MEMBER_ID;
}

void Group::on(const Heartbeat& event) {
  const HeartbeatRequest& request = event.request;
  HeartbeatResponse response;
  if (state_ == State::Dead) {
    response.error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
  } else if (const auto error = check_member(request.member_id, request.group_instance_id); error != ErrorCode::NONE) {
    response.error_code = error;
  } else if (request.generation_id != generation_ && !is_broken_by(Mutant::generation_unchecked)) {
    response.error_code = ErrorCode::ILLEGAL_GENERATION;
  } else {
    keep_alive(members_.at(request.member_id), "Heartbeat");
    if (state_ == State::PreparingRebalance) {
      response.error_code = ErrorCode::REBALANCE_IN_PROGRESS;  // come and join
    }
  }
  answer(event.token, response);
}

void Group::on(const Leave& event) {
  LeaveGroupResponse response;
  const std::size_t members_before = members_.size();
  for (const auto& leaving : event.members) {
    const auto error = state_ == State::Dead ? ErrorCode::COORDINATOR_NOT_AVAILABLE : leave(leaving);
    response.members.push_back(
        {.member_id = leaving.member_id, .group_instance_id = leaving.group_instance_id, .error_code = error});
  }
  answer(event.token, response);
  if (members_.size() < members_before) {
    rebalance("a member left");
  }
  maybe_complete_join();  // perhaps only a pending member was awaited
}

ErrorCode Group::leave(const LeaveGroupRequest::MemberIdentity& leaving) {
  if (pending_members_.contains(leaving.member_id)) {
    if (leaving.group_instance_id) {
      return ErrorCode::UNKNOWN_MEMBER_ID;
    }
    pending_members_.erase(leaving.member_id);
    return ErrorCode::NONE;
  }
  std::string id = leaving.member_id;
  if (id.empty() && leaving.group_instance_id) {  // an administrator removes a static member
    const auto holder = static_members_.find(*leaving.group_instance_id);
    id = holder != static_members_.end() ? holder->second : "";
  }
  const auto error = check_member(id, leaving.group_instance_id);
  if (error == ErrorCode::NONE) {
    remove_member(id);
  }
  return error;
}

void Group::remove_member(const std::string& id) {
  const auto found = members_.find(id);
  const Member member = std::move(found->second);
  members_.erase(found);
  if (member.join) {
    answer(*member.join,
           JoinGroupResponse{.error_code = ErrorCode::UNKNOWN_MEMBER_ID, .protocol_name = {}, .member_id = id});
  }
  if (member.sync) {
    answer(*member.sync, SyncGroupResponse{.error_code = ErrorCode::UNKNOWN_MEMBER_ID});
  }
  if (member.instance_id) {
    static_members_.erase(*member.instance_id);
  }
  if (leader_ == id) {
    leader_ = members_.empty() ? "" : members_.begin()->first;
  }
}

void Group::on(const Tick&) {
  wake_at_ = never_due;
  if (state_ != State::Dead) {
    std::erase_if(pending_members_, [this](const auto& pending) { return pending.second <= now_; });
    if (expire_members()) {
      rebalance("a session ended");
    }
    maybe_complete_join();
    if (state_ == State::PreparingRebalance && rebalance_ends_at_ <= now_) {
      is_initial_delay_ ? end_initial_delay() : complete_join();
    }
    plan_next_wake();
  }
}

// True if any member is gone.
bool Group::expire_members() {
  const bool syncs_are_due = state_ != State::PreparingRebalance && sync_ends_at_ <= now_;
  std::vector<std::string> ended;
  for (const auto& [id, member] : members_) {
    const bool is_silent = member.can_expire() && member.expires_at <= now_;
    if ((is_silent && !is_broken_by(Mutant::sessions_do_not_expire)) || (syncs_are_due && member.must_sync)) {
      ended.push_back(id);
      effects_.notes.push_back(
          fmt::format("group {}: member {} of client {} at {} is removed: last heard {} ms ago ({})", id_, id,
                      member.client_id, member.client_host, now_ - member.last_heard_at, member.last_said));
    }
  }
  for (const std::string& id : ended) {
    remove_member(id);
  }
  return !ended.empty();
}

void Group::keep_alive(Member& member, const char* said) {
  member.last_heard_at = now_;
  member.last_said = said;
  member.expires_at = now_ + member.session_timeout_ms;
  wake_by(member.expires_at);
}

void Group::plan_next_wake() {
  for (const auto& [id, until] : pending_members_) {
    wake_by(until);
  }
  for (const auto& [id, member] : members_) {
    if (member.can_expire()) {
      wake_by(member.expires_at);
    }
    if (member.must_sync && state_ != State::PreparingRebalance) {
      wake_by(sync_ends_at_);
    }
  }
  if (state_ == State::PreparingRebalance) {
    wake_by(rebalance_ends_at_);
  }
}

bool Group::is_forgettable() const {
  const bool is_gone = state_ == State::Dead;
  const bool never_was = state_ == State::Empty && generation_ == 0 && pending_members_.empty() && offsets().empty();
  return log_.is_idle() && (is_gone || never_was);
}

void Group::restore(const GroupMetadataValue& value) {
  members_.clear();
  static_members_.clear();
  state_ = value.members.empty() ? State::Empty : State::Stable;
  state_since_ = value.current_state_timestamp;
  generation_ = value.generation;
  protocol_type_ = value.protocol_type;
  protocol_ = value.protocol;
  leader_ = value.leader.value_or("");
  for (const auto& stored : value.members) {
    Member member{
        .id = stored.member_id,
        .instance_id = stored.group_instance_id,
        .client_id = stored.client_id,
        .client_host = stored.client_host,
        .session_timeout_ms = stored.session_timeout,
        .rebalance_timeout_ms = stored.rebalance_timeout < 0 ? stored.session_timeout : stored.rebalance_timeout};
    member.protocols.push_back({.name = value.protocol.value_or(""), .metadata = stored.subscription});
    member.assignment = stored.assignment;
    if (member.instance_id) {
      static_members_[*member.instance_id] = member.id;
    }
    members_.emplace(stored.member_id, std::move(member));
  }
}

// The members may be alive: each has a whole session to say so.
void Group::loaded(Millis now) {
  now_ = now;
  for (auto& [id, member] : members_) {
    keep_alive(member, "nothing since the coordinator started");
  }
}

// Those who speak the new protocol come to a group only once it does, too (any_group.h).
void Group::on(const ConsumerHeartbeat& event) {
  if (state_ == State::Dead) {
    answer(event.token, ConsumerGroupHeartbeatResponse{.error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE,
                                                       .error_message = "the group is being deleted"});
    return;
  }
  answer(event.token, ConsumerGroupHeartbeatResponse{.error_code = ErrorCode::GROUP_ID_NOT_FOUND,
                                                     .error_message = "Group " + id_ + " is not a consumer group."});
}

GroupLog Group::hand_over(Effects& effects) {
  for (auto& [id, member] : members_) {
    if (member.join) {
      answer(*member.join,
             JoinGroupResponse{.error_code = ErrorCode::REBALANCE_IN_PROGRESS, .protocol_name = {}, .member_id = id});
    }
    if (member.sync) {
      answer(*member.sync, SyncGroupResponse{.error_code = ErrorCode::REBALANCE_IN_PROGRESS});
    }
  }
  for (auto& [id, purpose] : writes_) {
    if (const auto* replaced = std::get_if<MemberReplaced>(&purpose)) {
      log_.answer_when_durable(effects_, {replaced->token, replaced->response});
    }
  }
  std::ranges::move(effects_.answers, std::back_inserter(effects.answers));
  return std::move(log_);
}

Effects Group::take_over(Millis now, const GroupMetadataValue& value, std::vector<LogRecord> records) {
  restore(value);
  loaded(now);
  records.push_back(group_record(id_, value));
  write(std::move(records), NothingWaits{});
  rebalance("the last member of the new protocol left");
  return std::exchange(effects_, {});
}

}  // namespace ottla::groups
