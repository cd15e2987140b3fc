// Fetch 4-18. From version 11 followers are read from, too, and the leader tells a client of one in its rack (KIP-392).
// Batches below the high watermark (the last may be cut at the size asked for), in request order, with a
// long poll (min_bytes, max_wait_ms). Sessions from version 7 (KIP-227), topics by id from version 13. Replicas do not
// fetch here.
#include <algorithm>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/epoch_check.h"
#include "broker/fetch_session.h"
#include "broker/handlers.h"
#include "broker/leader_hints.h"
#include "broker/nearest_replica.h"
#include "broker/slice_records.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

using PartitionAnswer = FetchSession::Answer;
using PartitionAsked = FetchSession::Asked;

constexpr std::int16_t zstd_since = 10;  // KIP-110
constexpr std::int8_t read_uncommitted = 0;
constexpr std::int32_t longest_wait_ms = 5 * 60'000;  // whatever a client asks for

constexpr std::int16_t by_id_since = 13;
constexpr std::int16_t from_followers_since = 11;
constexpr std::int32_t begin_session = 0;  // a request's session epoch; all others belong to a session
constexpr std::int32_t no_session = -1;

// One partition asked for, and what can be read of it now.
struct Part {
  std::string_view topic;
  TopicId topic_id;
  const PartitionAsked* asked = nullptr;
  FetchSession::Partitions::iterator cached;  // in an incremental fetch
  PartitionAnswer answer = {};
  std::shared_ptr<Partition> partition = nullptr;  // nullptr: it has its error already
  LogSlice slice = {};
  ReadFrom from = ReadFrom::leader;
};

bool has_diverged(const PartitionAnswer& answer) { return answer.diverging_epoch.end_offset.value >= 0; }

ErrorCode why_not(Part& part, const PartitionView& view) {
  const PartitionAsked& asked = *part.asked;
  const LeaderEpoch known_epoch = std::max(asked.current_leader_epoch, LeaderEpoch{-1});
  auto error = view.error != ErrorCode::NONE ? view.error : check_epoch(known_epoch, view.leader_epoch);
  if (error == ErrorCode::NONE && asked.last_fetched_epoch.value >= 0) {
    error = find_divergence(*part.partition, asked.last_fetched_epoch, asked.fetch_offset, part.answer.diverging_epoch);
  }
  if (error != ErrorCode::NONE) {
    return error;
  }
  const bool is_beyond = asked.fetch_offset > view.log_end_offset && !has_diverged(part.answer);
  return is_beyond || asked.fetch_offset < view.log_start_offset ? ErrorCode::OFFSET_OUT_OF_RANGE : ErrorCode::NONE;
}

// An error tells nothing else of the partition.
void refuse(PartitionAnswer& answer, ErrorCode error) {
  answer.error_code = error;
  answer.high_watermark = answer.last_stable_offset = answer.log_start_offset = Offset{-1};
  answer.diverging_epoch = {};
  answer.aborted_transactions.reset();
}

// Finds what there is to read within `left_bytes`; the first batch of the whole answer is given even if it is larger.
void look(Part& part, std::int64_t left_bytes, bool is_first, const NearestReplica& nearest) {
  PartitionAnswer& answer = part.answer;
  answer.error_code = ErrorCode::NONE;
  answer.high_watermark = Offset{-1};
  part.slice = {};
  const PartitionView view = part.partition->view(part.from);
  if (const auto error = why_not(part, view); error != ErrorCode::NONE) {
    refuse(answer, error);
    return;
  }
  answer.high_watermark = view.high_watermark;
  answer.last_stable_offset = view.high_watermark;
  answer.log_start_offset = view.log_start_offset;
  if (has_diverged(answer)) {
    answer.aborted_transactions.reset();
    return;
  }
  answer.preferred_read_replica = nearest.of(*part.partition, part.asked->fetch_offset);
  if (answer.preferred_read_replica.value >= 0) {
    return;
  }
  const auto max_bytes = std::min<std::int64_t>(left_bytes, part.asked->partition_max_bytes);
  if (part.asked->fetch_offset >= view.high_watermark || (max_bytes <= 0 && !is_first)) {
    return;
  }
  auto slice =
      part.partition->slice(part.asked->fetch_offset, std::max<std::int64_t>(0, max_bytes), is_first, part.from);
  if (!slice) {
    part.partition->report_damage(slice.error());
    refuse(answer, slice.error().code);
    return;
  }
  part.slice = std::move(*slice);
}

