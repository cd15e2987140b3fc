// Fetch 4-18. Batches below the high watermark (the last may be cut at the size asked for), in request order, with a
// long poll (min_bytes, max_wait_ms). Answers are sessionless (session id 0, KIP-227 allows it). Topics by id from
// version 13. Replicas do not fetch here.
#include <algorithm>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/epoch_check.h"
#include "broker/handlers.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

using PartitionAnswer = FetchResponse::FetchableTopicResponse::PartitionData;
using PartitionAsked = FetchRequest::FetchTopic::FetchPartition;

constexpr std::int16_t zstd_since = 10;  // KIP-110
constexpr std::int8_t read_uncommitted = 0;
constexpr std::int32_t longest_wait_ms = 5 * 60'000;  // whatever a client asks for

// One partition asked for, and what can be read of it now.
struct Part {
  const PartitionAsked* asked = nullptr;
  PartitionAnswer* answer = nullptr;
  std::shared_ptr<Partition> partition;  // nullptr: it has its error already
  LogSlice slice;
};

// Kafka's truncation check (KIP-595): the client's last epoch must end at or above where it wants to read.
bool has_diverged(Part& part) {
  if (part.asked->last_fetched_epoch.value < 0) {
    return false;
  }
  const auto end = part.partition->end_offset_for(part.asked->last_fetched_epoch);
  if (end.epoch.value < 0) {
    part.answer->error_code = ErrorCode::OFFSET_OUT_OF_RANGE;
    return true;
  }
  if (end.epoch < part.asked->last_fetched_epoch || end.end_offset < part.asked->fetch_offset) {
    part.answer->diverging_epoch.epoch = end.epoch;
    part.answer->diverging_epoch.end_offset = end.end_offset;
    return true;
  }
  return false;
}

// Finds what there is to read within `left_bytes`; the first batch of the whole answer is given even if it is larger.
void look(Part& part, std::int64_t left_bytes, bool is_first) {
  PartitionAnswer& answer = *part.answer;
  answer.error_code = ErrorCode::NONE;
  part.slice = {};
  const PartitionView view = part.partition->view();
  if (view.error != ErrorCode::NONE) {
    answer.error_code = view.error;
    return;
  }
  if (const auto epoch_error = check_epoch(part.asked->current_leader_epoch, view.leader_epoch);
      epoch_error != ErrorCode::NONE) {
    answer.error_code = epoch_error;
    return;
  }
  answer.high_watermark = view.high_watermark;
  answer.last_stable_offset = view.high_watermark;
  answer.log_start_offset = view.log_start_offset;
  if (has_diverged(part)) {
    return;
  }
  if (part.asked->fetch_offset < view.log_start_offset || part.asked->fetch_offset > view.log_end_offset) {
    answer.error_code = ErrorCode::OFFSET_OUT_OF_RANGE;
    return;
  }
  const auto max_bytes = std::min<std::int64_t>(left_bytes, part.asked->partition_max_bytes);
  if (part.asked->fetch_offset >= view.high_watermark || (max_bytes <= 0 && !is_first)) {
    return;
  }
  auto slice = part.partition->slice(part.asked->fetch_offset, std::max<std::int64_t>(0, max_bytes), is_first);
  if (!slice) {
    part.partition->report_damage(slice.error());
    answer.error_code = slice.error().code;
    return;
  }
  part.slice = std::move(*slice);
}

struct Found {
  std::int64_t size_bytes = 0;
  bool has_news = false;  // an error or a divergence: answer at once
};

Found look_at_all(std::vector<Part>& parts, std::int64_t max_bytes) {
  Found found;
  for (Part& part : parts) {
    if (part.partition) {
      look(part, max_bytes - found.size_bytes, found.size_bytes == 0);
      found.size_bytes += part.slice.size_bytes;
    }
    found.has_news = found.has_news || part.answer->error_code != ErrorCode::NONE ||
                     part.answer->diverging_epoch.end_offset.value >= 0;
  }
  return found;
}

bool holds_zstd(std::span<const std::byte> bytes) {
  while (bytes.size() >= batch_header_bytes) {
    const auto header = BatchHeader::read(bytes);
    if (header.codec() == Codec::zstd) {
      return true;
    }
    if (header.size_bytes() > static_cast<std::int64_t>(bytes.size())) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(header.size_bytes()));
  }
  return false;
}

