#include "storage/producer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ottla {

namespace {

constexpr std::size_t batches_kept = 5;
constexpr std::int16_t own_version = 2;
constexpr std::int16_t own_version_before = 1;  // did not tell whether somebody was forgotten
constexpr std::int16_t kafka_version = 1;
constexpr std::int64_t no_transaction = -1;

std::int32_t sequence_after(std::int32_t sequence) {
  return sequence == std::numeric_limits<std::int32_t>::max() ? 0 : sequence + 1;
}

// The first sequence of a batch by its last one, across the wrap from 2^31-1 to 0.
std::int32_t first_sequence(std::int32_t last_sequence, std::int32_t last_offset_delta) {
  constexpr std::int64_t sequences = std::int64_t{1} << 31U;
  const std::int64_t first = std::int64_t{last_sequence} - last_offset_delta;
  return last_sequence == no_sequence ? no_sequence : static_cast<std::int32_t>((first + sequences) % sequences);
}

// A snapshot with the right CRC may still say what no batch has. -1: the producer has an epoch, and no batch.
bool can_be(std::int64_t last_offset, std::int32_t last_offset_delta, std::int32_t last_sequence) {
  return last_offset >= -1 && last_offset_delta >= 0 && last_sequence >= no_sequence;
}

// Both formats: int16 version, uint32 CRC-32C of all that follows.
Bytes with_version_and_crc(std::int16_t version, const Writer& content) {
  const Bytes body = content.flatten();
  Writer whole;
  whole.integer(version);
  whole.integer(crc32c(body));
  whole.raw(body);
  return whole.flatten();
}

// The content after version and CRC; nothing if either is wrong.
std::optional<Reader> checked(std::span<const std::byte> bytes, std::int16_t version) {
  Reader reader({const_cast<std::byte*>(bytes.data()), bytes.size()});
  const bool known = reader.integer<std::int16_t>() == version;
  const auto crc = reader.integer<std::uint32_t>();
  if (!reader.ok() || !known || crc != crc32c(bytes.subspan(reader.position()))) {
    return std::nullopt;
  }
  return reader;
}

}  // namespace

Result<std::optional<Offset>> ProducerState::check(const BatchHeader& header, bool log_is_whole) const {
  const auto found = producers_.find(header.producer_id);
  if (found == producers_.end()) {
    if (header.base_sequence != 0 && log_is_whole && !has_forgotten_) {
      return failure(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
                     fmt::format("producer {} begins with sequence {}, and nothing before it is in the log",
                                 header.producer_id, header.base_sequence));
    }
    return std::nullopt;
  }
  const Producer& producer = found->second;
  if (header.producer_epoch < producer.epoch) {
    return failure(ErrorCode::INVALID_PRODUCER_EPOCH,
                   fmt::format("producer {} has moved on from epoch {} to {}", header.producer_id,
                               header.producer_epoch, producer.epoch));
  }
  const auto repeated = std::ranges::find_if(producer.batches, [&](const Batch& batch) {
    return batch.base_sequence == header.base_sequence && batch.last_sequence == header.last_sequence();
  });
  if (header.producer_epoch == producer.epoch && repeated != producer.batches.end()) {
    return repeated->base_offset;
  }
  const bool starts_epoch = header.producer_epoch > producer.epoch || producer.batches.empty();
  const std::int32_t expected = starts_epoch ? 0 : sequence_after(producer.batches.back().last_sequence);
  if (header.base_sequence != expected) {
    return failure(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
                   fmt::format("producer {} sent sequence {}, expected is {}", header.producer_id, header.base_sequence,
                               expected));
  }
  return std::nullopt;
}

void ProducerState::remember(const BatchHeader& header, std::int64_t now_ms) {
  Producer& producer = producers_[header.producer_id];
  if (producer.epoch != header.producer_epoch) {
    producer.epoch = header.producer_epoch;
    producer.batches.clear();
  }
  producer.last_seen_ms = now_ms;
  producer.batches.push_back({.base_sequence = header.base_sequence,
                              .last_sequence = header.last_sequence(),
                              .base_offset = header.base_offset,
                              .last_offset_delta = header.last_offset_delta,
                              .timestamp_ms = header.max_timestamp_ms});
  if (producer.batches.size() > batches_kept) {
    producer.batches.pop_front();
  }
}

std::vector<ProducerState::LastBatch> ProducerState::last_batches() const {
  std::vector<LastBatch> all;
  all.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) {
    LastBatch last{.producer_id = id, .producer_epoch = producer.epoch};
    if (!producer.batches.empty()) {
      const Batch& batch = producer.batches.back();
      last.last_sequence = batch.last_sequence;
      last.base_offset = batch.base_offset;
      last.last_offset = batch.base_offset + batch.last_offset_delta;
      last.timestamp_ms = batch.timestamp_ms;
    }
    all.push_back(last);
  }
  std::ranges::sort(all, {}, &LastBatch::producer_id);
  return all;
}

void ProducerState::expire(std::int64_t before_ms) {
  const auto is_over = [before_ms](const auto& one) { return one.second.last_seen_ms < before_ms; };
  has_forgotten_ = std::erase_if(producers_, is_over) > 0 || has_forgotten_;
}

