// ConsumerGroupDescribe 0-1 (KIP-848): what each member has, and what it will have. A classic group is none to it, as
// in Kafka.
#include "broker/groups/core/consumer_request.h"
#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

using Described = ConsumerGroupDescribeResponse::DescribedGroup;
using Assignment = ConsumerGroupDescribeResponse::Assignment;

struct Found {
  std::optional<Described> group;
  bool is_other_kind = false;
};

constexpr std::int8_t classic_member = 0;
constexpr std::int8_t consumer_member = 1;

void add(Assignment& assignment, const groups::TopicIdPartition& partition, const groups::Topics& topics) {
  if (const std::string* name = topics.name_of(partition.topic_id)) {
    groups::add_to(assignment.topic_partitions, partition).topic_name = *name;
  }
}

Described describe(const groups::ConsumerGroup& group, const groups::Topics& topics) {
  Described answer{.group_id = group.id(),
                   .group_state = group.state_name(),
                   .group_epoch = group.epoch(),
                   .assignment_epoch = group.target_epoch(),
                   .assignor_name = group.assignor()};
  for (const auto& [id, member] : group.members()) {
    auto& told = answer.members.emplace_back();
    told.member_id = id;
    told.instance_id = member.instance_id;
    told.rack_id = member.rack_id;
    told.member_epoch = member.epoch;
    told.client_id = member.client_id;
    told.client_host = member.client_host;
    told.subscribed_topic_names = {member.topic_names.begin(), member.topic_names.end()};
    told.subscribed_topic_regex = member.regex;
    told.member_type = member.classic ? classic_member : consumer_member;
    for (const auto& [partition, epoch] : member.assigned) {
      add(told.assignment, partition, topics);
    }
    for (const groups::TopicIdPartition& partition : member.target) {
      add(told.target_assignment, partition, topics);
    }
  }
  return answer;
}

}  // namespace

template <>
Awaitable<ConsumerGroupDescribeResponse> handle(RequestContext& context, ConsumerGroupDescribeRequest& request) {
  ConsumerGroupDescribeResponse response;
  auto look = [topics = context.broker.groups->topics()](const groups::AnyGroup* group) {
    const groups::ConsumerGroup* consumer = group != nullptr ? group->consumer() : nullptr;
    return Found{.group = consumer != nullptr ? std::optional(describe(*consumer, *topics)) : std::nullopt,
                 .is_other_kind = consumer == nullptr && group != nullptr};
  };
  for (const std::string& id : request.group_ids) {
    if (id.empty()) {
      response.groups.push_back({.error_code = ErrorCode::INVALID_GROUP_ID, .group_id = id});
      continue;
    }
    if (const auto served = context.broker.groups->check(id); !served) {
      response.groups.push_back(
          {.error_code = served.error().code, .error_message = served.error().message, .group_id = id});
      continue;
    }
    const Found seen = co_await context.broker.groups->look_at(id, look);
    std::optional<Described> found = seen.group;
    if (!found) {
      found =
          Described{.error_code = ErrorCode::GROUP_ID_NOT_FOUND,
                    .error_message = "Group " + id + (seen.is_other_kind ? " is not a consumer group." : " not found."),
                    .group_id = id};
    }
    if (request.include_authorized_operations && found->error_code == ErrorCode::NONE) {
      found->authorized_operations = all_group_operations;
    }
    response.groups.push_back(std::move(*found));
  }
  co_return response;
}

}  // namespace ottla
