// Produce 3-13 (advertised from 0: librdkafka before 2.8 switches compression off otherwise, KAFKA-18659). Two stages:
// appended in order (then the connection reads on), and durable (then the reply may leave). Topics by id from
// version 13.
#include <fmt/format.h>

#include <chrono>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"
#include "broker/leader_hints.h"
#include "broker/log.h"
#include "broker/record_rules.h"
#include "broker/wall_clock.h"
#include "protocol/record.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

using PartitionAnswer = ProduceResponse::TopicProduceResponse::PartitionProduceResponse;

constexpr std::int16_t zstd_since = 7;  // KIP-110

// One partition's share of a request on its way through the two stages.
struct Written {
  std::shared_ptr<Partition> partition;
  std::shared_ptr<PendingAppend> pending;
  Bytes repacked;  // what is written, unless that is in the request
  PartitionAnswer* answer = nullptr;
};

// Kafka tells where the log starts beside some errors and not beside others.
void refuse(PartitionAnswer& answer, const Error& error) {
  answer.error_code = error.code;
  answer.base_offset = Offset{-1};
  if (error.code == ErrorCode::MESSAGE_TOO_LARGE || error.code == ErrorCode::NOT_LEADER_OR_FOLLOWER ||
      error.code == ErrorCode::KAFKA_STORAGE_ERROR) {
    answer.log_start_offset = Offset{-1};
  }
  if (!error.message.empty()) {
    answer.error_message = error.message;
  }
}

BatchLimits limits_of(const RequestContext& context, const TopicConfig& topic) {
  const Config& config = context.broker.config;
  return {.max_batch_bytes = topic.max_message_bytes,
          .decompression_max_bytes = config.decompression_max_bytes,
          .decompression_max_ratio = config.decompression_max_ratio};
}

