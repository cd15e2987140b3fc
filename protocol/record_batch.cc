#include "protocol/record_batch.h"

#include <fmt/format.h>
#include <isa-l.h>

#include <limits>

#include "protocol/primitives.h"
#include "protocol/record.h"

namespace ottla {

namespace {

constexpr std::size_t batch_length_at = 8;
constexpr std::size_t magic_at = 16;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = 21;
constexpr std::size_t max_timestamp_at = 35;
constexpr std::uint16_t timestamp_type_bit = 0x08;
constexpr std::uint16_t delete_horizon_bit = 0x40;
constexpr std::uint16_t known_attribute_bits = 0x7F;
constexpr std::int32_t smallest_length = 14;  // of a message of format 0, the least of them all

Error invalid(std::string why) { return {ErrorCode::INVALID_RECORD, std::move(why)}; }
Error corrupt(std::string why) { return {ErrorCode::CORRUPT_MESSAGE, std::move(why)}; }

// All that can be said of a batch without its records.
std::optional<Error> fault_in_header(const BatchHeader& header) {
  if ((header.attributes & 0x07U) > static_cast<unsigned>(Codec::zstd)) {
    return Error{ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, fmt::format("codec {}", header.attributes & 0x07U)};
  }
  if ((header.attributes & ~known_attribute_bits) != 0 || (header.attributes & delete_horizon_bit) != 0) {
    return invalid(fmt::format("attributes {:#x} that clients may not set", header.attributes));
  }
  if (header.has_log_append_time()) {
    return Error{ErrorCode::INVALID_TIMESTAMP, "clients are not allowed to set the timestamp type to LogAppendTime"};
  }
  if (header.is_control()) {
    return invalid("clients are not allowed to write control records");
  }
  if (header.records_count <= 0 || header.last_offset_delta != header.records_count - 1) {
    return invalid(
        fmt::format("{} records with a last offset delta of {}", header.records_count, header.last_offset_delta));
  }
  if (header.has_producer() && (header.producer_epoch < 0 || header.base_sequence < 0)) {
    return invalid("a producer id without epoch or sequence");
  }
  return std::nullopt;
}

// In Kafka's order. Clients repeat what is corrupt, for the network may have done it; what is invalid stays so.
std::optional<Error> fault_in_frame(std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return invalid("exactly one batch for a partition, not none");
  }
  if (bytes.size() < batch_length_prefix_bytes) {
    return invalid("too short for a batch");
  }
  const auto length = load_big_endian<std::int32_t>(bytes.subspan(batch_length_at));
  if (length < smallest_length) {
    return corrupt(fmt::format("a batch length of {}", length));
  }
  if (bytes.size() <= magic_at) {
    return invalid("too short for a batch");
  }
  const auto magic = std::to_integer<std::int8_t>(bytes[magic_at]);
  if (magic < 0 || magic > 2) {
    return corrupt(fmt::format("unknown magic {}", magic));
  }
  const std::size_t size = batch_length_prefix_bytes + static_cast<std::size_t>(length);
  if (size > bytes.size()) {
    return invalid(fmt::format("a batch of {} bytes in {}", size, bytes.size()));
  }
  if (magic != 2) {
    return invalid(fmt::format("message format {} is not served", magic));
  }
  if (size < batch_header_bytes) {
    return corrupt(fmt::format("a batch of {} bytes", size));
  }
  return size < bytes.size() ? std::optional(invalid("exactly one batch for a partition, not several")) : std::nullopt;
}

}  // namespace

BatchHeader BatchHeader::read(std::span<const std::byte> bytes) {
  Reader reader({const_cast<std::byte*>(bytes.data()), batch_header_bytes});
  BatchHeader header;
  header.base_offset.value = reader.integer<std::int64_t>();
  header.batch_length = reader.integer<std::int32_t>();
  header.partition_leader_epoch.value = reader.integer<std::int32_t>();
  header.magic = reader.integer<std::int8_t>();
  header.crc = reader.integer<std::uint32_t>();
  header.attributes = reader.integer<std::uint16_t>();
  header.last_offset_delta = reader.integer<std::int32_t>();
  header.base_timestamp_ms = reader.integer<std::int64_t>();
  header.max_timestamp_ms = reader.integer<std::int64_t>();
  header.producer_id = reader.integer<std::int64_t>();
  header.producer_epoch = reader.integer<std::int16_t>();
  header.base_sequence = reader.integer<std::int32_t>();
  header.records_count = reader.integer<std::int32_t>();
  return header;
}

void BatchHeader::write(std::span<std::byte> bytes) const {
  std::size_t at = 0;
  const auto put = [&](auto value) {
    store_big_endian(bytes.subspan(at), value);
    at += sizeof value;
  };
  put(base_offset.value);
  put(batch_length);
  put(partition_leader_epoch.value);
  put(magic);
  put(crc);
  put(attributes);
  put(last_offset_delta);
  put(base_timestamp_ms);
  put(max_timestamp_ms);
  put(producer_id);
  put(producer_epoch);
  put(base_sequence);
  put(records_count);
}

