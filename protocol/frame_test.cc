#include "protocol/frame.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

// Without its length prefix, which has to be right.
Bytes frame_of(const Writer& out) {
  Bytes bytes = out.flatten();
  EXPECT_EQ(load_big_endian<std::int32_t>(bytes), static_cast<std::int32_t>(bytes.size() - sizeof(std::int32_t)));
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(std::int32_t));
  return bytes;
}

TEST(Frame, a_request_of_ours_is_read_as_any_other) {
  for (const bool flexible : {false, true}) {
    Writer out;
    begin_request(out, 18, 3, 77, "me", flexible);
    out.integer<std::int16_t>(4711);
    finish_request(out);
    Bytes frame = frame_of(out);
    const auto header = read_request_header(frame);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->api_key, 18);
    EXPECT_EQ(header->api_version, 3);
    EXPECT_EQ(header->correlation_id, 77);
    EXPECT_EQ(header->client_id, "me");
    const auto body = request_body(frame, *header, flexible);
    ASSERT_TRUE(body);
    ASSERT_EQ(body->size(), 2U);
    EXPECT_EQ(load_big_endian<std::int16_t>(*body), 4711);
  }
}

TEST(Frame, a_response_is_read_with_its_tags_or_without) {
  for (const bool flexible : {false, true}) {
    Writer out;
    begin_response(out, 77, flexible);
    out.integer<std::int16_t>(4711);
    finish_response(out);
    Bytes frame = frame_of(out);
    const auto response = read_response(frame, flexible);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->correlation_id, 77);
    ASSERT_EQ(response->body.size(), 2U);
    EXPECT_EQ(load_big_endian<std::int16_t>(response->body), 4711);
  }
}

TEST(Frame, a_response_without_a_whole_header_is_refused) {
  Bytes frame(4);
  EXPECT_TRUE(read_response(frame, false));
  EXPECT_FALSE(read_response(frame, true));
  frame.pop_back();
  EXPECT_FALSE(read_response(frame, false));
}

}  // namespace
}  // namespace ottla
