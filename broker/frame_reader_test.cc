#include "broker/frame_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ottla {
namespace {

using namespace std::string_view_literals;

class FrameReaderTest : public testing::Test {
 protected:
  static std::string frame(std::size_t size, char fill) {
    std::string text;
    for (const int shift : {24, 16, 8, 0}) {
      text += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xFFU);
    }
    return text + std::string(size, fill);
  }
  void arrive(std::string_view text) {
    while (!text.empty()) {
      const auto space = reader.space();
      const std::size_t size = std::min(space.size(), text.size());
      std::memcpy(space.data(), text.data(), size);
      reader.received(size);
      text.remove_prefix(size);
    }
  }
  std::string next() {
    auto frame = reader.next();
    if (!frame) {
      return "error: " + frame.error().message;
    }
    if (!*frame) {
      return "nothing";
    }
    kept.push_back(**frame);
    const auto bytes = kept.back().bytes;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  FrameReader reader{1'000'000};
  std::vector<Frame> kept;
};

TEST_F(FrameReaderTest, a_large_slab_does_not_outlive_its_frame) {
  FrameReader large{100'000'000};
  for (const std::size_t size : {std::size_t{100'000}, std::size_t{50'000'000}}) {
    std::weak_ptr<Slab> slab;
    {
      std::string stream = frame(size, 'x');
      std::string_view left = stream;
      while (!left.empty()) {
        const auto space = large.space();
        const std::size_t part = std::min(space.size(), left.size());
        std::memcpy(space.data(), left.data(), part);
        large.received(part);
        left.remove_prefix(part);
      }
      const auto whole = large.next();
      ASSERT_TRUE(whole && *whole);
      slab = (*whole)->slab;
    }
    (void)large.space();
    EXPECT_EQ(slab.expired(), size == 50'000'000);
  }
}

TEST_F(FrameReaderTest, cuts_frames_however_the_bytes_arrive) {
  const std::string stream = frame(3, 'a') + frame(1, 'b') + frame(5, 'c');
  for (const char byte : stream) {
    arrive({&byte, 1});
  }
  EXPECT_EQ(next(), "aaa");
  EXPECT_EQ(next(), "b");
  EXPECT_EQ(next(), "ccccc");
  EXPECT_EQ(next(), "nothing");
}

TEST_F(FrameReaderTest, a_frame_keeps_its_bytes_while_later_ones_arrive) {
  arrive(frame(4, 'x'));
  EXPECT_EQ(next(), "xxxx");
  for (int i = 0; i < 200; ++i) {
    arrive(frame(5000, 'y'));
    EXPECT_EQ(next(), std::string(5000, 'y'));
  }
  EXPECT_EQ(std::to_integer<char>(kept.front().bytes.front()), 'x');
}

TEST_F(FrameReaderTest, a_large_frame_grows_with_the_bytes_received_and_not_with_the_length_announced) {
  arrive(frame(900'000, 'z').substr(0, 1000));
  EXPECT_EQ(next(), "nothing");
  EXPECT_LE(reader.space().size(), 64U * 1024);
  arrive(frame(900'000, 'z').substr(1000));
  EXPECT_EQ(next(), std::string(900'000, 'z'));
}

TEST_F(FrameReaderTest, who_sends_frames_of_some_size_gets_room_for_four) {
  arrive(frame(65'000, 'z'));
  EXPECT_EQ(next(), std::string(65'000, 'z'));
  EXPECT_GE(reader.space().size(), 4 * 65'000U);
  EXPECT_LT(reader.space().size(), 5 * 65'000U);
}

TEST_F(FrameReaderTest, room_that_nobody_needs_may_go_between_frames_only) {
  EXPECT_FALSE(reader.may_shrink());
  arrive(frame(500'000, 'z') + frame(10, 'y').substr(0, 5));
  EXPECT_EQ(next(), std::string(500'000, 'z'));
  EXPECT_FALSE(reader.may_shrink());
  reader.shrink();
  arrive(frame(10, 'y').substr(5));
  EXPECT_EQ(next(), std::string(10, 'y'));
  EXPECT_TRUE(reader.may_shrink());
  reader.shrink();
  EXPECT_LE(reader.space().size(), 64U * 1024);
  arrive(frame(3, 'x'));
  EXPECT_EQ(next(), "xxx");
}

TEST_F(FrameReaderTest, who_has_sent_a_large_frame_gets_room_for_another_one_at_once) {
  arrive(frame(500'000, 'z'));
  EXPECT_EQ(next(), std::string(500'000, 'z'));
  arrive(frame(900'000, 'z').substr(0, 100'000));
  const std::size_t room = 100'000 + reader.space().size();
  EXPECT_GE(room, 500'000U);
  EXPECT_LT(room, 600'000U);  // not all that it announces
  arrive(frame(900'000, 'z').substr(100'000));
  EXPECT_EQ(next(), std::string(900'000, 'z'));
}

TEST_F(FrameReaderTest, room_for_another_one_is_there_before_its_first_byte_if_it_is_kept_anyway) {
  for (const std::size_t size : {500'000U, 1024U * 1024 + 200, 2'000'000U}) {
    reader = FrameReader{4'000'000};
    arrive(frame(size, 'z'));
    EXPECT_EQ(next(), std::string(size, 'z'));
    const bool has_room = reader.space().size() >= size + 4;
    EXPECT_EQ(has_room, size < 2'000'000) << size;
  }
}

TEST_F(FrameReaderTest, refuses_lengths_that_cannot_be_and_says_what_they_look_like) {
  for (const auto& [text, hint] :
       {std::pair{"\xff\xff\xff\xfb"sv, ""}, {"\0\0\0\0"sv, ""}, {"GET "sv, "HTTP"}, {"\x16\x03\x01\x00"sv, "TLS"}}) {
    FrameReader fresh{1'000'000};
    std::memcpy(fresh.space().data(), text.data(), text.size());
    fresh.received(text.size());
    const auto frame = fresh.next();
    ASSERT_FALSE(frame);
    EXPECT_NE(frame.error().message.find(hint), std::string::npos) << frame.error().message;
  }
}

}  // namespace
}  // namespace ottla
