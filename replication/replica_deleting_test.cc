// Scenes of DeleteRecords: what is acknowledged as deleted comes back with no leader.
#include "replication/replica_test_fixture.h"

namespace ottla {

namespace {

using replica_effect::LowWatermarkMoved;
using replica_effect::SendAlterPartition;
using replica_effect::SendFetch;

// Broker 1 leads 2 and 3, who have all of ten records.
ReplicaScene ten_records(const std::vector<int>& isr, std::size_t min_isr = 1) {
  ReplicaScene leader;
  leader.min_isr = min_isr;
  leader.leads(1, isr);
  leader.writes(10);
  return leader;
}

}  // namespace

TEST(ReplicaDeleting, counts_once_every_in_sync_replica_has_it_durably) {
  const auto scene = [] {
    ReplicaScene leader = ten_records({1, 2, 3});
    leader.fetched_by(2, 10, 1);
    leader.fetched_by(3, 10, 1);
    leader.deletes(5);
    leader.fetched_by(2, 10, 1, {}, {}, 5);
    return leader.low_watermark();
  };
  expect_differs(Mutant::low_watermark_ignores_followers, scene, 0);
  ReplicaScene leader = ten_records({1, 2, 3});
  leader.deletes(5);
  EXPECT_EQ(leader.effect<LowWatermarkMoved>(), nullptr);
  EXPECT_EQ(leader.low_watermark(), -1);  // nobody has been heard
  leader.fetched_by(2, 10, 1, {}, {}, 5);
  leader.fetched_by(3, 10, 1, {}, {}, 7);
  ASSERT_NE(leader.effect<LowWatermarkMoved>(), nullptr);
  EXPECT_EQ(leader.effect<LowWatermarkMoved>()->low_watermark, Offset{5});
  leader.fetched_by(2, 10, 1, {}, {}, 7);
  EXPECT_EQ(leader.low_watermark(), 5);  // what retention takes counts for nothing
}

TEST(ReplicaDeleting, the_leader_counts_once_its_own_start_is_durable) {
  ReplicaScene leader = ten_records({1});
  leader.log_start = Offset{5};
  leader.step(replica_event::RecordsDeleted{Offset{5}});
  EXPECT_EQ(leader.low_watermark(), 0);
  leader.durable_start = Offset{5};
  leader.step(replica_event::DurableStartMoved{});
  EXPECT_EQ(leader.low_watermark(), 5);
}

TEST(ReplicaDeleting, what_another_incarnation_had_deleted_is_not_said_of_the_next) {
  ReplicaScene leader = ten_records({1, 2});
  leader.fetched_by(2, 10, 1, {}, {}, 5);
  leader.broker_epoch_of_fetches = 200;
  leader.fetched_by(2, 10, 1, {}, {}, 0);
  leader.deletes(5);
  EXPECT_EQ(leader.low_watermark(), 0);
}

TEST(ReplicaDeleting, does_not_wait_for_one_that_is_out_of_sync) {
  ReplicaScene leader = ten_records({1, 2});
  leader.fetched_by(2, 10, 1, {}, {}, 5);
  leader.fetched_by(3, 4, 1);
  leader.deletes(5);
  EXPECT_EQ(leader.low_watermark(), 5);
}

// A member of the ELR may have them.
TEST(ReplicaDeleting, stands_still_below_min_insync_replicas) {
  ReplicaScene leader = ten_records({1}, 2);
  leader.deletes(5);
  EXPECT_EQ(leader.low_watermark(), -1);
}

TEST(ReplicaDeleting, a_joiner_has_deleted_it_too) {
  const auto scene = [] {
    ReplicaScene leader = ten_records({1, 2});
    leader.fetched_by(2, 10, 1, {}, {}, 5);
    leader.deletes(5);
    leader.fetched_by(3, 10, 1, {}, {}, 4);
    return leader.effect<SendAlterPartition>() != nullptr ? 1 : 0;
  };
  expect_differs(Mutant::expand_with_what_is_deleted, scene, 0);
  ReplicaScene leader = ten_records({1, 2});
  leader.fetched_by(2, 10, 1, {}, {}, 5);
  leader.deletes(5);
  leader.fetched_by(3, 10, 1, {}, {}, 5);
  EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr);
}

