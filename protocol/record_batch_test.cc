#include "protocol/record_batch.h"

#include <gtest/gtest.h>

#include "protocol/primitives.h"

namespace ottla {
namespace {

Bytes header_of(std::int32_t batch_length, Codec codec) {
  Bytes bytes(batch_header_bytes);
  BatchHeader{.batch_length = batch_length, .attributes = static_cast<std::uint16_t>(codec)}.write(bytes);
  return bytes;
}

TEST(HoldsCodecTest, looks_at_every_batch) {
  constexpr std::int32_t empty = 49;
  Bytes two = header_of(empty, Codec::none);
  const Bytes second = header_of(empty, Codec::zstd);
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_TRUE(holds_codec(two, Codec::zstd));
  EXPECT_FALSE(holds_codec(two, Codec::gzip));
  EXPECT_FALSE(holds_codec(std::span(two).first(batch_header_bytes + 10), Codec::zstd));
}

// Found by fuzzing: it went backwards for ever, or beyond the end.
TEST(HoldsCodecTest, ends_at_a_length_that_no_batch_has) {
  for (const std::int32_t length : {-1, -12, -1000, 0, 48}) {
    EXPECT_FALSE(holds_codec(header_of(length, Codec::none), Codec::zstd)) << length;
  }
}

}  // namespace
}  // namespace ottla
