#include "protocol/zstd_frames.h"

#include <gtest/gtest.h>

#include <vector>

#include "protocol/compression.h"

namespace ottla {
namespace {

// A frame of one raw block: magic, descriptor (nothing told, no checksum), window, a block header of three bytes.
std::vector<std::byte> frame(unsigned window) {
  std::vector<std::byte> bytes;
  for (const unsigned byte : {0x28U, 0xB5U, 0x2FU, 0xFDU, 0x00U, window, 0x09U, 0x00U, 0x00U, unsigned{'x'}}) {
    bytes.push_back(static_cast<std::byte>(byte));
  }
  return bytes;
}
constexpr unsigned window_of_128_mib = 17U << 3U;

TEST(ZstdFrames, a_window_is_no_larger_than_readers_accept) {
  EXPECT_EQ(fault_of_zstd_frames(frame(window_of_128_mib)), nullptr);
  EXPECT_NE(fault_of_zstd_frames(frame(window_of_128_mib + 1)), nullptr);
  EXPECT_EQ(decompress(Codec::zstd, frame(window_of_128_mib), 1)->size(), 1U);
  EXPECT_EQ(decompress(Codec::zstd, frame(window_of_128_mib + 1), 1).error().code, ErrorCode::CORRUPT_MESSAGE);
}

TEST(ZstdFrames, each_frame_is_looked_at) {
  auto two = frame(0);
  const auto second = frame(window_of_128_mib + 8);
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_NE(fault_of_zstd_frames(two), nullptr);
  two.resize(two.size() - second.size());
  EXPECT_EQ(fault_of_zstd_frames(two), nullptr);
  two.pop_back();
  EXPECT_NE(fault_of_zstd_frames(two), nullptr);
  EXPECT_NE(fault_of_zstd_frames({}), nullptr);
}

// Rather than as much as it may become: what is stored has no bound.
TEST(ZstdFrames, room_grows_with_what_there_is) {
  const Bytes plain(1'000'000, std::byte{'a'});
  const auto unpacked = decompress(Codec::zstd, compress(Codec::zstd, plain), std::int64_t{1} << 31U);
  ASSERT_TRUE(unpacked);
  EXPECT_EQ(unpacked->size(), plain.size());
  EXPECT_LT(unpacked->capacity(), 4 * plain.size() + 1);
}

}  // namespace
}  // namespace ottla
