// Members of the classic protocol in a group of the new one, on their way from or to it: for them each step of the
// reconciliation is a JoinGroup and a SyncGroup, and their generation is their member epoch. None of them leads.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <unordered_set>

#include "broker/groups/core/consumer_group.h"
#include "broker/groups/core/consumer_protocol.h"

namespace ottla::groups {

namespace {

constexpr std::int16_t member_id_required_since = 4;  // KIP-394
constexpr const char* consumer_protocol = "consumer";

JoinGroupResponse refusal(ErrorCode error, const std::string& member_id) {
  return {.error_code = error, .protocol_name = {}, .member_id = member_id};
}

bool has(const Protocols& protocols, const std::string& name) {
  return std::ranges::any_of(protocols, [&](const auto& one) { return one.name == name; });
}

bool fits(const Protocols& protocols) {
  std::size_t bytes = 0;
  for (const auto& one : protocols) {
    bytes += one.name.size() + one.metadata.size();
  }
  return bytes <= subscription_max_bytes;
}

Partitions keys_of(const Owned& owned) {
  const auto keys = std::views::keys(owned);
  return {keys.begin(), keys.end()};
}

}  // namespace

// The first of `wanted` that every classic member has; empty: none.
std::string ConsumerGroup::common_protocol(const Protocols& wanted) const {
  std::unordered_set<std::string_view> common;  // lists may be as long as a request: each is gone through once
  for (const auto& protocol : wanted) {
    common.insert(protocol.name);
  }
  for (const auto& [id, member] : members_) {
    std::unordered_set<std::string_view> kept;
    for (const auto& protocol : member.classic ? member.classic->protocols : wanted) {
      if (common.contains(protocol.name)) {
        kept.insert(protocol.name);
      }
    }
    common = std::move(kept);
  }
  const auto first = std::ranges::find_if(wanted, [&](const auto& one) { return common.contains(one.name); });
  return first != wanted.end() ? first->name : std::string{};
}

ErrorCode ConsumerGroup::check_join(const Join& event) const {
  const JoinGroupRequest& request = event.request;
  const bool is_inside = members_.contains(request.member_id) ||
                         (request.group_instance_id && static_members_.contains(*request.group_instance_id));
  if (is_dead_) {
    return ErrorCode::COORDINATOR_NOT_AVAILABLE;
  }
  if (request.session_timeout_ms < settings_.min_session_timeout_ms ||
      request.session_timeout_ms > settings_.max_session_timeout_ms) {
    return ErrorCode::INVALID_SESSION_TIMEOUT;
  }
  if (!is_inside && std::ssize(members_) >= settings_.consumer_max_size) {
    return ErrorCode::GROUP_MAX_SIZE_REACHED;
  }
  if (request.protocol_type != consumer_protocol || common_protocol(request.protocols).empty() ||
      !read_subscription(request.protocols.front().metadata) || !fits(request.protocols)) {
    return ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
  }
  if (request.member_id.empty() && !request.group_instance_id && event.version >= member_id_required_since) {
    return ErrorCode::MEMBER_ID_REQUIRED;
  }
  if (request.group_instance_id && !request.member_id.empty()) {
    return check_member(request.member_id, request.group_instance_id);
  }
  return ErrorCode::NONE;
}

void ConsumerGroup::on(const Join& event) {
  const JoinGroupRequest& request = event.request;
  take_topics(event.topics);
  const std::string id = request.member_id.empty() ? event.new_member_id : request.member_id;
  if (const auto error = check_join(event); error != ErrorCode::NONE) {
    answer(event.token, refusal(error, error == ErrorCode::MEMBER_ID_REQUIRED ? id : request.member_id));
    return;
  }
  const auto holder =
      request.group_instance_id ? static_members_.find(*request.group_instance_id) : static_members_.end();
  const bool replaces = holder != static_members_.end() && holder->second != id;
  const auto known = members_.find(id);
  ConsumerMember& member = replaces                  ? replace_static_member(std::string(holder->second), id)
                           : known != members_.end() ? known->second
                                                     : add_member(id, request.group_instance_id);
  const auto subscription = read_subscription(request.protocols.front().metadata);
  const std::set<std::string> names(subscription->topics.begin(), subscription->topics.end());
  const bool subscribes_anew = names != member.topic_names || !member.classic;
  member.topic_names = names;
  member.regex.clear();
  member.client_id = event.client_id;
  member.client_host = event.client_host;
  member.rack_id = subscription->rack_id;
  member.rebalance_timeout_ms =
      request.rebalance_timeout_ms < 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
  member.classic = ClassicSide{request.session_timeout_ms, request.protocols};
  touch(ConsumerRecordKind::member, id);
  if (subscribes_anew) {
    bump_epoch(fmt::format("member {} of client {} at {} joined by the classic protocol", id, event.client_id,
                           event.client_host));
  }
  make_target();
  reconcile(member, with_ids(subscription->owned_partitions, *topics_));
  keep_alive(member, "JoinGroup");
  member.must_act_by = now_ + member.rebalance_timeout_ms;
  member.must_do = "fetch its assignment in time";
  wake_by(*member.must_act_by);
  answer(event.token, JoinGroupResponse{.generation_id = member.epoch,
                                        .protocol_type = consumer_protocol,
                                        .protocol_name = common_protocol(request.protocols),
                                        .member_id = id});
}

void ConsumerGroup::on(const Sync& event) {
  const SyncGroupRequest& request = event.request;
  take_topics(event.topics);
  auto error =
      is_dead_ ? ErrorCode::COORDINATOR_NOT_AVAILABLE : check_member(request.member_id, request.group_instance_id);
  if (error == ErrorCode::NONE) {
    const ConsumerMember& member = members_.at(request.member_id);
    const bool is_other =
        (request.protocol_type && *request.protocol_type != consumer_protocol) ||
        (member.classic && request.protocol_name && !has(member.classic->protocols, *request.protocol_name));
    error = !member.classic                                                   ? ErrorCode::UNKNOWN_MEMBER_ID
            : request.generation_id != member.epoch                           ? ErrorCode::ILLEGAL_GENERATION
            : is_other                                                        ? ErrorCode::INCONSISTENT_GROUP_PROTOCOL
            : epoch_ > member.epoch && member.state != MemberState::unrevoked ? ErrorCode::REBALANCE_IN_PROGRESS
                                                                              : ErrorCode::NONE;
  }
  if (error != ErrorCode::NONE) {
    answer(event.token, SyncGroupResponse{.error_code = error});
    return;
  }
  ConsumerMember& member = members_.at(request.member_id);
  keep_alive(member, "SyncGroup");
  member.must_act_by.reset();
  const Bytes& subscription = member.classic->protocols.front().metadata;
  answer(event.token,
         SyncGroupResponse{.protocol_type = consumer_protocol,
                           .protocol_name = common_protocol(member.classic->protocols),
                           .assignment = assignment_bytes(keys_of(member.assigned), *topics_, subscription)});
}

// Whoever lags behind, has to let go of something, or can have more now, is asked to join.
void ConsumerGroup::on(const Heartbeat& event) {
  const HeartbeatRequest& request = event.request;
  HeartbeatResponse response{.error_code = is_dead_ ? ErrorCode::COORDINATOR_NOT_AVAILABLE
                                                    : check_member(request.member_id, request.group_instance_id)};
  if (response.error_code != ErrorCode::NONE) {
    answer(event.token, response);
    return;
  }
  ConsumerMember& member = members_.at(request.member_id);
  if (!member.classic) {
    response.error_code = ErrorCode::UNKNOWN_MEMBER_ID;
  } else if (request.generation_id != member.epoch) {
    response.error_code = ErrorCode::ILLEGAL_GENERATION;
  } else {
    keep_alive(member, "Heartbeat");
    const bool can_have_more =
        member.state == MemberState::unreleased && std::ranges::any_of(member.target, [&](const auto& wanted) {
          return owner_of(wanted) == nullptr && !member.assigned.contains(wanted);
        });
    if (member.epoch < epoch_ || member.state == MemberState::unrevoked || can_have_more) {
      response.error_code = ErrorCode::REBALANCE_IN_PROGRESS;
      if (!member.must_act_by) {
        member.must_act_by = now_ + member.rebalance_timeout_ms;
        member.must_do = "join in time";
        wake_by(*member.must_act_by);
      }
    }
  }
  answer(event.token, response);
}

void ConsumerGroup::on(const Leave& event) {
  LeaveGroupResponse response;
  for (const auto& leaving : event.members) {
    std::string id = leaving.member_id;
    if (id.empty() && leaving.group_instance_id) {  // an administrator removes a static member
      const auto holder = static_members_.find(*leaving.group_instance_id);
      id = holder != static_members_.end() ? holder->second : "";
    }
    const auto error = is_dead_ ? ErrorCode::COORDINATOR_NOT_AVAILABLE : check_member(id, leaving.group_instance_id);
    if (error == ErrorCode::NONE) {
      remove_member(id, "left");
    }
    response.members.push_back(
        {.member_id = leaving.member_id, .group_instance_id = leaving.group_instance_id, .error_code = error});
  }
  answer(event.token, std::move(response));
}

// Its generation becomes the group's epoch; the new member's coming then makes the next one.
Result<void> ConsumerGroup::take_over(Millis now, const Group& classic, const TopicsView& topics) {
  now_ = now;
  std::map<std::string, ConsumerMember> taken;
  for (const auto& [id, one] : classic.members()) {
    const auto subscription = one.protocols.empty() ? std::nullopt : read_subscription(one.protocols.front().metadata);
    const auto assignment = read_assignment(one.assignment);
    if (classic.protocol_type() != consumer_protocol || !subscription || !assignment || !fits(one.protocols)) {
      return failure(ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
                     fmt::format("classic group {} cannot be upgraded: member {} has an assignment of its own kind, or "
                                 "too much metadata",
                                 id_, id));
    }
    ConsumerMember& member = taken[id];
    member = {.id = id,
              .instance_id = one.instance_id,
              .rack_id = subscription->rack_id,
              .client_id = one.client_id,
              .client_host = one.client_host,
              .rebalance_timeout_ms = one.rebalance_timeout_ms,
              .topic_names = {subscription->topics.begin(), subscription->topics.end()},
              .classic = ClassicSide{one.session_timeout_ms, one.protocols},
              .epoch = classic.generation(),
              .previous_epoch = classic.generation()};
    // Between two generations there is no assignment, but a cooperative member goes on with what it said it has.
    member.target =
        with_ids(one.assignment.empty() ? subscription->owned_partitions : assignment->assigned_partitions, *topics);
  }
  topics_ = topics;
  if (!taken.empty()) {  // else the new group has nothing from the old one but its offsets
    epoch_ = target_epoch_ = classic.generation();
  }
  target_made_at_ = now;
  members_ = std::move(taken);
  for (auto& [id, member] : members_) {
    Owned assigned;
    for (const TopicIdPartition& partition : member.target) {
      if (owner_of(partition) == nullptr) {
        assigned.emplace(partition, member.epoch);
      }
    }
    set_owned(member, std::move(assigned), {});
    keep_alive(member, "nothing since the group speaks the new protocol");
    touch(ConsumerRecordKind::member, id);
    touch(ConsumerRecordKind::target, id);
    if (member.instance_id) {
      static_members_[*member.instance_id] = id;
    }
  }
  metadata_hash_ = metadata_hash();
  touch(ConsumerRecordKind::group);
  touch(ConsumerRecordKind::target_metadata);
  return {};
}

bool ConsumerGroup::is_left_to_classic_members() const {
  return !members_.empty() &&
         std::ranges::all_of(members_, [](const auto& one) { return one.second.classic.has_value(); });
}

GroupMetadataValue ConsumerGroup::as_classic() const {
  const std::string protocol = common_protocol(members_.begin()->second.classic->protocols);
  GroupMetadataValue value{.protocol_type = consumer_protocol,
                           .generation = epoch_,
                           .protocol = protocol,
                           .leader = members_.begin()->first,
                           .current_state_timestamp = now_,
                           .members = {}};
  for (const auto& [id, member] : members_) {
    const auto& protocols = member.classic->protocols;
    const auto same = std::ranges::find(protocols, protocol, &JoinGroupRequest::JoinGroupRequestProtocol::name);
    const Bytes& subscription = same != protocols.end() ? same->metadata : protocols.front().metadata;
    value.members.push_back({.member_id = id,
                             .group_instance_id = member.instance_id,
                             .client_id = member.client_id,
                             .client_host = member.client_host,
                             .rebalance_timeout = member.rebalance_timeout_ms,
                             .session_timeout = member.classic->session_timeout_ms,
                             .subscription = subscription,
                             .assignment = assignment_bytes(keys_of(member.assigned), *topics_, subscription)});
  }
  return value;
}

}  // namespace ottla::groups
