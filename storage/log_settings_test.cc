// Settings that change while a log is open.
#include <gmock/gmock.h>

#include "storage/log_test_fixture.h"
#include "storage/producer_state.h"

namespace ottla {
namespace {

using LogSettingsTest = LogFixture;

TEST_F(LogSettingsTest, the_next_append_goes_by_the_new_segment_bytes) {
  open();
  write({"aa", "bb", "cc"});
  EXPECT_FALSE(disk->exists(segment(3)));
  config.segment_bytes = 100;
  log->set_config(config);
  write({"dd"});
  EXPECT_TRUE(disk->exists(segment(3)));
}

TEST_F(LogSettingsTest, the_next_clean_up_goes_by_the_new_retention) {
  open();
  write_durably({"aa", "bb"});
  ASSERT_TRUE(log->apply_retention(now_ms + 10'000, log->log_end_offset()));
  EXPECT_EQ(log->log_start_offset(), Offset{0});
  config.retention_ms = 1000;
  log->set_config(config);
  ASSERT_TRUE(log->apply_retention(now_ms + 10'000, log->log_end_offset()));
  EXPECT_EQ(log->log_start_offset(), Offset{2});
}

TEST_F(LogSettingsTest, producers_are_told_with_their_last_batch) {
  open();
  EXPECT_TRUE(log->producers().last_batches().empty());
  for (const std::int64_t id : {7, 5}) {
    for (const std::int32_t sequence : {0, 1}) {
      ASSERT_TRUE(append(make_batch({{.key = "k", .value = "v", .timestamp_ms = now_ms + sequence}},
                                    {.id = id, .epoch = 2, .sequence = sequence})));
    }
  }
  const auto told = log->producers().last_batches();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].producer_id, 5);
  EXPECT_EQ(told[1].producer_id, 7);
  EXPECT_EQ(told[1].producer_epoch, 2);
  EXPECT_EQ(told[1].last_sequence, 1);
  EXPECT_EQ(told[1].timestamp_ms, now_ms + 1);
}

}  // namespace
}  // namespace ottla
