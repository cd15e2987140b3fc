// The marks of what is durable, on a disk that fails.
#include "storage/log_test_fixture.h"

namespace ottla {

class DurableMarksTest : public LogFixture {};

TEST_F(DurableMarksTest, marks_take_nothing_more_once_a_sync_of_theirs_has_failed) {
  open();
  write_durably({"one"});
  disk->fail_sync_after = 0;
  EXPECT_FALSE(marks->lower(key, {.durable_end_offset = Offset{0}}));
  EXPECT_FALSE(marks->lower(key, {.durable_end_offset = Offset{0}}));
  marks->note(key, {.durable_end_offset = Offset{1}});
  EXPECT_FALSE(marks->write());
  EXPECT_FALSE(marks->sync());
}

}  // namespace ottla
