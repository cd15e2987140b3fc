#include "broker/groups/core/held_bytes.h"

#include <algorithm>
#include <numeric>

namespace ottla::groups {

namespace {

constexpr std::size_t for_each_member = 1024;
constexpr std::size_t for_each_name = 32;
constexpr std::size_t for_each_partition = 64;

std::size_t size_of(const Protocols& protocols) {
  return std::accumulate(protocols.begin(), protocols.end(), std::size_t{0},
                         [](std::size_t sum, const auto& one) { return sum + one.name.size() + one.metadata.size(); });
}

std::size_t size_of(const auto& names) {
  return std::accumulate(names.begin(), names.end(), std::size_t{0},
                         [](std::size_t sum, const std::string& name) { return sum + for_each_name + name.size(); });
}

std::size_t size_of(const Member& member) {
  return for_each_member + 2 * member.id.size() + member.client_id.size() + size_of(member.protocols) +
         member.assignment.size();
}

std::size_t size_of(const ConsumerMember& member) {
  return for_each_member + 2 * member.id.size() + member.client_id.size() + size_of(member.topic_names) +
         member.regex.size() + (member.classic ? size_of(member.classic->protocols) : 0) +
         for_each_partition * (member.assigned.size() + member.pending_revocation.size());
}

std::size_t size_of_members(const auto& group) {
  return std::accumulate(group.members().begin(), group.members().end(), std::size_t{0},
                         [](std::size_t sum, const auto& one) { return sum + size_of(one.second); });
}

// A static member (KIP-345) comes back with another id.
bool is_known(const auto& group, const std::string& id, const std::optional<std::string>& instance_id) {
  return group.members().contains(id) || (instance_id && std::ranges::any_of(group.members(), [&](const auto& one) {
                                            return one.second.instance_id == instance_id;
                                          }));
}

// Members must not be kept from coming again; only from bringing much more than before.
std::size_t added_by(const AnyGroup* group, const Join& join) {
  constexpr std::size_t ignored_growth = std::size_t{16} * 1024;
  const JoinGroupRequest& request = join.request;
  const std::size_t size = size_of(request.protocols);
  const Group* classic = group != nullptr ? group->classic() : nullptr;
  if (classic != nullptr) {
    const auto member = classic->members().find(request.member_id);
    const std::size_t before = member != classic->members().end() ? size_of(member->second.protocols) : 0;
    if (is_known(*classic, request.member_id, request.group_instance_id)) {
      return size > before + ignored_growth ? size - before : 0;
    }
    if (classic->pending_members().contains(request.member_id)) {
      return size;
    }
  } else if (group != nullptr && is_known(*group->consumer(), request.member_id, request.group_instance_id)) {
    return size > ignored_growth ? size : 0;
  }
  return for_each_member + 2 * join.new_member_id.size() + join.client_id.size() + size;
}

std::size_t added_by(const AnyGroup* group, const ConsumerHeartbeat& beat) {
  const ConsumerGroupHeartbeatRequest& request = beat.request;
  const bool is_known_here = group != nullptr && group->consumer() != nullptr &&
                             is_known(*group->consumer(), request.member_id, request.instance_id);
  if (request.member_epoch != ConsumerGroupHeartbeatRequest::join_epoch || is_known_here) {
    return 0;  // what it names has a bound of its own (subscription_max_bytes)
  }
  return for_each_member + 2 * request.member_id.size() + beat.client_id.size() +
         (request.subscribed_topic_names ? size_of(*request.subscribed_topic_names) : 0) +
         request.subscribed_topic_regex.value_or("").size();
}

// The leader brings assignments; again and again, in the place of those before.
std::size_t added_by(const AnyGroup*, const Sync& sync) {
  constexpr std::size_t ignored = std::size_t{256} * 1024;
  const auto& assignments = sync.request.assignments;
  const std::size_t size =
      std::accumulate(assignments.begin(), assignments.end(), std::size_t{0},
                      [](std::size_t sum, const auto& one) { return sum + one.assignment.size(); });
  return size > ignored ? size : 0;
}

std::size_t added_by(const AnyGroup*, const auto&) { return 0; }

}  // namespace

std::size_t held_bytes(const AnyGroup& group) {
  const Group* classic = group.classic();
  if (classic == nullptr) {
    return size_of_members(*group.consumer());
  }
  std::size_t bytes = size_of_members(*classic);
  for (const auto& [id, until] : classic->pending_members()) {
    bytes += for_each_member + id.size();
  }
  return bytes;
}

std::size_t bytes_to_add(const AnyGroup* group, const Event& event) {
  return std::visit([group](const auto& one) { return added_by(group, one); }, event);
}

}  // namespace ottla::groups