// The leader before this one may have acknowledged it.
TEST(ReplicaDeleting, a_joiner_has_deleted_what_a_new_leader_does_not_have) {
  const auto scene = [] {
    ReplicaScene leader;
    leader.log_start = leader.durable_start = Offset{5};
    leader.has_log({{1, 0}}, 10);
    leader.leads(2, {1, 2});
    leader.fetched_by(2, 10, 1, {}, {}, 5);
    leader.fetched_by(3, 10, 1, {}, {}, 4);
    return leader.effect<SendAlterPartition>() != nullptr ? 1 : 0;
  };
  expect_differs(Mutant::expand_with_what_is_deleted, scene, 0);
}

// Nor has anybody compared what it has below: this leader's log may know no epoch from there.
TEST(ReplicaDeleting, a_joiner_has_nothing_from_below_a_leaders_first_start_durable_or_not) {
  ReplicaScene leader;
  leader.log_start = Offset{5};
  leader.has_log({{3, 5}}, 10);
  leader.leads(4, {1, 2});
  leader.fetched_by(2, 10, 3, {}, {}, 5);
  leader.fetched_by(3, 10, 3, {}, {}, 4);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  leader.fetched_by(3, 10, 3, {}, {}, 5);
  EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr);
}

// Retention had taken all else from the longer log that it cut: it lacks what this leader has written since.
TEST(ReplicaDeleting, after_an_unclean_election_a_joiner_begins_no_later_than_that) {
  ReplicaScene leader;
  leader.is_recovering = true;
  leader.has_log({{1, 0}}, 10);
  leader.leads(2, {1});
  leader.writes(10);
  leader.fetched_by(3, 20, 2, {}, {}, 15);
  EXPECT_EQ(leader.effect<SendAlterPartition>(), nullptr);
  leader.fetched_by(3, 20, 2, {}, {}, 10);
  EXPECT_NE(leader.effect<SendAlterPartition>(), nullptr);
}

// All that it has is below the leader's start, and may be another's: the leader tells from the epoch before.
TEST(ReplicaDeleting, a_follower_of_an_older_epoch_that_ends_at_the_start_diverges) {
  ReplicaScene leader;
  leader.log_start = leader.durable_start = Offset{5};
  leader.has_log({{1, 0}, {3, 3}, {4, 5}}, 10);
  leader.epochs.truncate_start(Offset{5});
  leader.leads(5, {1, 2});
  EXPECT_EQ(leader.fetched_by(3, 5, 1).diverging_epoch.end_offset, Offset{3});
  EXPECT_EQ(leader.fetched_by(3, 3, 1).error, ErrorCode::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(leader.fetched_by(2, 5, 3).diverging_epoch.epoch, LeaderEpoch{});
}

TEST(ReplicaDeleting, a_new_leader_acknowledges_nothing_that_it_has_not_heard_of) {
  ReplicaScene leader;
  leader.log_start = leader.durable_start = Offset{5};
  leader.has_log({{1, 0}}, 10);
  leader.leads(2, {1, 2});
  leader.step(replica_event::RecordsDeleted{Offset{5}});
  EXPECT_EQ(leader.low_watermark(), -1);
  leader.fetched_by(2, 10, 1, {}, {}, 5);
  EXPECT_EQ(leader.low_watermark(), 5);
  leader.hears(1, 3, 11, {1, 2});
  EXPECT_EQ(leader.low_watermark(), -1);
}

TEST(ReplicaDeleting, a_follower_tells_what_is_durable_of_it) {
  ReplicaScene follower;
  follower.log_start = Offset{5};
  follower.durable_start = Offset{3};
  follower.has_log({{1, 0}}, 10);
  follower.follows(5);
  ASSERT_NE(follower.effect<SendFetch>(), nullptr);
  EXPECT_EQ(follower.effect<SendFetch>()->durable_start_offset, Offset{3});
}

}  // namespace ottla
