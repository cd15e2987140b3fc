// The leader-epoch-checkpoint beside a log: gone, half known, or not synced.
#include <limits>

#include "storage/leader_epochs.h"
#include "storage/log_test_fixture.h"

namespace ottla {

class LogEpochs : public LogFixture {};

// Also where an epoch begins within a segment, and another segment follows.
TEST_F(LogEpochs, epochs_that_are_gone_are_those_of_the_batches) {
  config.segment_bytes = 300;
  open();
  for (int offset = 0; offset < 12; ++offset) {
    ASSERT_TRUE(replicate({of_leader(offset, offset < 3 ? 1 : 3, "a")}));
  }
  ASSERT_TRUE(commit());
  const LeaderEpochs before = log->leader_epochs();
  ASSERT_EQ(before.entries().size(), 2U);
  for (const char* checkpoint : {"0\n0\n", ""}) {
    for (const int recovery_point : {0, 1, 5, 12}) {
      write_text(*disk, "data/t-0/leader-epoch-checkpoint", checkpoint);
      open({.recovery_point = Offset{recovery_point}});
      EXPECT_EQ(log->leader_epochs(), before) << checkpoint << recovery_point;
    }
  }
}

// The epoch begins in the last segment: what is known before that is read is not all.
TEST_F(LogEpochs, epochs_that_are_gone_are_asked_for_again_after_a_start_that_failed) {
  config.segment_bytes = 300;
  int failed_starts = 0;
  int failed_before = 0;
  for (int sync = 0; sync < 10; ++sync) {
    begin_with_an_empty_disk();
    open();
    for (int offset = 0; offset < 12; ++offset) {
      ASSERT_TRUE(replicate({of_leader(offset, offset < 10 ? 1 : 3, "a")}));
    }
    ASSERT_TRUE(commit() && disk->sync_all("data"));
    write_text(*disk, "data/t-0/leader-epoch-checkpoint", "");
    disk->fail_sync_after = sync;
    try {
      failed_starts += try_open({.recovery_point = Offset{9}}) ? 0 : 1;
    } catch (const std::exception&) {
      ++failed_before;  // in what is opened before the log
    }
    disk->fail_sync_after = -1;
    open({.recovery_point = Offset{9}});
    EXPECT_TRUE(log->damaged().empty()) << sync;
    EXPECT_EQ(end(), 12) << sync;
    EXPECT_EQ(log->leader_epochs().at(Offset{10}), LeaderEpoch{3}) << sync;
  }
  EXPECT_GT(failed_starts, 2) << failed_before;
}

// A start in between must not take them for durable: a batch of that epoch would be damage, once a crash has taken it
// back.
TEST_F(LogEpochs, epochs_whose_sync_has_failed_are_taken_back) {
  for (int sync = 0; sync < 2; ++sync) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      begin_with_an_empty_disk();
      open();
      ASSERT_TRUE(replicate({of_leader(0, 1, "a")}) && commit() && disk->sync_all("data"));
      disk->fail_sync_after = sync;
      EXPECT_FALSE(replicate({of_leader(1, 2, "b")}));
      EXPECT_FALSE(log->why_failed());
      const DurableMark clean_end = log->end_mark();
      ASSERT_TRUE(log->close());
      open({.recovery_point = Offset{1}, .clean_end = clean_end});
      ASSERT_TRUE(replicate({of_leader(1, 2, "b")}) && commit());
      cut_power(seed);
      open();
      EXPECT_TRUE(log->damaged().empty()) << sync << " " << seed;
      EXPECT_EQ(end(), 2) << sync << " " << seed;
    }
  }
}

TEST_F(LogEpochs, a_start_of_an_empty_log_writes_no_epochs) {
  open();
  ASSERT_TRUE(commit());
  int changes = 0;
  disk->before_change = [&](std::string_view what) {
    changes += what.find("leader-epoch-checkpoint") != std::string_view::npos ? 1 : 0;
  };
  open();
  disk->before_change = {};
  EXPECT_EQ(changes, 0);
}

// No file is as good as one without epochs: there is nothing to take back.
TEST_F(LogEpochs, a_disk_that_is_full_at_the_first_batch_leaves_the_log_as_it_was) {
  open();
  disk->capacity_bytes = 0;
  EXPECT_FALSE(replicate({of_leader(0, 1, "a")}));
  EXPECT_FALSE(log->why_failed());
  disk->capacity_bytes = std::numeric_limits<std::int64_t>::max();
  ASSERT_TRUE(replicate({of_leader(0, 1, "a")}));
  EXPECT_EQ(end(), 1);
}

}  // namespace ottla
