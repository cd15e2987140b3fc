// DescribeProducers 0 (KIP-664). The idempotent producers that a partition remembers; no transactions yet.
#include "broker/broker.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

Error why_absent(const std::string& name) {
  const auto valid = check_topic_name(name);
  return valid ? Error{ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition."}
               : valid.error();
}

}  // namespace

template <>
Awaitable<DescribeProducersResponse> handle(RequestContext& context, DescribeProducersRequest& request) {
  DescribeProducersResponse response;
  for (const auto& asked : request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = asked.name;
    const auto served = context.broker.partitions.find(asked.name);
    const auto wrong = served ? std::nullopt : std::optional(why_absent(asked.name));
    for (const std::int32_t index : asked.partition_indexes) {
      auto& answer = topic.partitions.emplace_back();
      answer.partition_index = index;
      if (wrong) {
        answer.error_code = wrong->code;
        answer.error_message = wrong->message;
        continue;
      }
      const auto partition = served ? served->partition(index) : nullptr;
      answer.error_code = partition ? partition->view().error : absence(served, index);
      if (answer.error_code != ErrorCode::NONE) {
        continue;
      }
      for (const auto& producer : partition->producers()) {
        answer.active_producers.push_back({.producer_id = producer.producer_id,
                                           .producer_epoch = producer.producer_epoch,
                                           .last_sequence = producer.last_sequence,
                                           .last_timestamp = producer.timestamp_ms,
                                           .coordinator_epoch = -1});
      }
    }
  }
  co_return response;
}

}  // namespace ottla
