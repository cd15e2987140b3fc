// DeleteRecords 0-2. The records below an offset (-1: the high watermark) are served no more; the answer leaves once no
// crash can bring them back, nor another leader (Kafka waits for all replicas that live). Their files go afterwards.
#include "broker/broker.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Answer = DeleteRecordsResponse::DeleteRecordsTopicResult::DeleteRecordsPartitionResult;

void answer_with(Answer& answer, const Result<Offset>& start) {
  answer.low_watermark = start.value_or(Offset{-1});
  answer.error_code = start ? ErrorCode::NONE : start.error().code;
}

}  // namespace

template <>
Awaitable<DeleteRecordsResponse> handle(RequestContext& context, DeleteRecordsRequest& request) {
  DeleteRecordsResponse response;
  const auto deadline = Clock::now() + std::chrono::milliseconds(std::max(request.timeout_ms, 0));
  std::vector<std::shared_ptr<Partition>> deleting;  // one for each answer that has no error
  for (const auto& topic : request.topics) {
    auto& topic_answer = response.topics.emplace_back();
    topic_answer.name = topic.name;
    const auto served = context.broker.partitions.find(topic.name);
    for (const auto& asked : topic.partitions) {
      Answer& answer = topic_answer.partitions.emplace_back();
      answer.partition_index = asked.partition_index;
      const auto partition = served ? served->partition(asked.partition_index) : nullptr;
      answer_with(answer, !partition                      ? failure(absence(served, asked.partition_index), "")
                          : served->name == offsets_topic ? failure(ErrorCode::INVALID_TOPIC_EXCEPTION, "")
                                                          : partition->delete_records(asked.offset));
      if (answer.error_code == ErrorCode::NONE) {
        deleting.push_back(partition);
      }
    }
  }
  if (!deleting.empty()) {
    const auto done = std::make_shared<OneShot<Result<void>>>();
    context.broker.partitions.housekeeper().make_log_starts_durable(done);
    const auto durable = co_await done->wait();
    auto next = deleting.begin();
    for (auto& topic : response.topics) {
      for (Answer& answer : topic.partitions) {
        if (answer.error_code != ErrorCode::NONE) {
          continue;
        }
        Result<void> deleted = durable;
        if (durable) {
          deleted = co_await (*next)->wait_until_deleted(context.core, answer.low_watermark, deadline - Clock::now());
        }
        ++next;
        if (!deleted) {
          answer_with(answer, std::unexpected(deleted.error()));
        }
      }
    }
  }
  co_return response;
}

}  // namespace ottla
