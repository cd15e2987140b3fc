#include "frames.h"

#include <chrono>
#include <random>

#include "protocol/api/00_produce.h"
#include "protocol/api/01_fetch.h"
#include "protocol/codec.h"
#include "protocol/record_batch.h"

namespace ottla {

namespace {

constexpr std::int16_t produce_version = 7;
constexpr std::int16_t fetch_version = 11;
constexpr std::string_view client_id = "bench";
constexpr std::int32_t record_overhead_bytes = 11;  // length, attributes, deltas, key and value lengths, headers

Bytes frame(std::int16_t key, std::int16_t version, const auto& message) {
  Writer writer;
  writer.integer<std::int32_t>(0);
  writer.integer(key);
  writer.integer(version);
  writer.integer<std::int32_t>(1);  // nobody looks at it: replies come in order
  writer.integer(static_cast<std::int16_t>(client_id.size()));
  writer.raw(client_id);
  encode_message(writer, message, version, std::decay_t<decltype(message)>::api.flexible);
  writer.patch_int32(0, static_cast<std::int32_t>(writer.size_bytes() - sizeof(std::int32_t)));
  return writer.flatten();
}

void add_record(Writer& body, std::int32_t delta, std::span<const std::byte> value) {
  Writer record;
  record.integer(std::int8_t{0});
  record.varlong(0);
  record.varint(delta);
  record.varint(-1);
  record.varint(static_cast<std::int32_t>(value.size()));
  record.raw(value);
  record.varint(0);
  body.varint(static_cast<std::int32_t>(record.size_bytes()));
  body.raw(record.flatten());
}

}  // namespace

std::int32_t records_in_batch(const Geometry& geometry) {
  const auto room = geometry.batch_bytes - static_cast<std::int32_t>(batch_header_bytes);
  return std::max(1, room / (geometry.record_bytes + record_overhead_bytes));
}

Bytes make_batch(const Geometry& geometry) {
  std::mt19937_64 random(1);
  Writer body;
  const std::int32_t count = records_in_batch(geometry);
  for (std::int32_t i = 0; i < count; ++i) {
    Bytes value(static_cast<std::size_t>(geometry.record_bytes));
    for (auto& one : value) {
      one = static_cast<std::byte>(random());
    }
    add_record(body, i, value);
  }
  const Bytes records = body.flatten();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const auto length = batch_header_bytes - batch_length_prefix_bytes + records.size();
  const BatchHeader header{.batch_length = static_cast<std::int32_t>(length),
                           .last_offset_delta = count - 1,
                           .base_timestamp_ms = now_ms,
                           .max_timestamp_ms = now_ms,
                           .records_count = count};
  Bytes batch(batch_header_bytes);
  header.write(batch);
  batch.insert(batch.end(), records.begin(), records.end());
  patch_timestamps(batch, now_ms, false);  // sets the CRC
  return batch;
}

Bytes produce_frame(const std::string& topic, std::int32_t first, std::int32_t count, std::span<const std::byte> batch,
                    std::int16_t acks) {
  const std::span<std::byte> records{const_cast<std::byte*>(batch.data()), batch.size()};
  ProduceRequest request{.acks = acks, .timeout_ms = 30'000, .topic_data = {}};
  auto& data = request.topic_data.emplace_back();
  data.name = topic;
  for (std::int32_t i = 0; i < count; ++i) {
    data.partition_data.push_back({.index = first + i, .records = {.bytes = records, .is_null = false}});
  }
  return frame(ProduceRequest::api.key, produce_version, request);
}

Bytes fetch_frame(const std::string& topic, std::int32_t partition, std::int64_t offset, const FetchLimits& limits) {
  FetchRequest request;
  request.max_wait_ms = limits.max_wait_ms;
  request.min_bytes = limits.min_bytes;
  request.max_bytes = limits.max_bytes;
  request.session_epoch = -1;
  auto& asked = request.topics.emplace_back();
  asked.topic = topic;
  auto& one = asked.partitions.emplace_back();
  one.partition = partition;
  one.fetch_offset = Offset{offset};
  one.partition_max_bytes = limits.max_bytes;
  return frame(FetchRequest::api.key, fetch_version, request);
}

// correlation id, topics, name, partitions; each partition: index, error, base offset, append time, log start.
std::int16_t produce_error(std::span<const std::byte> reply, const std::string& topic, std::int32_t partitions) {
  constexpr std::size_t partition_bytes = 30;
  std::size_t at = 4 + 4 + 2 + topic.size() + 4;
  for (std::int32_t i = 0; i < partitions; ++i, at += partition_bytes) {
    if (const auto error = load_big_endian<std::int16_t>(reply.subspan(at + 4)); error != 0) {
      return error;
    }
  }
  return 0;
}

// correlation id, throttle, error, session, topics, name, partitions; index, error, high watermark, last stable offset,
// log start, aborted (none), preferred replica, length of the records.
std::size_t fetch_reply_head_bytes(const std::string& topic) {
  return 4 + 4 + 2 + 4 + 4 + 2 + topic.size() + 4 + 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4;
}

Fetched fetched(std::span<const std::byte> reply, const std::string& topic) {
  const std::size_t head = fetch_reply_head_bytes(topic);
  const auto whole = load_big_endian<std::int16_t>(reply.subspan(8));
  const auto one = load_big_endian<std::int16_t>(reply.subspan(head - 4 - 4 - 4 - 24 - 2));
  return {.error = whole != 0 ? whole : one,
          .records_bytes = std::max(0, load_big_endian<std::int32_t>(reply.subspan(head - 4))),
          .high_watermark = load_big_endian<std::int64_t>(reply.subspan(head - 4 - 4 - 4 - 24))};
}

}  // namespace ottla
