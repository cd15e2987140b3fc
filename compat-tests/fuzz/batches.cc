// Record batches as producers send them: what is accepted is one whole batch, by a CRC of its own here, and every
// reader finds the records that it counts.
#include <array>

#include "compat-tests/fuzz/batch_repair.h"
#include "compat-tests/fuzz/fuzz.h"
#include "protocol/record.h"
#include "protocol/record_batch.h"
#include "storage/segment_reader.h"

namespace ottla {

namespace {

constexpr BatchLimits limits{.max_batch_bytes = 1 << 16, .decompression_max_bytes = 1 << 20};

// CRC-32C, bit by bit.
std::uint32_t slow_crc(std::span<const std::byte> bytes) {
  constexpr std::uint32_t reversed_polynomial = 0x82F63B78;
  std::uint32_t crc = ~0U;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? reversed_polynomial : 0U);
    }
  }
  return ~crc;
}

struct ReadRecords {
  std::int32_t count = 0;
  Bytes content;  // keys, values and headers, one behind the other
};

Result<ReadRecords> read_records(std::span<const std::byte> batch) {
  ReadRecords records;
  const auto add = [&records](std::span<const std::byte> part) {
    records.content.insert(records.content.end(), part.begin(), part.end());
  };
  auto walked = for_each_record(batch, limits, [&](const RecordView& record) -> Result<void> {
    must(record.offset_delta == records.count, "offset deltas count the records");
    ++records.count;
    add(record.key.value_or(std::span<const std::byte>{}));
    add(record.value.value_or(std::span<const std::byte>{}));
    add(record.headers);
    return {};
  });
  return walked ? Result<ReadRecords>(std::move(records)) : std::unexpected(std::move(walked.error()));
}

void check_accepted(std::span<const std::byte> batch, const BatchCheck& check) {
  must(check.header.size_bytes() == std::ssize(batch), "its length is what is there");
  must(std::ssize(batch) <= limits.max_batch_bytes, "no larger than allowed");
  must(slow_crc(batch.subspan(21)) == check.header.crc, "its CRC is right");
  must(check_records(batch).has_value(), "the verifier finds it sound, too");
  const auto records = read_records(batch);
  must(records && records->count == check.header.records_count, "as many records as it says");
  for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    const auto repacked = recompress(batch, codec, limits);
    if (!repacked) {  // batches of highest ratio may be written, but not be packed anew
      must(repacked.error().code == ErrorCode::MESSAGE_TOO_LARGE, "nothing but its size is in the way");
      continue;
    }
    must(crc_is_right(*repacked) && BatchHeader::read(*repacked).codec() == codec, "packed anew it is whole");
    const auto again = read_records(*repacked);
    must(again && again->count == records->count && again->content == records->content, "its records are the same");
  }
}

void check_patched(std::span<const std::byte> batch) {
  Bytes patched(batch.begin(), batch.end());
  patch_base_offset(patched, Offset{1'000'000});
  patch_leader_epoch(patched, LeaderEpoch{7});
  must(crc_is_right(patched), "offset and epoch are outside the CRC");
  patch_timestamps(patched, 1'700'000'000'000, true);
  const auto header = BatchHeader::read(patched);
  must(crc_is_right(patched) && header.has_log_append_time(), "a patched time is in the CRC");
  must(header.base_offset == Offset{1'000'000} && header.partition_leader_epoch == LeaderEpoch{7}, "patched in place");
  Bytes copy(batch_header_bytes);
  header.write(copy);
  must(is_same(copy, std::span(patched).first(batch_header_bytes)), "the header, written again, is what was read");
}

}  // namespace

void fuzz(Input input) {
  const bool repairs = (input.byte() & 1U) != 0;  // else hardly any would get behind the CRC
  Bytes bytes = input.rest();
  if (repairs) {
    repair_batches(bytes, true);
  }
  const auto check = check_produced_batch(bytes, limits);
  if (check) {
    check_accepted(bytes, *check);
    check_patched(bytes);
  } else {
    must(!check.error().message.empty(), "the error says why");
  }
  for (const Codec codec : {Codec::none, Codec::gzip, Codec::zstd}) {
    (void)holds_codec(bytes, codec);  // reads what no check has seen
  }
}

}  // namespace ottla
