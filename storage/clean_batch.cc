// One batch without the records that compaction drops.
#include "protocol/compression.h"
#include "protocol/record.h"
#include "storage/compaction.h"

namespace ottla {

namespace {

constexpr std::uint16_t codec_bits = 0x07;
constexpr std::uint16_t delete_horizon_bit = 0x40;

void put_nullable(Writer& writer, const std::optional<std::span<const std::byte>>& bytes) {
  writer.varint(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  writer.raw(bytes.value_or(std::span<const std::byte>{}));
}

// The records that stay, encoded with timestamps relative to `base_ms`.
struct Kept {
  Writer records;
  std::int32_t count = 0;
  std::int64_t max_timestamp_ms = no_timestamp;

  void add(const RecordView& record, std::int64_t timestamp_ms, std::int64_t base_ms) {
    Writer body;
    body.integer(std::int8_t{0});
    body.varlong(timestamp_ms - base_ms);
    body.varint(record.offset_delta);
    put_nullable(body, record.key);
    put_nullable(body, record.value);
    body.raw(record.headers);
    records.varint(static_cast<std::int32_t>(body.size_bytes()));
    records.raw(body.flatten());
    max_timestamp_ms = std::max(max_timestamp_ms, timestamp_ms);
    ++count;
  }
};

Bytes rebuilt(BatchHeader header, const Kept& kept) {
  Bytes records = kept.records.flatten();
  if (kept.count == 0) {
    header.attributes &= static_cast<std::uint16_t>(~codec_bits);
  } else if (header.codec() != Codec::none) {
    records = compress(header.codec(), records);
  }
  header.records_count = kept.count;
  header.batch_length = static_cast<std::int32_t>(batch_header_bytes - batch_length_prefix_bytes + records.size());
  Bytes bytes(batch_header_bytes);
  header.write(bytes);
  bytes.insert(bytes.end(), records.begin(), records.end());
  patch_timestamps(bytes,
                   kept.count > 0 && !header.has_log_append_time() ? kept.max_timestamp_ms : header.max_timestamp_ms,
                   false);  // sets the CRC
  return bytes;
}

}  // namespace

Result<std::optional<Bytes>> clean_batch(std::span<const std::byte> batch, const BatchCleaning& cleaning) {
  BatchHeader header = BatchHeader::read(batch);
  Bytes as_it_is(batch.begin(), batch.end());
  if (header.is_control() || header.is_transactional()) {
    return as_it_is;
  }
  const bool has_horizon = (header.attributes & delete_horizon_bit) != 0;
  const bool is_past_horizon = has_horizon && cleaning.now_ms >= header.base_timestamp_ms;
  const auto stays = [&](const RecordView& record) {
    return record.key && !(is_past_horizon && !record.value) &&
           cleaning.keep(record, header.base_offset + record.offset_delta);
  };
  std::int32_t staying = 0;
  bool has_tombstone = false;
  auto walked = for_each_record(batch, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
    if (stays(record)) {
      ++staying;
      has_tombstone = has_tombstone || !record.value;
    }
    return {};
  });
  if (!walked) {
    return std::unexpected(std::move(walked.error()));
  }
  const bool sets_horizon = has_tombstone && !has_horizon;
  if (staying == header.records_count && !sets_horizon && (staying > 0 || cleaning.keep_empty)) {
    return as_it_is;
  }
  if (staying == 0 && !cleaning.keep_empty) {
    return std::nullopt;
  }
  const std::int64_t base_before_ms = header.base_timestamp_ms;
  if (sets_horizon) {
    header.base_timestamp_ms = cleaning.now_ms + cleaning.delete_retention_ms;
    header.attributes |= delete_horizon_bit;
  }
  Kept kept;
  walked = for_each_record(batch, stored_batch_limits, [&](const RecordView& record) -> Result<void> {
    if (stays(record)) {
      kept.add(record, base_before_ms + record.timestamp_delta_ms, header.base_timestamp_ms);
    }
    return {};
  });
  return walked ? Result<std::optional<Bytes>>(rebuilt(header, kept)) : std::unexpected(std::move(walked.error()));
}

}  // namespace ottla
