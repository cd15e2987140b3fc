// Retention of one log: what goes, and when its files do.
#include <gmock/gmock.h>

#include "storage/log_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;

class RetentionTest : public LogFixture {
 protected:
  void SetUp() override { config.segment_bytes = 160; }  // two batches each
  void write_at(std::int64_t timestamp_ms, const std::string& text) {
    ASSERT_TRUE(append(make_batch({{.key = text, .value = text, .timestamp_ms = timestamp_ms}})));
  }
  void apply(std::int64_t at_ms) {
    ASSERT_TRUE(commit());
    ASSERT_TRUE(log->apply_retention(at_ms, log->log_end_offset()));
    ASSERT_TRUE(log->remove_deleted_segments(log->log_start_offset()));
  }
};

TEST_F(RetentionTest, segments_go_when_their_newest_record_is_too_old) {
  config.retention_ms = 1000;
  open();
  for (int i = 0; i < 6; ++i) {
    write_at(now_ms + std::int64_t{500} * i, fmt::format("{:02}", i));
  }
  apply(now_ms + 500 + 1000);
  EXPECT_EQ(log->log_start_offset(), Offset{0});
  apply(now_ms + 500 + 1001);
  EXPECT_EQ(log->log_start_offset(), Offset{2});
  EXPECT_FALSE(disk->exists(segment(0)));
  EXPECT_EQ(read_error(1), ErrorCode::OFFSET_OUT_OF_RANGE);
  EXPECT_THAT(values(2), ElementsAre("02", "03", "04", "05"));
}

// Its index files, which are sound, say more of it than a header that no CRC was asked about.
TEST_F(RetentionTest, a_segment_stays_whose_timestamp_has_rotted) {
  config.retention_ms = 1000;
  config.segment_bytes = 100;  // a batch each
  open();
  write({"aa", "bb"});
  const auto hints = close();
  kill();
  constexpr std::int64_t bit_40_of_max_timestamp_in_byte = 37;  // without it the year is 1989
  disk->flip_bit(segment(0), bit_40_of_max_timestamp_in_byte);
  open(hints);
  apply(now_ms);
  EXPECT_EQ(log->log_start_offset(), Offset{0});
  EXPECT_EQ(read_error(0), ErrorCode::CORRUPT_MESSAGE);
}

TEST_F(RetentionTest, the_active_segment_goes_too_and_offsets_go_on) {
  config.retention_ms = 1000;
  open();
  write({"aa", "bb", "cc"});
  apply(now_ms + 10'000);
  EXPECT_EQ(log->log_start_offset(), Offset{3});
  EXPECT_EQ(log->size_bytes(), 0);
  write({"dd"});
  ASSERT_TRUE(commit());
  kill();
  open({.recovery_point = {}, .log_start_offset = Offset{3}, .cleaned_to = {}, .clean_end = {}, .durable_mark = {}});
  EXPECT_THAT(values(3), ElementsAre("dd"));
}

TEST_F(RetentionTest, files_stay_as_long_as_the_log_start_is_not_durable) {
  open();
  write_durably({"aa", "bb", "cc", "dd"});
  log->advance_log_start(Offset{4});
  ASSERT_TRUE(log->remove_deleted_segments(Offset{1}));
  EXPECT_TRUE(disk->exists(segment(0)));
  ASSERT_TRUE(log->remove_deleted_segments(Offset{2}));
  EXPECT_FALSE(disk->exists(segment(0)));
  EXPECT_TRUE(disk->exists(segment(2)));
}

TEST_F(RetentionTest, what_was_written_before_a_clean_stop_counts_for_the_age_of_its_segment) {
  config.retention_ms = 1000;
  open();
  write_at(now_ms, "aa");
  open(close());
  write_at(now_ms - 5000, "bb");
  apply(now_ms + 10);
  EXPECT_THAT(values(), ElementsAre("aa", "bb"));
}

TEST_F(RetentionTest, the_oldest_go_while_what_is_left_is_large_enough) {
  config.retention_bytes = 200;
  open();
  write({"aa", "bb", "cc", "dd", "ee", "ff"});
  apply(now_ms);
  EXPECT_EQ(log->log_start_offset(), Offset{2});
  EXPECT_GE(log->size_bytes(), 200);
}

TEST_F(RetentionTest, nothing_above_the_high_watermark_goes) {
  config.retention_ms = 0;
  open();
  write({"aa", "bb", "cc", "dd"});
  ASSERT_TRUE(log->apply_retention(now_ms + 10'000, Offset{1}));
  EXPECT_EQ(log->log_start_offset(), Offset{0});
}

TEST_F(RetentionTest, a_compacted_topic_without_delete_keeps_old_records) {
  config.retention_ms = 0;
  config.deletes = false;
  open();
  write({"aa", "bb", "cc"});
  apply(now_ms + 10'000);
  EXPECT_EQ(log->log_start_offset(), Offset{0});
}

}  // namespace
}  // namespace ottla
