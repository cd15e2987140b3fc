// For tests: batches as a producer sends them.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/primitives.h"
#include "protocol/record.h"
#include "protocol/record_batch.h"
#include "storage/log.h"
#include "storage/text_lines.h"

namespace ottla {

struct TestRecord {
  std::string key;
  std::optional<std::string> value;
  std::int64_t timestamp_ms = 1'700'000'000'000;
  friend bool operator==(const TestRecord&, const TestRecord&) = default;
};

struct TestProducer {
  std::int64_t id = no_producer_id;
  std::int16_t epoch = -1;
  std::int32_t sequence = no_sequence;
};

inline Bytes make_batch(const std::vector<TestRecord>& records, const TestProducer& producer = {}) {
  const std::int64_t base_ms = records.front().timestamp_ms;
  std::int64_t max_ms = base_ms;
  Writer body;
  std::int32_t delta = 0;
  for (const TestRecord& one : records) {
    Writer record;
    record.integer(std::int8_t{0});
    record.varlong(one.timestamp_ms - base_ms);
    record.varint(delta++);
    record.varint(static_cast<std::int32_t>(one.key.size()));
    record.raw(one.key);
    record.varint(one.value ? static_cast<std::int32_t>(one.value->size()) : -1);
    record.raw(one.value.value_or(""));
    record.varint(0);
    body.varint(static_cast<std::int32_t>(record.size_bytes()));
    body.raw(record.flatten());
    max_ms = std::max(max_ms, one.timestamp_ms);
  }
  const Bytes plain = body.flatten();
  const BatchHeader header{.batch_length = static_cast<std::int32_t>(batch_header_bytes - 12 + plain.size()),
                           .last_offset_delta = delta - 1,
                           .base_timestamp_ms = base_ms,
                           .max_timestamp_ms = max_ms,
                           .producer_id = producer.id,
                           .producer_epoch = producer.epoch,
                           .base_sequence = producer.sequence,
                           .records_count = delta};
  Bytes bytes(batch_header_bytes);
  header.write(bytes);
  bytes.insert(bytes.end(), plain.begin(), plain.end());
  patch_timestamps(bytes, max_ms, false);  // sets the CRC
  return bytes;
}

inline AppendBatch as_append(Bytes& bytes) {
  const auto checked = check_produced_batch(bytes, {});
  if (!checked) {
    throw std::runtime_error(checked.error().message);
  }
  return {bytes, *checked};
}

// Adds all batches of a log from `from` on, as they stand in its files. Throws what a read answers.
inline void read_batches(Log& log, Offset from, std::vector<Bytes>& batches) {
  while (from < log.log_end_offset()) {
    const auto slice = log.slice(from, log.log_end_offset(), 1 << 30, true);
    if (!slice) {
      throw std::runtime_error(slice.error().message);
    }
    if (slice->size_bytes == 0) {
      break;
    }
    Bytes bytes(static_cast<std::size_t>(slice->size_bytes));
    const auto got = slice->read(bytes);
    if (!got || *got == 0) {
      throw std::runtime_error(got ? "nothing read" : got.error().message);
    }
    for (std::span<const std::byte> rest = std::span(bytes).first(*got); !rest.empty();) {
      if (rest.size() < batch_header_bytes) {
        throw std::runtime_error("bytes that are no batch");
      }
      const auto header = BatchHeader::read(rest);
      if (header.size_bytes() < static_cast<std::int64_t>(batch_header_bytes) ||
          header.size_bytes() > static_cast<std::int64_t>(rest.size())) {
        throw std::runtime_error("a batch that is not whole");
      }
      batches.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(header.size_bytes()));
      rest = rest.subspan(batches.back().size());
      from = header.next_offset();
    }
  }
}

}  // namespace ottla
