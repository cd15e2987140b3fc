#include "broker/groups/core/consumer_request.h"

#include <fmt/format.h>

#include "broker/groups/core/assignor.h"
#include "broker/groups/core/consumer_member.h"
#include "broker/groups/core/regex.h"

namespace ottla::groups {

namespace {

using Request = ConsumerGroupHeartbeatRequest;
constexpr std::int16_t members_make_their_ids_since = 1;

std::size_t subscription_bytes(const Request& request) {
  std::size_t bytes = request.subscribed_topic_regex ? request.subscribed_topic_regex->size() : 0;
  for (const std::string& name : request.subscribed_topic_names.value_or(std::vector<std::string>{})) {
    bytes += name.size();
  }
  return bytes;
}

// nullptr: nothing.
const char* wrong_with_member(const Request& request, std::int16_t version) {
  const bool has_id = !request.member_id.empty();
  if (request.group_id.empty()) {
    return "GroupId can't be empty.";
  }
  if (!has_id && (version >= members_make_their_ids_since || request.member_epoch != Request::join_epoch)) {
    return "MemberId can't be empty.";
  }
  if (request.instance_id && request.instance_id->empty()) {
    return "InstanceId can't be empty.";
  }
  if (request.rack_id && request.rack_id->empty()) {
    return "RackId can't be empty.";
  }
  if (request.member_epoch < Request::leave_static_epoch) {
    return "MemberEpoch is invalid.";
  }
  if (request.member_epoch == Request::leave_static_epoch && !request.instance_id) {
    return "InstanceId can't be null.";
  }
  return nullptr;
}

const char* wrong_with_first(const Request& request) {
  if (request.rebalance_timeout_ms == -1) {
    return "RebalanceTimeoutMs must be provided in first request.";
  }
  if (!request.topic_partitions || !request.topic_partitions->empty()) {
    return "TopicPartitions must be empty when (re-)joining.";
  }
  if (!request.subscribed_topic_names && !request.subscribed_topic_regex) {
    return "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.";
  }
  return nullptr;
}

}  // namespace

std::optional<Error> check_request(const Request& request, std::int16_t version) {
  const char* wrong = wrong_with_member(request, version);
  if (wrong == nullptr && request.member_epoch == Request::join_epoch) {
    wrong = wrong_with_first(request);
  }
  if (subscription_bytes(request) > subscription_max_bytes) {
    wrong = "The subscription is too large.";
  }
  if (wrong != nullptr) {
    return Error{ErrorCode::INVALID_REQUEST, wrong};
  }
  if (request.server_assignor && !is_assignor(*request.server_assignor)) {
    return Error{ErrorCode::UNSUPPORTED_ASSIGNOR,
                 fmt::format("ServerAssignor {} is not supported. Supported assignors: {}, {}.",
                             *request.server_assignor, uniform_assignor, range_assignor)};
  }
  if (request.subscribed_topic_regex && !request.subscribed_topic_regex->empty()) {
    if (const auto error = regex_error(*request.subscribed_topic_regex)) {
      return Error{ErrorCode::INVALID_REGULAR_EXPRESSION,
                   fmt::format("SubscribedTopicRegex `{}` is not a valid regular expression: {}.",
                               *request.subscribed_topic_regex, *error)};
    }
  }
  return std::nullopt;
}

}  // namespace ottla::groups
