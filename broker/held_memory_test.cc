#include "broker/held_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace ottla {
namespace {

TEST(HeldMemory, holds_so_many_files_and_takes_others_when_some_are_let_go) {
  HeldMemory held(0, 3);
  std::vector<HeldMemory::File> files;
  for (int i = 0; i < 3; ++i) {
    auto file = held.take_file();
    ASSERT_TRUE(file);
    files.push_back(std::move(*file));
  }
  EXPECT_FALSE(held.take_file());
  EXPECT_FALSE(held.take_file());  // a refusal takes no place
  files.pop_back();
  EXPECT_TRUE(held.take_file());
  EXPECT_TRUE(held.take_file());  // it was let go at once
}

TEST(HeldMemory, an_answer_has_a_length_that_can_be_told) {
  EXPECT_LE(HeldMemory(-1, 0).answer_bytes_max(), std::int64_t{1} << 30U);
}

}  // namespace
}  // namespace ottla