struct Found {
  std::int64_t size_bytes = 0;
  bool has_news = false;     // an error, a divergence or a nearer replica: answer at once
  bool is_hopeless = false;  // so if there is no partition that could have any
};

Found look_at_all(std::vector<Part>& parts, std::int64_t max_bytes, const NearestReplica& nearest) {
  Found found;
  found.is_hopeless = std::ranges::none_of(parts, [](const Part& part) { return part.partition != nullptr; });
  for (Part& part : parts) {
    if (part.partition) {
      look(part, max_bytes - found.size_bytes, found.size_bytes == 0, nearest);
      found.size_bytes += part.slice.size_bytes;
    }
    // Those that are not there are no news, as long as there are others to wait for.
    found.has_news = found.has_news || (part.partition && part.answer.error_code != ErrorCode::NONE) ||
                     has_diverged(part.answer) || part.answer.preferred_read_replica.value >= 0;
  }
  return found;
}

void read(RequestContext& context, Part& part) {
  PartitionAnswer& answer = part.answer;
  const bool must_look_at_it = context.header.api_version < zstd_since;
  if (!must_look_at_it) {
    if (const auto records = leave_in_file(*context.reply, part.slice, context.broker.held_memory)) {
      answer.records = *records;
      return;
    }
  }
  auto records = read_records(*context.reply, part.slice);
  if (!records) {
    part.partition->report_damage(records.error());
    refuse(answer, records.error().code);
  } else if (must_look_at_it && holds_codec(records->bytes, Codec::zstd)) {
    answer.error_code = ErrorCode::UNSUPPORTED_COMPRESSION_TYPE;
  } else {
    answer.records = *records;
    return;
  }
  answer.records.is_null = false;
}

// Waits until one of the partitions moves, or the deadline.
Awaitable<> wait_for_news(RequestContext& context, const std::vector<Part>& parts, Clock::time_point deadline) {
  const auto woken = std::make_shared<Woken>();
  const auto timer = context.core.after(deadline - Clock::now(), [woken] { woken->complete(false); });
  for (const Part& part : parts) {
    if (part.partition) {
      part.partition->wake_on_advance(part.answer.high_watermark, woken, part.from);
    }
  }
  context.connection.wake_at_close(woken);
  co_await woken->wait();
  context.connection.forget(woken);
  context.core.cancel(timer);
}

std::vector<Part> asked_by(const FetchRequest& request) {
  std::vector<Part> parts;
  for (const auto& topic : request.topics) {
    for (const auto& asked : topic.partitions) {
      parts.push_back({.topic = topic.topic, .topic_id = topic.topic_id, .asked = &asked});
    }
  }
  return parts;
}

std::vector<Part> asked_by(FetchSession& session) {
  std::vector<Part> parts;
  parts.reserve(session.partitions().size());
  for (auto at = session.partitions().begin(); at != session.partitions().end(); ++at) {
    parts.push_back({.topic = at->topic, .topic_id = at->topic_id, .asked = &at->asked, .cached = at});
  }
  return parts;
}

