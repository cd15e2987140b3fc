#include "broker/quorum/newcomer.h"

#include <gtest/gtest.h>

#include "broker/quorum/test_store.h"

namespace ottla {
namespace {

TEST(NewcomerTest, the_mark_and_its_end_outlive_a_power_cut) {
  const auto disk = new_disk();
  open_log(*disk);  // makes the directory
  EXPECT_FALSE(is_newcomer(*disk, "data"));
  ASSERT_TRUE(mark_newcomer(*disk, "data"));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_TRUE(is_newcomer(*disk->after_power_cut(seed), "data"));
  }
  ASSERT_TRUE(unmark_newcomer(*disk, "data"));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_FALSE(is_newcomer(*disk->after_power_cut(seed), "data"));
  }
}

}  // namespace
}  // namespace ottla
