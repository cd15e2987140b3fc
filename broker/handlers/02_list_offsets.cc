// ListOffsets 1-11. -1 the end a consumer may see, -2 the start, -3 the greatest timestamp (KIP-734); -4, -5, -6 as for
// a log without tiers (KIP-405, KIP-1005, KIP-1023). A time with nothing at or after it: offset -1 and no error.
#include <set>
#include <string>
#include <utility>

#include "broker/broker.h"
#include "broker/epoch_check.h"
#include "broker/handlers.h"

namespace ottla {

namespace {

using Asked = ListOffsetsRequest::ListOffsetsTopic::ListOffsetsPartition;
using Answer = ListOffsetsResponse::ListOffsetsTopicResponse::ListOffsetsPartitionResponse;

enum Special : std::int64_t {
  latest = -1,
  earliest = -2,
  with_max_timestamp = -3,
  earliest_local = -4,
  latest_tiered = -5,
  earliest_pending_upload = -6,
};

constexpr std::int16_t since_version(std::int64_t timestamp) {
  switch (timestamp) {
    case with_max_timestamp:
      return 7;
    case earliest_local:
      return 8;
    case latest_tiered:
      return 9;
    case earliest_pending_upload:
      return 11;
    default:
      return 1;
  }
}

// KIP-207: a new leader's high watermark lags; to look below it only would send a consumer back.
constexpr ErrorCode end_not_known(std::int16_t version) {
  return version >= 5 ? ErrorCode::OFFSET_NOT_AVAILABLE : ErrorCode::LEADER_NOT_AVAILABLE;
}

void answer_with(Answer& answer, const Result<TimestampAndOffset>& found, const PartitionView& view,
                 std::int16_t version) {
  if (!found) {
    answer.error_code = found.error().code;
    return;
  }
  if (found->offset.value < 0 && !view.knows_end) {
    answer.error_code = end_not_known(version);
    return;
  }
  answer.timestamp = found->timestamp_ms;
  answer.offset = found->offset;
  answer.leader_epoch = found->epoch;
}

constexpr bool is_known(std::int64_t timestamp, std::int16_t version) {
  return timestamp >= 0 || (timestamp >= earliest_pending_upload && version >= since_version(timestamp));
}

void look_up(Partition& partition, const Asked& asked, std::int16_t version, Answer& answer) {
  const PartitionView view = partition.view();
  answer.error_code =
      view.error != ErrorCode::NONE ? view.error : check_epoch(asked.current_leader_epoch, view.leader_epoch);
  if (answer.error_code != ErrorCode::NONE) {
    return;
  }
  switch (asked.timestamp) {
    case latest:
      if (!view.knows_end) {
        answer.error_code = end_not_known(version);
        break;
      }
      answer.offset = view.high_watermark;
      answer.leader_epoch = view.leader_epoch;
      break;
    case earliest:
    case earliest_local:
      answer.offset = view.log_start_offset;
      answer.leader_epoch = view.leader_epoch;
      break;
    case with_max_timestamp:
      answer_with(answer, partition.max_timestamp(), view, version);
      break;
    case latest_tiered:
    case earliest_pending_upload:
      break;  // nothing is tiered: -1
    default:
      answer_with(answer, partition.offset_for_timestamp(asked.timestamp), view, version);
  }
}

// Those that are asked for more than once: Kafka answers none of them.
std::set<std::pair<std::string, std::int32_t>> repeated(const ListOffsetsRequest& request) {
  std::set<std::pair<std::string, std::int32_t>> seen;
  std::set<std::pair<std::string, std::int32_t>> again;
  for (const auto& topic : request.topics) {
    for (const Asked& asked : topic.partitions) {
      if (const auto [at, is_new] = seen.emplace(topic.name, asked.partition_index); !is_new) {
        again.insert(*at);
      }
    }
  }
  return again;
}

}  // namespace

template <>
Awaitable<ListOffsetsResponse> handle(RequestContext& context, ListOffsetsRequest& request) {
  ListOffsetsResponse response;
  const auto again = repeated(request);
  for (const auto& topic : request.topics) {
    auto& topic_answer = response.topics.emplace_back();
    topic_answer.name = topic.name;
    const auto served = context.broker.partitions.find(topic.name);
    for (const Asked& asked : topic.partitions) {
      Answer& answer = topic_answer.partitions.emplace_back();
      answer.partition_index = asked.partition_index;
      if (again.contains({topic.name, asked.partition_index})) {
        answer.error_code = ErrorCode::INVALID_REQUEST;
      } else if (!is_known(asked.timestamp, context.header.api_version)) {
        answer.error_code = ErrorCode::UNSUPPORTED_VERSION;
      } else if (const auto partition = served ? served->partition(asked.partition_index) : nullptr) {
        look_up(*partition, asked, context.header.api_version, answer);
      } else {
        answer.error_code = absence(served, asked.partition_index);
      }
    }
  }
  co_return response;
}

}  // namespace ottla