void find_partitions(RequestContext& context, const FetchRequest& request, std::vector<Part>& parts) {
  const bool by_id = context.header.api_version >= by_id_since;
  const bool is_replica = request.replica_id.value >= 0 || request.replica_state.replica_id.value >= 0;
  std::shared_ptr<const ServedTopic> served;
  const Part* before = nullptr;
  for (Part& part : parts) {
    if (before == nullptr || before->topic != part.topic || before->topic_id != part.topic_id) {
      served = by_id ? context.broker.partitions.find(part.topic_id) : context.broker.partitions.find(part.topic);
    }
    before = &part;
    part.answer.partition_index = part.asked->partition;
    part.answer.high_watermark = Offset{-1};
    part.from = context.header.api_version >= from_followers_since ? ReadFrom::any_replica : ReadFrom::leader;
    if (is_replica) {
      refuse(part.answer, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    } else if (part.partition = served ? served->partition(part.asked->partition) : nullptr; !part.partition) {
      part.answer.error_code = by_id && !served ? ErrorCode::UNKNOWN_TOPIC_ID : absence(served, part.asked->partition);
    } else if (request.isolation_level == read_uncommitted) {
      part.answer.aborted_transactions.reset();  // null; otherwise none: transactions are not served yet
    }
  }
}

// Waits for enough to answer with, and reads it.
Awaitable<> fetch(RequestContext& context, const FetchRequest& request, std::vector<Part>& parts) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(std::clamp(request.max_wait_ms, 0, longest_wait_ms));
  const NearestReplica nearest(context, request.rack_id);
  for (;;) {
    const std::int64_t max_bytes = std::min<std::int64_t>(
        {request.max_bytes, context.broker.config.fetch_max_bytes, context.broker.held_memory.answer_bytes_max()});
    const Found found = look_at_all(parts, max_bytes, nearest);
    const bool enough = found.size_bytes >= std::min<std::int64_t>(request.min_bytes, max_bytes);
    if (enough || found.has_news || found.is_hopeless || Clock::now() >= deadline || context.connection.is_closed()) {
      break;
    }
    co_await wait_for_news(context, parts, deadline);
  }
  for (Part& part : parts) {
    read(context, part);
  }
}

void add(FetchResponse& response, Part& part) {
  if (response.responses.empty() || response.responses.back().topic != part.topic ||
      response.responses.back().topic_id != part.topic_id) {
    response.responses.push_back({.topic = std::string(part.topic), .topic_id = part.topic_id, .partitions = {}});
  }
  response.responses.back().partitions.push_back(std::move(part.answer));
}

Awaitable<FetchResponse> fetch_all(RequestContext& context, const FetchRequest& request) {
  FetchResponse response;
  auto& session = context.connection.fetch_session;
  auto parts = asked_by(request);
  find_partitions(context, request, parts);
  co_await fetch(context, request, parts);
  if (request.session_epoch == begin_session) {
    const bool by_id = context.header.api_version >= by_id_since;
    session.reset();  // before the next one: a connection has one at a time
    session = FetchSession::begin(request, by_id, context.broker.fetch_session_slots);
    response.session_id = session ? session->id() : 0;
  }
  for (Part& part : parts) {
    if (response.session_id != 0) {
      session->note(session->find(part.topic, part.topic_id, part.asked->partition), part.answer);
    }
    add(response, part);
  }
  tell_leaders(context, response);
  co_return response;
}

Awaitable<FetchResponse> fetch_news(RequestContext& context, const FetchRequest& request) {
  FetchResponse response;
  auto& session = context.connection.fetch_session;
  response.error_code = session ? session->update(request, context.header.api_version >= by_id_since)
                                : ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
  if (response.error_code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND) {
    session.reset();
  }
  if (response.error_code != ErrorCode::NONE) {
    co_return response;
  }
  if (session->partitions().empty()) {
    session.reset();
    co_return response;
  }
  response.session_id = session->id();
  auto parts = asked_by(*session);
  find_partitions(context, request, parts);
  co_await fetch(context, request, parts);
  for (Part& part : parts) {
    if (session->note(part.cached, part.answer)) {
      add(response, part);
    }
  }
  tell_leaders(context, response);
  co_return response;
}

}  // namespace

// The requests of a connection are served one after the other, so its session is one request's alone.
template <>
Awaitable<FetchResponse> handle(RequestContext& context, FetchRequest& request) {
  auto& session = context.connection.fetch_session;
  if (request.session_epoch != begin_session && request.session_epoch != no_session) {
    return fetch_news(context, request);
  }
  if (session && session->id() == request.session_id) {
    session.reset();
  }
  return fetch_all(context, request);
}

}  // namespace ottla
