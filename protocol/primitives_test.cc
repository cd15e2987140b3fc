#include "protocol/primitives.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace ottla {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) {
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

TEST(Reader, a_varint_of_any_length_is_what_was_written) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t near : {~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}}) {
      const auto value = static_cast<std::int64_t>((std::uint64_t{1} << static_cast<unsigned>(shift)) + near);
      Writer out;
      out.varlong(value);
      out.varint(static_cast<std::int32_t>(value));
      out.unsigned_varint(static_cast<std::uint64_t>(value));
      Bytes bytes = out.flatten();
      Reader reader(bytes);
      EXPECT_EQ(reader.varlong(), value);
      EXPECT_EQ(reader.varint(), static_cast<std::int32_t>(value));
      EXPECT_EQ(reader.unsigned_varint(10), static_cast<std::uint64_t>(value));
      EXPECT_TRUE(reader.ok());
      EXPECT_EQ(reader.remaining(), 0U);
    }
  }
}

TEST(Reader, a_varint_that_is_none_says_why_and_where) {
  struct {
    Bytes bytes;
    std::string error;
    std::size_t position;
  } const cases[] = {
      {bytes_of({}), "truncated", 0},
      {bytes_of({0x80}), "truncated", 1},
      {bytes_of({0xFF, 0xFF}), "truncated", 2},
      {bytes_of({0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0}), "varint overflow", 5},
      {bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0}), "varint too long", 5},
  };
  for (auto [bytes, error, position] : cases) {
    Reader reader(bytes);
    (void)reader.unsigned_varint();
    ASSERT_FALSE(reader.ok()) << error;
    EXPECT_EQ(reader.error(), error);
    EXPECT_EQ(reader.position(), position);
    EXPECT_EQ(reader.unsigned_varint(), 0U) << "nothing is read after an error";
    EXPECT_EQ(reader.position(), position);
  }
}

TEST(Writer, all_stays_in_order_however_often_it_grows) {
  Writer out;
  Bytes expected;
  const Bytes spliced(1000, std::byte{7});
  for (std::int32_t i = 0; i < 1000; ++i) {
    out.integer(static_cast<std::int8_t>(i));
    expected.push_back(static_cast<std::byte>(i));
    if (i % 300 == 0) {
      out.splice(spliced);
      out.raw(spliced);
      expected.insert(expected.end(), spliced.begin(), spliced.end());
      expected.insert(expected.end(), spliced.begin(), spliced.end());
    }
  }
  EXPECT_EQ(out.size_bytes(), expected.size());
  EXPECT_EQ(out.flatten(), expected);
}

}  // namespace
}  // namespace ottla
