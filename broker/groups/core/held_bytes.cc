#include "broker/groups/core/held_bytes.h"

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

bool has_member(const AnyGroup* group, const std::string& id) {
  return group != nullptr && (group->classic() != nullptr ? group->classic()->members().contains(id)
                                                          : group->consumer()->members().contains(id));
}

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
  if (const auto* join = std::get_if<Join>(&event); join != nullptr && !has_member(group, join->request.member_id)) {
    return for_each_member + 2 * join->new_member_id.size() + join->client_id.size() + size_of(join->request.protocols);
  }
  const auto* beat = std::get_if<ConsumerHeartbeat>(&event);
  if (beat == nullptr || beat->request.member_epoch != ConsumerGroupHeartbeatRequest::join_epoch ||
      has_member(group, beat->request.member_id)) {
    return 0;
  }
  const auto& request = beat->request;
  return for_each_member + 2 * request.member_id.size() + beat->client_id.size() +
         (request.subscribed_topic_names ? size_of(*request.subscribed_topic_names) : 0) +
         request.subscribed_topic_regex.value_or("").size();
}

}  // namespace ottla::groups
