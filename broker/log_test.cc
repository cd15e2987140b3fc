#include "broker/log.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

using Time = std::chrono::steady_clock::time_point;
constexpr Time start{std::chrono::hours(1)};

TEST(FewLines, an_address_has_a_few_lines_a_minute) {
  FewLines lines;
  for (int i = 0; i < FewLines::per_minute; ++i) {
    EXPECT_TRUE(lines.may_tell("a", start));
  }
  EXPECT_FALSE(lines.may_tell("a", start));
  EXPECT_TRUE(lines.may_tell("b", start));
  EXPECT_FALSE(lines.may_tell("a", start + std::chrono::seconds(59)));
  EXPECT_TRUE(lines.may_tell("a", start + std::chrono::seconds(60)));
}

TEST(FewLines, so_many_addresses_are_told_of) {
  FewLines lines;
  for (std::size_t i = 0; i < FewLines::subjects_max; ++i) {
    EXPECT_TRUE(lines.may_tell(std::to_string(i), start));
  }
  EXPECT_FALSE(lines.may_tell("one more", start));
  EXPECT_TRUE(lines.may_tell("0", start));
}

}  // namespace
}  // namespace ottla