std::int32_t BatchHeader::last_sequence() const {
  constexpr std::int64_t sequences = std::int64_t{1} << 31U;
  return base_sequence == no_sequence
             ? no_sequence
             : static_cast<std::int32_t>((std::int64_t{base_sequence} + last_offset_delta) % sequences);
}

// ISA-L's crc32_iscsi neither inverts the seed nor the result; Kafka's CRC-32C does both.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) {
  auto* const data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data()));
  std::uint32_t crc = ~seed;
  constexpr std::size_t most = std::numeric_limits<int>::max();
  for (std::size_t at = 0; at < bytes.size(); at += most) {
    crc = crc32_iscsi(data + at, static_cast<int>(std::min(most, bytes.size() - at)), crc);
  }
  return ~crc;
}

bool crc_is_right(std::span<const std::byte> batch) {
  return load_big_endian<std::uint32_t>(batch.subspan(crc_at)) == crc32c(batch.subspan(attributes_at));
}

bool holds_codec(std::span<const std::byte> batches, Codec codec) {
  while (batches.size() >= batch_header_bytes) {
    const auto header = BatchHeader::read(batches);
    if (header.codec() == codec) {
      return true;
    }
    if (header.size_bytes() > std::ssize(batches) ||
        header.size_bytes() < static_cast<std::int64_t>(batch_header_bytes)) {
      return false;
    }
    batches = batches.subspan(static_cast<std::size_t>(header.size_bytes()));
  }
  return false;
}

void patch_base_offset(std::span<std::byte> batch, Offset base_offset) { store_big_endian(batch, base_offset.value); }

void patch_leader_epoch(std::span<std::byte> batch, LeaderEpoch epoch) {
  store_big_endian(batch.subspan(batch_length_prefix_bytes), epoch.value);
}

void patch_timestamps(std::span<std::byte> batch, std::int64_t max_timestamp_ms, bool log_append_time) {
  if (log_append_time) {
    const auto attributes = load_big_endian<std::uint16_t>(batch.subspan(attributes_at));
    store_big_endian(batch.subspan(attributes_at), static_cast<std::uint16_t>(attributes | timestamp_type_bit));
  }
  store_big_endian(batch.subspan(max_timestamp_at), max_timestamp_ms);
  store_big_endian(batch.subspan(crc_at), crc32c(batch.subspan(attributes_at)));
}

Result<void> check_batch_frame(std::span<const std::byte> bytes, const BatchLimits& limits) {
  if (auto fault = fault_in_frame(bytes)) {
    return std::unexpected(std::move(*fault));
  }
  if (std::ssize(bytes) > limits.max_batch_bytes) {
    return failure(ErrorCode::MESSAGE_TOO_LARGE,
                   fmt::format("a batch of {} bytes, allowed are {}", bytes.size(), limits.max_batch_bytes));
  }
  if (!crc_is_right(bytes)) {
    return failure(ErrorCode::CORRUPT_MESSAGE, "the CRC does not match");
  }
  return {};
}

Result<BatchCheck> check_batch_content(std::span<const std::byte> bytes, const BatchLimits& limits) {
  BatchCheck check{.header = BatchHeader::read(bytes)};
  if (auto fault = fault_in_header(check.header)) {
    return std::unexpected(std::move(*fault));
  }
  std::int32_t expected_delta = 0;
  const auto visit = [&](const RecordView& record) -> Result<void> {
    if (record.offset_delta != expected_delta) {
      return failure(ErrorCode::INVALID_RECORD,
                     fmt::format("record {} has the offset delta {}", expected_delta, record.offset_delta));
    }
    check.lacks_a_key = check.lacks_a_key || !record.key;
    std::int64_t timestamp_ms = 0;
    if (__builtin_add_overflow(check.header.base_timestamp_ms, record.timestamp_delta_ms, &timestamp_ms)) {
      return failure(ErrorCode::INVALID_RECORD, "a timestamp beyond 64 bits");
    }
    if (timestamp_ms != no_timestamp) {
      check.min_timestamp_ms = std::min(check.min_timestamp_ms, timestamp_ms);
    }
    if (expected_delta == 0 || timestamp_ms > check.true_max_timestamp_ms) {
      check.true_max_timestamp_ms = timestamp_ms;
      check.offset_of_max_timestamp = Offset{expected_delta};
    }
    ++expected_delta;
    return {};
  };
  if (auto walked = for_each_record(bytes, limits, visit); !walked) {
    return std::unexpected(std::move(walked.error()));
  }
  return check;
}

Result<BatchCheck> check_produced_batch(std::span<const std::byte> bytes, const BatchLimits& limits) {
  if (auto whole = check_batch_frame(bytes, limits); !whole) {
    return std::unexpected(std::move(whole.error()));
  }
  return check_batch_content(bytes, limits);
}

}  // namespace ottla
