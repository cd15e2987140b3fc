// OffsetForLeaderEpoch 2-4 (KIP-320). Where an epoch ended in our log, for a consumer that checks its position after a
// change of leader. An epoch we know nothing of: -1 and -1.
#include "broker/broker.h"
#include "broker/epoch_check.h"
#include "broker/handlers.h"

namespace ottla {

template <>
Awaitable<OffsetForLeaderEpochResponse> handle(RequestContext& context, OffsetForLeaderEpochRequest& request) {
  OffsetForLeaderEpochResponse response;
  for (const auto& topic : request.topics) {
    auto& topic_answer = response.topics.emplace_back();
    topic_answer.topic = topic.topic;
    const auto served = context.broker.partitions.find(topic.topic);
    for (const auto& asked : topic.partitions) {
      auto& answer = topic_answer.partitions.emplace_back();
      answer.partition = asked.partition;
      const auto partition = served ? served->partition(asked.partition) : nullptr;
      if (!partition) {
        answer.error_code = absence(served, asked.partition);
        continue;
      }
      const PartitionView view = partition->view();
      answer.error_code =
          view.error != ErrorCode::NONE ? view.error : check_epoch(asked.current_leader_epoch, view.leader_epoch);
      if (answer.error_code == ErrorCode::NONE) {
        if (const auto end = partition->end_offset_for(asked.leader_epoch)) {
          answer.leader_epoch = end->epoch;
          answer.end_offset = end->end_offset;
        } else {
          answer.error_code = end.error().code;
        }
      }
    }
  }
  co_return response;
}

}  // namespace ottla
