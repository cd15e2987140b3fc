#include <gtest/gtest.h>

#include <array>

#include "protocol/compression.h"
#include "protocol/record.h"

namespace ottla {
namespace {

constexpr std::int64_t limit_bytes = std::int64_t{64} * 1024;
constexpr std::size_t attributes_at = 21;
constexpr std::size_t records_count_at = 57;

// A compressed batch of one record whose value is `size` times the same byte; its CRC is not looked at here.
Bytes batch_of(Codec codec, std::size_t size) {
  Writer record;
  record.integer(std::int8_t{0});
  record.varlong(0);
  record.varint(0);
  record.varint(-1);
  record.varint(static_cast<std::int32_t>(size));
  record.raw(Bytes(size, std::byte{'a'}));
  record.varint(0);
  Writer records;
  records.varint(static_cast<std::int32_t>(record.size_bytes()));
  record.for_each_part([&](std::span<const std::byte> part) { records.raw(part); });
  Bytes batch(batch_header_bytes);
  batch[attributes_at + 1] = static_cast<std::byte>(codec);
  batch[records_count_at + 3] = std::byte{1};
  records.for_each_part([&](std::span<const std::byte> part) {
    const Bytes compressed = compress(codec, part);
    batch.insert(batch.end(), compressed.begin(), compressed.end());
  });
  return batch;
}

ErrorCode read(const Bytes& batch) {
  const BatchLimits limits{.max_batch_bytes = limit_bytes, .decompression_max_ratio = 2};
  const auto result = for_each_record(batch, limits, [](const RecordView&) { return Result<void>{}; });
  return result ? ErrorCode::NONE : result.error().code;
}

class DecompressionLimit : public testing::TestWithParam<Codec> {};

TEST_P(DecompressionLimit, repetition_within_the_batch_limit_is_no_bomb_whatever_its_ratio) {
  const Bytes batch = batch_of(GetParam(), limit_bytes - 1024);
  ASSERT_GT(limit_bytes - 1024, 2 * static_cast<std::int64_t>(batch.size())) << "not beyond the ratio";
  EXPECT_EQ(read(batch), ErrorCode::NONE);
}

TEST_P(DecompressionLimit, beyond_the_batch_limit_the_ratio_holds) {
  EXPECT_EQ(read(batch_of(GetParam(), limit_bytes + 1)), ErrorCode::MESSAGE_TOO_LARGE);
}

INSTANTIATE_TEST_SUITE_P(codecs, DecompressionLimit,
                         testing::Values(Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd));

}  // namespace
}  // namespace ottla
