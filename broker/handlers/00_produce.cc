// Produce 3-13 (advertised from 0: librdkafka before 2.8 switches compression off otherwise, KAFKA-18659). Two stages:
// appended in order (then the connection reads on), and durable (then the reply may leave). Topics by id from
// version 13.
#include <fmt/format.h>

#include <chrono>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/groups/offsets_topic.h"
#include "broker/handlers.h"
#include "broker/log.h"
#include "broker/wall_clock.h"
#include "protocol/record.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

using PartitionAnswer = ProduceResponse::TopicProduceResponse::PartitionProduceResponse;

constexpr std::int16_t zstd_since = 7;  // KIP-110

// One partition's share of a request, between the two stages.
struct Written {
  std::shared_ptr<Partition> partition;
  Offset end;  // what has to be committed; everything below it
  LeaderEpoch epoch;
  PartitionAnswer* answer = nullptr;
};

void refuse(PartitionAnswer& answer, const Error& error) {
  answer.error_code = error.code;
  answer.base_offset = Offset{-1};
  if (!error.message.empty()) {
    answer.error_message = error.message;
  }
}

BatchLimits limits_of(const RequestContext& context, const TopicConfig& topic) {
  const Config& config = context.broker.config;
  return {.max_batch_bytes = topic.max_message_bytes,
          .decompression_max_bytes = config.decompression_max_bytes,
          .decompression_max_ratio = config.decompression_max_ratio,
          .keys_required = topic.is_compacted};
}

Result<BatchCheck> check(const RequestContext& context, const Partition& partition, const TopicConfig& config,
                         std::span<const std::byte> batch) {
  auto checked = check_produced_batch(batch, limits_of(context, config));
  if (!checked) {
    return checked;
  }
  if (checked->header.codec() == Codec::zstd && context.header.api_version < zstd_since) {
    return failure(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7");
  }
  if (checked->header.is_transactional()) {
    logger().warn("refused a transactional batch for {}: transactions are not served yet", partition.name());
    return failure(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "transactions are not served yet");
  }
  return checked;
}

// message.timestamp.before.max.ms and after (KIP-937).
Result<void> check_timestamps(const BatchCheck& checked, const TopicConfig& config, std::int64_t now_ms) {
  const bool too_old = checked.min_timestamp_ms < now_ms - config.timestamp_before_max_ms;
  const bool too_new = checked.true_max_timestamp_ms - now_ms > config.timestamp_after_max_ms;
  if (too_old || too_new) {
    return failure(ErrorCode::INVALID_TIMESTAMP,
                   fmt::format("a timestamp of {}, allowed are {} ms before and {} ms after now ({})",
                               too_old ? checked.min_timestamp_ms : checked.true_max_timestamp_ms,
                               config.timestamp_before_max_ms, config.timestamp_after_max_ms, now_ms));
  }
  return {};
}

// First stage for one partition. Gives what the second stage has to wait for, if anything was written.
Awaitable<std::optional<Written>> append(RequestContext& context, std::shared_ptr<Partition> partition,
                                         std::span<std::byte> batch, bool needs_all_acks, PartitionAnswer& answer) {
  const auto config = partition->config();  // one and the same for the whole batch
  auto checked = check(context, *partition, *config, batch);
  if (!checked) {
    refuse(answer, checked.error());
    co_return std::nullopt;
  }
  const std::int64_t now_ms = wall_clock_ms();
  Bytes repacked;  // lives until the batch is written
  if (const auto codec = config->codec; codec && *codec != checked->header.codec()) {
    auto packed = recompress(batch, *codec, limits_of(context, *config));
    if (!packed) {
      refuse(answer, packed.error());
      co_return std::nullopt;
    }
    repacked = std::move(*packed);
    if (std::ssize(repacked) > config->max_message_bytes) {
      refuse(answer, {ErrorCode::MESSAGE_TOO_LARGE,
                      fmt::format("{} bytes as the topic compresses it, more than max.message.bytes, {}",
                                  repacked.size(), config->max_message_bytes)});
      co_return std::nullopt;
    }
    batch = repacked;
    checked->header = BatchHeader::read(batch);
  }
  if (!config->uses_log_append_time) {
    if (const auto in_time = check_timestamps(*checked, *config, now_ms); !in_time) {
      refuse(answer, in_time.error());
      co_return std::nullopt;
    }
  } else {
    patch_timestamps(batch, now_ms, true);
    checked->header = BatchHeader::read(batch);
    checked->true_max_timestamp_ms = now_ms;
    checked->offset_of_max_timestamp = Offset{0};
    answer.log_append_time_ms = now_ms;
  }
  const AppendBatch whole{batch, *checked};
  const auto appended = co_await partition->append(whole, needs_all_acks);
  if (!appended) {
    refuse(answer, appended.error());
    co_return std::nullopt;
  }
  answer.base_offset = appended->base_offset;
  answer.log_start_offset = partition->view().log_start_offset;
  co_return Written{std::move(partition), appended->base_offset + checked->header.records_count, appended->epoch,
                    &answer};
}

std::shared_ptr<const ServedTopic> find_topic(const RequestContext& context,
                                              const ProduceRequest::TopicProduceData& topic) {
  const Partitions& partitions = context.broker.partitions;
  return context.header.api_version >= 13 ? partitions.find(topic.topic_id) : partitions.find(topic.name);
}

bool needs_all_acks(const ProduceRequest& request) { return request.acks == -1; }

std::optional<Error> refuse_request(const ProduceRequest& request) {
  if (request.acks < -1 || request.acks > 1) {
    return Error{ErrorCode::INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1"};
  }
  if (request.transactional_id) {
    logger().warn("refused a transactional producer: transactions are not served yet");
    return Error{ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "transactions are not served yet"};
  }
  return std::nullopt;
}

// First stage for the whole request; fills `response` with one answer for each partition asked for, in order.
Awaitable<std::vector<Written>> append_all(RequestContext& context, ProduceRequest& request,
                                           ProduceResponse& response) {
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
      } else if (auto one = co_await append(context, partition, data.records.bytes, needs_all_acks(request), answer)) {
        written.push_back(std::move(*one));
      }
    }
  }
  co_return written;
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
  const auto written = co_await append_all(context, request, response);
  context.dispatched.complete(true);
  if (request.acks == 0) {
    context.reply->nothing_to_send = true;
    if (has_error(response)) {  // there is no reply that could tell: Kafka closes the connection, too
      context.connection.close("a Produce request with acks=0 failed");
    }
    co_return response;
  }
  const auto time_out = std::chrono::milliseconds(std::max(0, request.timeout_ms));
  for (const Written& one : written) {
    const auto committed = co_await one.partition->wait_until_committed(context.core, one.end, one.epoch, time_out,
                                                                        needs_all_acks(request));
    if (!committed) {
      refuse(*one.answer, committed.error());
    }
  }
  co_return response;
}

}  // namespace ottla
