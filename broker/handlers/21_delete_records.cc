// DeleteRecords 0-2. The records below an offset (-1: the high watermark) are served no more; the answer leaves once no
// crash can bring them back. Their files go afterwards.
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
  bool has_deleted = false;
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
      has_deleted = has_deleted || answer.error_code == ErrorCode::NONE;
    }
  }
  if (has_deleted) {
    const auto done = std::make_shared<OneShot<Result<void>>>();
    context.broker.partitions.housekeeper().make_log_starts_durable(done);
    const auto durable = co_await done->wait();
    for (auto& topic : response.topics) {
      for (Answer& answer : topic.partitions) {
        if (answer.error_code == ErrorCode::NONE && !durable) {
          answer_with(answer, std::unexpected(durable.error()));
        }
      }
    }
  }
  co_return response;
}

}  // namespace ottla