// What can be said of a batch before the log is looked at.
Result<void> check_frame(const RequestContext& context, std::span<const std::byte> batch, const BatchLimits& limits) {
  auto checked = check_batch_frame(batch, limits);
  if (checked && BatchHeader::read(batch).codec() == Codec::zstd && context.header.api_version < zstd_since) {
    return failure(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7");
  }
  return checked;
}

// A batch as it will be written, checked.
struct Accepted {
  std::span<std::byte> bytes;
  Bytes repacked;  // what `bytes` sees, if the topic compresses it anew
  BatchCheck checked;
};

Result<Accepted> accept(std::span<std::byte> batch, const TopicConfig& config, const BatchLimits& limits) {
  if (const Offset base = BatchHeader::read(batch).base_offset; base != Offset{0}) {
    return failure(ErrorCode::INVALID_RECORD, fmt::format("the base offset should be 0, but it is {}", base.value));
  }
  auto checked = check_batch_content(batch, limits);
  if (!checked) {
    return std::unexpected(std::move(checked.error()));
  }
  Accepted accepted{.bytes = batch, .repacked = {}, .checked = *checked};
  if (!config.codec || *config.codec == checked->header.codec()) {
    return accepted;
  }
  auto packed = recompress(batch, *config.codec, limits);
  if (!packed) {
    return std::unexpected(std::move(packed.error()));
  }
  if (std::ssize(*packed) > config.max_message_bytes) {
    return failure(ErrorCode::MESSAGE_TOO_LARGE,
                   fmt::format("{} bytes as the topic compresses it, more than max.message.bytes, {}", packed->size(),
                               config.max_message_bytes));
  }
  accepted.repacked = std::move(*packed);
  accepted.bytes = accepted.repacked;
  accepted.checked.header = BatchHeader::read(accepted.bytes);
  return accepted;
}

void set_append_time(Accepted& batch, std::int64_t now_ms) {
  patch_timestamps(batch.bytes, now_ms, true);
  batch.checked.header = BatchHeader::read(batch.bytes);
  batch.checked.true_max_timestamp_ms = now_ms;
  batch.checked.offset_of_max_timestamp = Offset{0};
}

// What is not accepted does not come to the log, which Kafka speaks of nevertheless.
std::optional<Written> refuse_batch(Partition& partition, const Error& error, PartitionAnswer& answer) {
  answer.log_start_offset = partition.view().log_start_offset;
  refuse(answer, error);
  return std::nullopt;
}

// First stage for one partition, begun. Nothing: it has its answer already.
std::optional<Written> begin_append(RequestContext& context, std::shared_ptr<Partition> partition,
                                    std::span<std::byte> batch, bool needs_all_acks, PartitionAnswer& answer) {
  const auto config = partition->config();  // one and the same for the whole batch
  const BatchLimits limits = limits_of(context, *config);
  if (const auto checked = check_frame(context, batch, limits); !checked) {
    refuse(answer, checked.error());
    return std::nullopt;
  }
  auto accepted = accept(batch, *config, limits);
  if (!accepted) {
    return refuse_batch(*partition, accepted.error(), answer);
  }
  const std::int64_t now_ms = wall_clock_ms();
  const RecordRules rules{.partition = partition->name(), .config = *config, .now_ms = now_ms, .limits = limits};
  if (auto wrong = wrong_records(batch, accepted->checked, rules)) {
    answer.record_errors = std::move(wrong->records);
    return refuse_batch(*partition, wrong->error, answer);
  }
  if (config->uses_log_append_time) {
    set_append_time(*accepted, now_ms);
    answer.log_append_time_ms = now_ms;
  }
  auto pending = partition->begin_append(context.core, {accepted->bytes, accepted->checked}, needs_all_acks);
  return Written{.partition = std::move(partition),
                 .pending = std::move(pending),
                 .repacked = std::move(accepted->repacked),
                 .answer = &answer};
}

std::shared_ptr<const ServedTopic> find_topic(const RequestContext& context,
                                              const ProduceRequest::TopicProduceData& topic) {
  const Partitions& partitions = context.broker.partitions;
  return context.header.api_version >= 13 ? partitions.find(topic.topic_id) : partitions.find(topic.name);
}

bool needs_all_acks(const ProduceRequest& request) { return request.acks == -1; }

bool is_transactional(std::span<const std::byte> batch) {
  return batch.size() >= batch_header_bytes && BatchHeader::read(batch).magic == 2 &&
         BatchHeader::read(batch).is_transactional();
}

// A transactional id alone is none: Kafka's rule, too.
bool is_transactional(const ProduceRequest& request) {
  return std::ranges::any_of(request.topic_data, [](const auto& topic) {
    return std::ranges::any_of(topic.partition_data,
                               [](const auto& data) { return is_transactional(data.records.bytes); });
  });
}

std::optional<Error> refuse_request(const ProduceRequest& request) {
  if (is_transactional(request)) {
    return Error{ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "transactions are not served yet"};
  }
  if (request.acks < -1 || request.acks > 1) {
    return Error{ErrorCode::INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1"};
  }
  return std::nullopt;
}

// Begins the first stage for the whole request; fills `response` with one answer for each partition asked for, in
// order.
std::vector<Written> begin_all(RequestContext& context, ProduceRequest& request, ProduceResponse& response) {
  std::vector<Written> written;
  const auto refused = refuse_request(request);
  response.responses.reserve(request.topic_data.size());
  for (auto& topic : request.topic_data) {
    auto& topic_answer = response.responses.emplace_back();
    topic_answer.name = topic.name;
    topic_answer.topic_id = topic.topic_id;
    topic_answer.partition_responses.resize(topic.partition_data.size());  // its elements are pointed to from here on
    const auto served = find_topic(context, topic);
    for (std::size_t i = 0; i < topic.partition_data.size(); ++i) {
      const auto& data = topic.partition_data[i];
      PartitionAnswer& answer = topic_answer.partition_responses[i];
      answer.index = data.index;
      const auto partition = served ? served->partition(data.index) : nullptr;
      if (refused) {
        refuse(answer, *refused);
      } else if (!partition) {
        const bool unknown_id = !served && context.header.api_version >= 13;
        refuse(answer, {unknown_id ? ErrorCode::UNKNOWN_TOPIC_ID : absence(served, data.index), ""});
      } else if (served->name == offsets_topic) {  // what stands there, the broker relies on
        refuse(answer,
               {ErrorCode::INVALID_TOPIC_EXCEPTION, fmt::format("Cannot append to internal topic {}", served->name)});
      } else if (auto one = begin_append(context, partition, data.records.bytes, needs_all_acks(request), answer)) {
        written.push_back(std::move(*one));
      }
    }
  }
  return written;
}

// The end of the first stage: where it is in the log, or why not.
Awaitable<> end_append(const Written& one) {
  co_await one.pending->done.wait();
  if (const auto& appended = one.pending->result) {
    one.answer->base_offset = appended->base_offset;
    one.answer->log_start_offset = appended->log_start_offset;
  } else {
    one.answer->log_append_time_ms = -1;
    one.answer->log_start_offset = one.partition->view().log_start_offset;
    refuse(*one.answer, appended.error());
  }
}

// The second stage.
Awaitable<> commit(RequestContext& context, const Written& one, std::chrono::milliseconds time_out) {
  const auto& appended = one.pending->result;
  if (!appended || appended->is_committed) {
    co_return;
  }
  const Offset end = appended->base_offset + one.pending->batch.check.header.records_count;
  const auto committed = co_await one.partition->wait_until_committed(context.core, end, appended->epoch, time_out,
                                                                      one.pending->needs_all_acks);
  if (!committed) {
    refuse(*one.answer, committed.error());
  }
}

bool has_error(const ProduceResponse& response) {
  return std::ranges::any_of(response.responses, [](const auto& topic) {
    return std::ranges::any_of(topic.partition_responses,
                               [](const PartitionAnswer& answer) { return answer.error_code != ErrorCode::NONE; });
  });
}

}  // namespace

template <>
Awaitable<ProduceResponse> handle(RequestContext& context, ProduceRequest& request) {
  ProduceResponse response;
  const auto written = begin_all(context, request, response);
  context.dispatched.complete(true);
  for (const Written& one : written) {
    co_await end_append(one);
  }
  if (request.acks == 0) {
    context.reply->nothing_to_send = true;
    if (has_error(response)) {  // there is no reply that could tell: Kafka closes the connection, too
      context.connection.close(CloseReason::bad_request, "a Produce request with acks=0 failed");
    }
    co_return response;
  }
  const auto time_out = std::chrono::milliseconds(std::max(0, request.timeout_ms));
  for (const Written& one : written) {
    co_await commit(context, one, time_out);
  }
  tell_leaders(context, response);
  co_return response;
}

}  // namespace ottla