// Reads the slice into memory that lives until the reply is sent.
void read(RequestContext& context, Part& part) {
  PartitionAnswer& answer = *part.answer;
  answer.records.is_null = false;
  if (part.slice.size_bytes == 0) {
    return;
  }
  const auto size = static_cast<std::size_t>(part.slice.size_bytes);
  const auto slab =
      std::make_shared<Slab>(Slab{.bytes = std::make_unique_for_overwrite<std::byte[]>(size), .capacity = size});
  const auto got = part.slice.read({slab->bytes.get(), size});
  if (!got) {
    part.partition->report_damage(got.error());
    answer.error_code = got.error().code;
    return;
  }
  const std::span<std::byte> bytes{slab->bytes.get(), *got};
  if (context.header.api_version < zstd_since && holds_zstd(bytes)) {
    answer.error_code = ErrorCode::UNSUPPORTED_COMPRESSION_TYPE;
    return;
  }
  answer.records.bytes = bytes;
  context.reply->kept_alive.push_back(slab);
}

// Waits until one of the partitions moves, or the deadline.
Awaitable<> wait_for_news(RequestContext& context, const std::vector<Part>& parts, Clock::time_point deadline) {
  const auto woken = std::make_shared<Woken>();
  const auto timer = context.core.after(deadline - Clock::now(), [woken] { woken->complete(false); });
  for (const Part& part : parts) {
    if (part.partition) {
      part.partition->wake_on_advance(part.answer->high_watermark, woken);
    }
  }
  co_await woken->wait();
  context.core.cancel(timer);
}

std::vector<Part> find_partitions(RequestContext& context, const FetchRequest& request, FetchResponse& response) {
  const bool by_id = context.header.api_version >= 13;
  const bool is_replica = request.replica_id.value >= 0 || request.replica_state.replica_id.value >= 0;
  std::vector<Part> parts;
  for (const auto& topic : request.topics) {
    auto& topic_answer = response.responses.emplace_back();
    topic_answer.topic = topic.topic;
    topic_answer.topic_id = topic.topic_id;
    topic_answer.partitions.resize(topic.partitions.size());  // pointed to from here on
    const auto served =
        by_id ? context.broker.partitions.find(topic.topic_id) : context.broker.partitions.find(topic.topic);
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      Part part{.asked = &topic.partitions[i], .answer = &topic_answer.partitions[i], .partition = {}, .slice = {}};
      part.answer->partition_index = part.asked->partition;
      part.answer->high_watermark = Offset{-1};
      if (request.isolation_level == read_uncommitted) {
        part.answer->aborted_transactions.reset();  // null; otherwise none: transactions are not served yet
      }
      if (is_replica) {
        part.answer->error_code = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
      } else if (part.partition = served ? served->partition(part.asked->partition) : nullptr; !part.partition) {
        part.answer->error_code =
            by_id && !served ? ErrorCode::UNKNOWN_TOPIC_ID : ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
      }
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

}  // namespace

template <>
Awaitable<FetchResponse> handle(RequestContext& context, FetchRequest& request) {
  FetchResponse response;
  if (request.session_id != 0 && request.session_epoch != -1) {
    response.error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;  // we never gave one out; the client starts anew
    co_return response;
  }
  auto parts = find_partitions(context, request, response);
  const std::int64_t max_bytes = std::min(request.max_bytes, context.broker.config.fetch_max_bytes);
  const auto deadline = Clock::now() + std::chrono::milliseconds(std::clamp(request.max_wait_ms, 0, longest_wait_ms));
  for (;;) {
    const Found found = look_at_all(parts, max_bytes);
    const bool enough = found.size_bytes >= std::min<std::int64_t>(request.min_bytes, max_bytes);
    if (enough || found.has_news || parts.empty() || Clock::now() >= deadline || context.connection.is_closed()) {
      break;
    }
    co_await wait_for_news(context, parts, deadline);
  }
  for (Part& part : parts) {
    read(context, part);
  }
  co_return response;
}

}  // namespace ottla
