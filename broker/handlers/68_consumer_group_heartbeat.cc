// ConsumerGroupHeartbeat 0-1 (KIP-848). Joins, keeps alive, says what a member owns, leaves; see broker/groups/core.
// The answer leaves when what it says is durable.
#include <fmt/format.h>

#include "broker/groups/core/consumer_request.h"
#include "broker/groups/handler_help.h"

namespace ottla {

namespace {

// GROUP_ID_NOT_FOUND ends a librdkafka consumer: it comes only where there is no such group.
ConsumerGroupHeartbeatResponse refusal(const Error& error) {
  return {.error_code = error.code, .error_message = error.message};
}

}  // namespace

template <>
Awaitable<ConsumerGroupHeartbeatResponse> handle(RequestContext& context, ConsumerGroupHeartbeatRequest& request) {
  if (const auto wrong = groups::check_request(request, context.header.api_version)) {
    co_return refusal(*wrong);
  }
  if (request.member_id.empty()) {  // version 0
    request.member_id = Uuid::random().to_string();
  }
  const std::string group = request.group_id;
  const bool is_joining = request.member_epoch == ConsumerGroupHeartbeatRequest::join_epoch;
  const bool is_leaving = request.member_epoch < ConsumerGroupHeartbeatRequest::join_epoch;
  const auto if_absent = is_joining ? IfAbsent::create : IfAbsent::refuse;
  groups::ConsumerHeartbeat beat{.client_id = std::string(context.header.client_id.value_or("")),
                                 .client_host = "/" + context.connection.peer_host()};
  beat.request = std::move(request);
  groups::Event event = std::move(beat);
  auto answer = co_await context.broker.groups->ask(group, std::move(event), if_absent);
  if (!answer && answer.error().code == ErrorCode::GROUP_ID_NOT_FOUND && !is_leaving) {
    co_return refusal({answer.error().code, fmt::format("Consumer group {} not found.", group)});
  }
  if (!answer) {
    co_return refusal(answer.error());
  }
  co_return std::get<ConsumerGroupHeartbeatResponse>(std::move(*answer));
}

}  // namespace ottla
