// ReplicaFetch 0: the replica (replication/replica_leading.cc) says what a follower gets; here it is read, or waited
// for. The first batch is given even if it is larger than the follower asked for.
#include <algorithm>

#include "broker/cluster/cluster_request.h"
#include "broker/handlers.h"
#include "broker/slice_records.h"
#include "broker/wall_clock.h"
#include "replication/replica_events.h"

namespace ottla {

namespace {

constexpr std::int32_t longest_wait_ms = 30'000;

struct Found {
  replica_effect::AnswerFetch answer;
  LogSlice slice;

  [[nodiscard]] bool is_final() const {
    return answer.error != ErrorCode::NONE || answer.diverging_epoch.epoch.value >= 0 || slice.size_bytes > 0;
  }
};

Found look(Partition& partition, const FollowerFetch& fetch, std::int32_t max_bytes) {
  Found found{.answer = partition.fetched_by(fetch)};
  if (found.is_final()) {
    return found;
  }
  auto slice = partition.replica_slice(found.answer.read_from, max_bytes);
  if (slice) {
    found.slice = std::move(*slice);
  } else {
    partition.report_damage(slice.error());
    found.answer.error = slice.error().code;
  }
  return found;
}

// Until there is more in the log, the high watermark or the log start moves, or nobody wants to know any more.
Awaitable<> wait_for_news(RequestContext& context, Partition& partition, const replica_effect::AnswerFetch& seen,
                          std::int32_t max_wait_ms) {
  const auto woken = std::make_shared<Woken>();
  const auto timer = context.core.after(std::chrono::milliseconds(max_wait_ms), [woken] { woken->complete(false); });
  partition.wake_on_news(seen, woken);
  context.connection.wake_at_close(woken);
  co_await woken->wait();
  context.connection.forget(woken);
  context.core.cancel(timer);
}

// Into memory that lives until the reply is sent. What is read while another may lead counts for nothing: the log may
// have been cut and written anew under it.
void read(RequestContext& context, Partition& partition, const LogSlice& slice, LeaderEpoch epoch,
          ReplicaFetchResponse& response) {
  auto records = read_records(*context.reply, slice);
  response.records.is_null = false;
  if (!records) {
    partition.report_damage(records.error());
    response.error_code = records.error().code;
  } else if (slice.size_bytes > 0 && !partition.leads_in(epoch)) {
    response.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
  } else {
    response.records = *records;
  }
}

FollowerFetch fetch_of(const ReplicaFetchRequest& request) {
  return {.replica = request.replica_id,
          .broker_epoch = request.broker_epoch,
          .current_leader_epoch = request.current_leader_epoch,
          .fetch_offset = request.fetch_offset,
          .last_fetched_epoch = request.last_fetched_epoch,
          .durable_end_offset = request.durable_end_offset,
          .durable_start_offset = request.durable_start_offset,
          .has_no_room = request.has_no_room,
          .received_ms = steady_clock_ms()};
}

}  // namespace

template <>
Awaitable<ReplicaFetchResponse> handle(RequestContext& context, ReplicaFetchRequest& request) {
  ReplicaFetchResponse response;
  response.records.is_null = false;
  if (!is_of_our_cluster(context, request.cluster_id)) {
    co_return response;
  }
  const auto topic = context.broker.partitions.find(request.topic_id);
  const auto partition = topic ? topic->partition(request.partition_index) : nullptr;
  if (!partition) {
    response.error_code = topic ? absence(topic, request.partition_index) : ErrorCode::UNKNOWN_TOPIC_ID;
    co_return response;
  }
  const FollowerFetch fetch = fetch_of(request);
  const std::int32_t max_bytes = std::clamp(request.max_bytes, 0, context.broker.config.socket_request_max_bytes);
  const std::int32_t max_wait_ms = std::clamp(request.max_wait_ms, 0, longest_wait_ms);
  co_await context.connection.wait_to_answer();
  Found found = look(*partition, fetch, max_bytes);
  if (!found.is_final() && max_wait_ms > 0 && !context.connection.is_closed()) {
    co_await wait_for_news(context, *partition, found.answer, max_wait_ms);
    co_await context.connection.wait_to_answer();
    found = look(*partition, fetch, max_bytes);
  }
  response.error_code = found.answer.error;
  response.diverging_epoch = found.answer.diverging_epoch.epoch;
  response.diverging_end_offset = found.answer.diverging_epoch.end_offset;
  response.high_watermark = found.answer.high_watermark;
  response.log_start_offset = found.answer.log_start_offset;
  read(context, *partition, found.slice, fetch.current_leader_epoch, response);
  co_return response;
}

}  // namespace ottla