void ProducerState::truncate(Offset offset) {
  for (auto one = producers_.begin(); one != producers_.end();) {
    auto& batches = one->second.batches;
    std::erase_if(batches, [offset](const Batch& batch) { return batch.base_offset >= offset; });
    has_forgotten_ = has_forgotten_ || batches.empty();  // earlier ones may be in the log
    one = batches.empty() ? producers_.erase(one) : std::next(one);
  }
}

Bytes ProducerState::encode() const {
  Writer content;
  content.integer(static_cast<std::int8_t>(has_forgotten_));
  content.integer(static_cast<std::int32_t>(producers_.size()));
  for (const auto& [id, producer] : producers_) {
    content.integer(id);
    content.integer(producer.epoch);
    content.integer(producer.last_seen_ms);
    content.integer(static_cast<std::int32_t>(producer.batches.size()));
    for (const Batch& batch : producer.batches) {
      content.integer(batch.base_sequence);
      content.integer(batch.last_sequence);
      content.integer(batch.base_offset.value);
      content.integer(batch.last_offset_delta);
      content.integer(batch.timestamp_ms);
    }
  }
  return with_version_and_crc(own_version, content);
}

std::optional<ProducerState> ProducerState::decode(std::span<const std::byte> bytes) {
  auto reader = checked(bytes, own_version);
  const bool is_old = !reader;
  reader = is_old ? checked(bytes, own_version_before) : reader;
  if (!reader) {
    return std::nullopt;
  }
  ProducerState state;
  state.has_forgotten_ = is_old || reader->integer<std::int8_t>() != 0;
  const auto count = reader->integer<std::int32_t>();
  for (std::int32_t i = 0; i < count && reader->ok(); ++i) {
    Producer& producer = state.producers_[reader->integer<std::int64_t>()];
    producer.epoch = reader->integer<std::int16_t>();
    producer.last_seen_ms = reader->integer<std::int64_t>();
    const auto batches = reader->integer<std::int32_t>();
    for (std::int32_t b = 0; b < batches && reader->ok(); ++b) {
      Batch& batch = producer.batches.emplace_back();
      batch.base_sequence = reader->integer<std::int32_t>();
      batch.last_sequence = reader->integer<std::int32_t>();
      batch.base_offset.value = reader->integer<std::int64_t>();
      batch.last_offset_delta = reader->integer<std::int32_t>();
      batch.timestamp_ms = reader->integer<std::int64_t>();
      if (!can_be(batch.base_offset.value, batch.last_offset_delta, batch.last_sequence) ||
          batch.base_offset > Offset{std::numeric_limits<std::int64_t>::max() - batch.last_offset_delta}) {
        return std::nullopt;
      }
    }
  }
  return reader->ok() ? std::optional(std::move(state)) : std::nullopt;
}

// ProducerSnapshot version 1 (Kafka's storage module).
Bytes ProducerState::encode_for_kafka() const {
  constexpr std::int32_t no_coordinator_epoch = -1;
  Writer content;
  const auto with_batches = [](const auto& one) { return !one.second.batches.empty(); };
  content.integer(static_cast<std::int32_t>(std::ranges::count_if(producers_, with_batches)));
  for (const auto& [id, producer] : producers_) {
    if (producer.batches.empty()) {
      continue;
    }
    const Batch& last = producer.batches.back();
    content.integer(id);
    content.integer(producer.epoch);
    content.integer(last.last_sequence);
    content.integer(last.base_offset.value + last.last_offset_delta);
    content.integer(last.last_offset_delta);
    content.integer(last.timestamp_ms);
    content.integer(no_coordinator_epoch);
    content.integer(no_transaction);
  }
  return with_version_and_crc(kafka_version, content);
}

std::optional<ProducerState> ProducerState::decode_from_kafka(std::span<const std::byte> bytes) {
  auto reader = checked(bytes, kafka_version);
  if (!reader) {
    return std::nullopt;
  }
  ProducerState state;
  state.has_forgotten_ = true;  // for all that it tells
  const auto count = reader->integer<std::int32_t>();
  for (std::int32_t i = 0; i < count && reader->ok(); ++i) {
    Producer& producer = state.producers_[reader->integer<std::int64_t>()];
    producer.epoch = reader->integer<std::int16_t>();
    Batch& batch = producer.batches.emplace_back();
    batch.last_sequence = reader->integer<std::int32_t>();
    const auto last_offset = reader->integer<std::int64_t>();
    batch.last_offset_delta = reader->integer<std::int32_t>();
    batch.timestamp_ms = reader->integer<std::int64_t>();
    (void)reader->integer<std::int32_t>();  // coordinator epoch
    (void)reader->integer<std::int64_t>();  // first offset of an open transaction
    if (!can_be(last_offset, batch.last_offset_delta, batch.last_sequence)) {
      return std::nullopt;
    }
    batch.base_offset = Offset{last_offset - batch.last_offset_delta};
    batch.base_sequence = first_sequence(batch.last_sequence, batch.last_offset_delta);
    producer.last_seen_ms = batch.timestamp_ms;
  }
  return reader->ok() ? std::optional(std::move(state)) : std::nullopt;
}

}  // namespace ottla
