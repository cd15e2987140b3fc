// A record batch of message format v2, seen in place: the records are never copied and never re-encoded.
//
//   offset  size  field                 inside the CRC
//        0     8  base offset           no
//        8     4  batch length          no     bytes after this field
//       12     4  partition leader epoch no
//       16     1  magic (2)             no
//       17     4  CRC-32C               of everything from 21 to the end
//       21     2  attributes            bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
//       23     4  last offset delta
//       27     8  base timestamp
//       35     8  max timestamp
//       43     8  producer id
//       51     2  producer epoch
//       53     4  base sequence
//       57     4  records count
//       61        records
//
// Source: Kafka's DefaultRecordBatch, KIP-98, KIP-32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "protocol/error_code.h"
#include "protocol/ids.h"

namespace ottla {

inline constexpr std::size_t batch_header_bytes = 61;
inline constexpr std::size_t batch_length_prefix_bytes = 12;  // base offset and batch length
inline constexpr std::int32_t no_sequence = -1;
inline constexpr std::int64_t no_producer_id = -1;
inline constexpr std::int64_t no_timestamp = -1;

enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

// The fields of a batch header, decoded. Nothing is checked beyond the presence of 61 bytes.
struct BatchHeader {
  Offset base_offset;
  std::int32_t batch_length = 0;
  LeaderEpoch partition_leader_epoch;
  std::int8_t magic = 2;
  std::uint32_t crc = 0;
  std::uint16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t base_timestamp_ms = no_timestamp;
  std::int64_t max_timestamp_ms = no_timestamp;
  std::int64_t producer_id = no_producer_id;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = no_sequence;
  std::int32_t records_count = 0;

  // REQUIRES: bytes.size() >= batch_header_bytes.
  static BatchHeader read(std::span<const std::byte> bytes);
  void write(std::span<std::byte> bytes) const;

  [[nodiscard]] std::int64_t size_bytes() const { return std::int64_t{batch_length} + 12; }
  [[nodiscard]] Offset last_offset() const { return base_offset + last_offset_delta; }
  [[nodiscard]] Offset next_offset() const { return last_offset() + 1; }
  [[nodiscard]] bool is_transactional() const { return (attributes & 0x10U) != 0; }
  [[nodiscard]] bool is_control() const { return (attributes & 0x20U) != 0; }
  [[nodiscard]] bool has_log_append_time() const { return (attributes & 0x08U) != 0; }
  [[nodiscard]] Codec codec() const { return static_cast<Codec>(attributes & 0x07U); }
  [[nodiscard]] bool has_producer() const { return producer_id != no_producer_id; }
  // The sequence of the last record; sequences wrap from 2^31-1 to 0.
  [[nodiscard]] std::int32_t last_sequence() const;
};

// CRC-32C of `bytes`, continuing from `seed` (0 to begin).
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);

// True if the CRC in the header of this whole batch is the CRC of its bytes.
bool crc_is_right(std::span<const std::byte> batch);

// True if one of these batches, of which the last may be cut short, has its records packed by that codec.
bool holds_codec(std::span<const std::byte> batches, Codec codec);

// Set what the broker assigns, both outside the CRC. REQUIRES: a whole header.
void patch_base_offset(std::span<std::byte> batch, Offset base_offset);
void patch_leader_epoch(std::span<std::byte> batch, LeaderEpoch epoch);
// Set max timestamp (and, with log_append_time, attribute bit 3), then recompute the CRC.
void patch_timestamps(std::span<std::byte> batch, std::int64_t max_timestamp_ms, bool log_append_time);

// What a client may send for one partition (ours to enforce: Kafka's LogValidator).
struct BatchLimits {
  std::int32_t max_batch_bytes = 1048588;                                 // message.max.bytes
  std::int64_t decompression_max_bytes = std::int64_t{64} * 1024 * 1024;  // output of one batch
  std::int64_t decompression_max_ratio = 1000;  // output : input, for output beyond max_batch_bytes
};

// For batches that were accepted once: the limits of then may have been other ones.
inline constexpr BatchLimits stored_batch_limits{.max_batch_bytes = std::numeric_limits<std::int32_t>::max(),
                                                 .decompression_max_bytes = std::numeric_limits<std::int32_t>::max(),
                                                 .decompression_max_ratio = std::numeric_limits<std::int32_t>::max()};

// What the walk over the records found.
struct BatchCheck {
  BatchHeader header;
  std::int64_t true_max_timestamp_ms = no_timestamp;
  std::int64_t min_timestamp_ms = std::numeric_limits<std::int64_t>::max();  // of those that have a timestamp
  Offset offset_of_max_timestamp;  // relative: delta within the batch, as Offset{delta}
  bool lacks_a_key = false;        // one record at least
};

// Checks that `bytes` is exactly one whole batch of format v2. Errors: INVALID_RECORD (none, a part of one, several,
// an older format), CORRUPT_MESSAGE (a length or magic that no format has, CRC), MESSAGE_TOO_LARGE.
Result<void> check_batch_frame(std::span<const std::byte> bytes, const BatchLimits& limits);

// Checks that a client may send what is in it: count, offset deltas 0..n-1, record lengths, header
// counts, codec, no control bit, bounded decompression. Never allocates by a claimed length. REQUIRES:
// check_batch_frame. Errors: INVALID_RECORD, INVALID_TIMESTAMP, CORRUPT_MESSAGE (what cannot be decompressed),
// MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE.
Result<BatchCheck> check_batch_content(std::span<const std::byte> bytes, const BatchLimits& limits);

// Both.
Result<BatchCheck> check_produced_batch(std::span<const std::byte> bytes, const BatchLimits& limits);

}  // namespace ottla
