#include "replication/leader.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

TEST(Leader, what_is_written_but_not_synced_is_not_shown) {
  Leader leader;
  leader.step(BecomeLeader{.epoch = {0}});
  EXPECT_FALSE(leader.step(LogAppended{{5}}));
  EXPECT_EQ(leader.high_watermark(), Offset{0});
}

TEST(Leader, a_sync_moves_the_high_watermark_to_what_it_covered) {
  Leader leader;
  leader.step(BecomeLeader{.epoch = {0}});
  leader.step(LogAppended{{5}});
  leader.step(LogAppended{{9}});
  EXPECT_TRUE(leader.step(DiskDone{{5}}));
  EXPECT_EQ(leader.high_watermark(), Offset{5});
}

TEST(Leader, without_waiting_for_the_disk_what_is_written_is_shown) {
  Leader leader;
  leader.step(BecomeLeader{.epoch = {0}, .waits_for_disk = false});
  EXPECT_TRUE(leader.step(LogAppended{{5}}));
  EXPECT_FALSE(leader.step(DiskDone{{5}}));
  EXPECT_EQ(leader.high_watermark(), Offset{5});
}

TEST(Leader, the_high_watermark_never_goes_back) {
  Leader leader;
  leader.step(BecomeLeader{.epoch = {0}, .log_end_offset = {9}, .durable_end_offset = {9}});
  EXPECT_FALSE(leader.step(DiskDone{{4}}));
  EXPECT_EQ(leader.high_watermark(), Offset{9});
}

TEST(Leader, what_was_shown_stays_shown_when_the_disk_has_to_be_waited_for) {
  Leader leader;
  leader.step(BecomeLeader{.epoch = {0}, .waits_for_disk = false});
  leader.step(LogAppended{{5}});
  EXPECT_FALSE(leader.step(DurabilityChanged{.waits_for_disk = true}));
  leader.step(LogAppended{{8}});
  EXPECT_EQ(leader.high_watermark(), Offset{5});
  EXPECT_TRUE(leader.step(DiskDone{{6}}));
  EXPECT_TRUE(leader.step(DurabilityChanged{.waits_for_disk = false}));
  EXPECT_EQ(leader.high_watermark(), Offset{8});
}

TEST(Leader, a_new_leader_starts_from_what_recovery_found) {
  Leader leader;
  EXPECT_TRUE(leader.step(BecomeLeader{.epoch = {3}, .log_end_offset = {7}, .durable_end_offset = {7}}));
  EXPECT_EQ(leader.high_watermark(), Offset{7});
  EXPECT_EQ(leader.epoch(), LeaderEpoch{3});
}

}  // namespace
}  // namespace ottla
