#include "broker/groups/core/consumer_group.h"

#include <fmt/format.h>

#include "broker/groups/core/consumer_request.h"

namespace ottla::groups {

namespace {

constexpr Millis never_due = std::numeric_limits<Millis>::max();
using Request = ConsumerGroupHeartbeatRequest;

std::optional<Partitions> owned_of(const Request& request) {
  return request.topic_partitions ? std::optional(partitions_of(*request.topic_partitions)) : std::nullopt;
}

// A member that lost an answer says everything, and is told everything.
bool is_full(const Request& request) {
  const bool subscribes = request.subscribed_topic_names || request.subscribed_topic_regex;
  return request.member_epoch == Request::join_epoch ||
         (request.rebalance_timeout_ms != -1 && subscribes && request.topic_partitions);
}

}  // namespace

Effects ConsumerGroup::step(Millis now, const Event& event) {
  now_ = now;
  std::visit([this](const auto& one) { on(one); }, event);
  flush();
  return std::exchange(effects_, {});
}

void ConsumerGroup::refuse(const ConsumerHeartbeat& event, ErrorCode error, std::string message) {
  answer(event.token, ConsumerGroupHeartbeatResponse{.error_code = error, .error_message = std::move(message)});
}

void ConsumerGroup::on(const ConsumerHeartbeat& event) {
  const Request& request = event.request;
  if (is_dead_) {
    refuse(event, ErrorCode::COORDINATOR_NOT_AVAILABLE, "the group is being deleted");
    return;
  }
  take_topics(event.topics);
  if (request.member_epoch < Request::join_epoch) {
    leave(event);
    return;
  }
  ConsumerMember* member = request.member_epoch == Request::join_epoch ? join(event) : known_member(event);
  if (member == nullptr) {
    return;
  }
  if (update(*member, event)) {
    bump_epoch(fmt::format("member {} of client {} at {} joined or changed its subscription", member->id,
                           event.client_id, event.client_host));
  }
  make_target();
  const bool has_changed = reconcile(*member, owned_of(request));
  keep_alive(*member, "ConsumerGroupHeartbeat");
  ConsumerGroupHeartbeatResponse response{.member_id = member->id,
                                          .member_epoch = member->epoch,
                                          .heartbeat_interval_ms = settings_.consumer_heartbeat_interval_ms};
  if (has_changed || is_full(request)) {
    response.assignment.emplace();
    for (const auto& [partition, epoch] : member->assigned) {
      add_to(response.assignment->topic_partitions, partition);
    }
  }
  answer(event.token, std::move(response));
}

ErrorCode ConsumerGroup::check_member(const std::string& id, const std::optional<std::string>& instance_id) const {
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

// The epoch before is right too if the answer with the new one got lost: then the member has nothing beyond it.
std::optional<Error> ConsumerGroup::check_epoch(const ConsumerMember& member, const Request& request) const {
  if (request.member_epoch == member.epoch || is_broken_by(Mutant::generation_unchecked)) {
    return std::nullopt;
  }
  const auto owned = owned_of(request);
  const bool owns_no_more =
      owned && std::ranges::all_of(*owned, [&](const auto& partition) { return member.assigned.contains(partition); });
  if (request.member_epoch == member.previous_epoch && request.member_epoch < member.epoch && owns_no_more) {
    return std::nullopt;
  }
  return Error{
      ErrorCode::FENCED_MEMBER_EPOCH,
      fmt::format("The consumer group member has a {} member epoch ({}) than the one known by the group "
                  "coordinator ({}). The member must abandon all its partitions and rejoin.",
                  request.member_epoch > member.epoch ? "greater" : "smaller", request.member_epoch, member.epoch)};
}

ConsumerMember* ConsumerGroup::known_member(const ConsumerHeartbeat& event) {
  const Request& request = event.request;
  if (const auto error = check_member(request.member_id, request.instance_id); error != ErrorCode::NONE) {
    refuse_stranger(event, error);
    return nullptr;
  }
  ConsumerMember& member = members_.at(request.member_id);
  if (const auto error = check_epoch(member, request)) {
    refuse(event, error->code, error->message);
    return nullptr;
  }
  return &member;
}

// A new member, one that begins again, or the next self of a static one.
ConsumerMember* ConsumerGroup::join(const ConsumerHeartbeat& event) {
  const Request& request = event.request;
  const auto holder = request.instance_id ? static_members_.find(*request.instance_id) : static_members_.end();
  if (holder != static_members_.end() && holder->second != request.member_id) {
    const std::string old_id = holder->second;
    const ConsumerMember& old = members_.at(old_id);
    const bool has_left = old.epoch == Request::leave_static_epoch;
    if (!has_left && !old.classic && !is_broken_by(Mutant::static_member_not_fenced)) {
      refuse(event, ErrorCode::UNRELEASED_INSTANCE_ID,
             fmt::format("Static member {} with instance id {} cannot join the group because the instance id is owned "
                         "by {} member.",
                         request.member_id, *request.instance_id, old_id));
      return nullptr;
    }
    return &replace_static_member(old_id, request.member_id);
  }
  if (const auto found = members_.find(request.member_id); found != members_.end()) {
    ConsumerMember& member = found->second;
    if (member.epoch == Request::leave_static_epoch) {
      member.epoch = member.previous_epoch = Request::join_epoch;
    }
    return &member;
  }
  if (std::ssize(members_) >= settings_.consumer_max_size) {
    refuse(event, ErrorCode::GROUP_MAX_SIZE_REACHED, too_large(settings_));
    return nullptr;
  }
  return &add_member(request.member_id, request.instance_id);
}

ConsumerMember& ConsumerGroup::add_member(const std::string& id, const std::optional<std::string>& instance_id) {
  ConsumerMember& member = members_.emplace(id, ConsumerMember{.id = id, .instance_id = instance_id}).first->second;
  if (instance_id) {
    static_members_[*instance_id] = id;
  }
  touch(ConsumerRecordKind::member, id);
  return member;
}

// It begins at epoch 0 with what its former self had; nobody else notices.
ConsumerMember& ConsumerGroup::replace_static_member(const std::string& old_id, const std::string& new_id) {
  if (members_.contains(new_id)) {
    remove_member(new_id, "comes back as a static member");
  }
  ConsumerMember member = members_.at(old_id);
  if (!is_broken_by(Mutant::static_member_not_fenced)) {
    release(member);
    members_.erase(old_id);
  }
  for (const auto kind : {ConsumerRecordKind::current, ConsumerRecordKind::target, ConsumerRecordKind::member}) {
    touch(kind, old_id);
    touch(kind, new_id);
  }
  static_members_[*member.instance_id] = new_id;
  member.id = new_id;
  member.epoch = member.previous_epoch = Request::join_epoch;
  member.state = MemberState::stable;
  member.classic.reset();
  member.must_act_by.reset();
  Owned assigned = std::move(member.assigned);
  member.assigned.clear();
  member.pending_revocation.clear();
  ConsumerMember& replaced = members_.emplace(new_id, std::move(member)).first->second;
  set_owned(replaced, std::move(assigned), {});
  return replaced;
}

// True if the target assignment is to be made anew.
bool ConsumerGroup::update(ConsumerMember& member, const ConsumerHeartbeat& event) {
  const Request& request = event.request;
  const ConsumerMember before = {.rack_id = member.rack_id,
                                 .client_id = member.client_id,
                                 .client_host = member.client_host,
                                 .rebalance_timeout_ms = member.rebalance_timeout_ms,
                                 .topic_names = member.topic_names,
                                 .regex = member.regex,
                                 .server_assignor = member.server_assignor};
  member.client_id = event.client_id;
  member.client_host = event.client_host;
  member.rack_id = request.rack_id ? request.rack_id : member.rack_id;
  member.server_assignor = request.server_assignor ? request.server_assignor : member.server_assignor;
  member.regex = request.subscribed_topic_regex.value_or(member.regex);
  if (request.rebalance_timeout_ms != -1) {
    member.rebalance_timeout_ms = request.rebalance_timeout_ms;
  }
  if (request.subscribed_topic_names) {
    member.topic_names = {request.subscribed_topic_names->begin(), request.subscribed_topic_names->end()};
  }
  const bool was_classic = std::exchange(member.classic, std::nullopt).has_value();
  const bool subscribes_anew = member.topic_names != before.topic_names || member.regex != before.regex ||
                               member.server_assignor != before.server_assignor;
  if (subscribes_anew || was_classic || member.rack_id != before.rack_id || member.client_id != before.client_id ||
      member.client_host != before.client_host || member.rebalance_timeout_ms != before.rebalance_timeout_ms) {
    touch(ConsumerRecordKind::member, member.id);
  }
  if (member.regex != before.regex && !member.regex.empty()) {
    resolve(member.regex);
  }
  return subscribes_anew;
}

void ConsumerGroup::leave(const ConsumerHeartbeat& event) {
  const Request& request = event.request;
  if (const auto error = check_member(request.member_id, request.instance_id); error != ErrorCode::NONE) {
    refuse_stranger(event, error);
    return;
  }
  ConsumerMember& member = members_.at(request.member_id);
  if (request.member_epoch == Request::leave_static_epoch && member.instance_id) {
    member.epoch = Request::leave_static_epoch;
    member.state = MemberState::stable;
    member.must_act_by.reset();
    set_owned(member, member.assigned, {});
    keep_alive(member, "that it will come back");
  } else {
    remove_member(request.member_id, "left");
  }
  answer(event.token,
         ConsumerGroupHeartbeatResponse{.member_id = request.member_id, .member_epoch = request.member_epoch});
}

void ConsumerGroup::remove_member(const std::string& id, const std::string& why) {
  const ConsumerMember member = std::move(members_.at(id));
  members_.erase(id);
  if (!is_broken_by(Mutant::leaver_keeps_partitions)) {
    release(member);
  }
  if (const auto holder = member.instance_id ? static_members_.find(*member.instance_id) : static_members_.end();
      holder != static_members_.end() && holder->second == id) {
    static_members_.erase(holder);
  }
  for (const auto kind : {ConsumerRecordKind::current, ConsumerRecordKind::target, ConsumerRecordKind::member}) {
    touch(kind, id);
  }
  if (members_.empty()) {
    empty_since_ = target_made_at_ = now_;  // the one from the other after a restart
    touch(ConsumerRecordKind::target_metadata);
  }
  bump_epoch(fmt::format("member {} of client {} at {} {}", id, member.client_id, member.client_host, why));
}

void ConsumerGroup::keep_alive(ConsumerMember& member, const char* said) {
  member.last_heard_at = now_;
  member.last_said = said;
  member.expires_at =
      now_ + (member.classic ? member.classic->session_timeout_ms : settings_.consumer_session_timeout_ms);
  wake_by(member.expires_at);
}

void ConsumerGroup::on(const Tick&) {
  wake_at_ = never_due;
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [id, member] : members_) {
    const bool is_silent = member.expires_at <= now_ && !is_broken_by(Mutant::sessions_do_not_expire);
    const bool is_late =
        member.must_act_by && *member.must_act_by <= now_ && !is_broken_by(Mutant::revocation_awaited_for_ever);
    if (is_silent || is_late) {
      const std::string what = is_silent ? std::string("its session ended") : fmt::format("did not {}", member.must_do);
      out.emplace_back(id, fmt::format("is removed: {}; last heard {} ms ago ({})", what, now_ - member.last_heard_at,
                                       member.last_said));
    } else {
      wake_by(std::max(now_ + 1, member.expires_at));
      wake_by(std::max(now_ + 1, member.must_act_by.value_or(never_due)));
    }
  }
  for (const auto& [id, why] : out) {
    remove_member(id, why);
  }
  if (!is_dead_ && !touched_.empty()) {
    wake_by(std::max(now_ + 1, write_again_at_));
  }
}

}  // namespace ottla::groups
