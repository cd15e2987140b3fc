// A partition as a follower: what is fetched, cut and appended, and what is told.
#include "broker/replica_test_fixture.h"

namespace ottla {
namespace {

class FollowingPartition : public ReplicaPartitionTest {
 protected:
  void has_three_records_of_a_leader_that_begins_at_two() {
    follows(2, 5);
    brings(outside.next_fetch(), 3, 5, 3);
    FetchDone done = answer(outside.next_fetch());
    done.high_watermark = Offset{3};
    done.log_start_offset = Offset{2};
    partition->fetch_done(done, {});
  }
};

TEST_F(FollowingPartition, appends_what_it_fetched_and_goes_on_from_there) {
  follows(2, 5);
  const auto first = outside.next_fetch();
  EXPECT_EQ(first.leader, BrokerId{2});
  EXPECT_EQ(first.current_leader_epoch, LeaderEpoch{5});
  EXPECT_EQ(first.fetch_offset, Offset{0});
  brings(first, 3, 5, 2);
  const auto second = outside.next_fetch();
  EXPECT_EQ(second.fetch_offset, Offset{3});
  EXPECT_EQ(second.last_fetched_epoch, LeaderEpoch{5});
  EXPECT_EQ(high_watermark(), Offset{2});
}

TEST_F(FollowingPartition, tells_once_it_has_synced) {
  follows(2, 5);
  brings(outside.next_fetch(), 1, 5, 0);
  brings(outside.next_fetch(), 0, 5, 0);
  const auto told = outside.next_fetch();  // comes after the sync
  EXPECT_EQ(told.durable_end_offset, Offset{1});
  EXPECT_TRUE(told.may_wait);
  EXPECT_EQ(durable_end(), Offset{1});
}

TEST_F(FollowingPartition, has_no_room_as_long_as_what_was_refused_does_not_fit) {
  constexpr std::int64_t mib = std::int64_t{1} << 20U;
  follows(2, 5);
  const auto first = outside.next_fetch();
  EXPECT_FALSE(first.has_no_room);
  disk.capacity_bytes = config.log_dir_reserved_bytes + mib + mib / 2;
  std::this_thread::sleep_for(std::chrono::milliseconds(250));  // how much is left is known anew
  Bytes large = make_batch({{.key = "k", .value = std::string(2 * mib, 'x')}});
  patch_leader_epoch(large, LeaderEpoch{5});
  FetchDone done = answer(first);
  done.has_records = true;
  partition->fetch_done(done, large);
  follows(2, 6);
  const auto refused = outside.next_fetch();
  EXPECT_TRUE(refused.has_no_room);
  brings(refused, 1, 6, 0);
  EXPECT_FALSE(outside.next_fetch().has_no_room);
}

// Another record may be there, that no leader had, and a crash may bring it back.
TEST_F(FollowingPartition, shows_nothing_after_a_start_that_lies_below_a_log_start_that_is_not_durable) {
  has_three_records_of_a_leader_that_begins_at_two();
  EXPECT_EQ(partition->log_state()->high_watermark, Offset{0});
  ASSERT_TRUE(partition->remove_deleted_segments(Offset{2}));
  EXPECT_EQ(partition->log_state()->high_watermark, Offset{3});
}

TEST_F(FollowingPartition, cuts_what_the_new_leader_does_not_have) {
  follows(2, 5);
  brings(outside.next_fetch(), 3, 5, 1);
  outside.next_fetch();
  follows(3, 6);
  const auto compares = outside.next_fetch();
  EXPECT_EQ(compares.leader, BrokerId{3});
  EXPECT_EQ(compares.fetch_offset, Offset{3});
  FetchDone done = answer(compares);
  done.diverging_epoch = {LeaderEpoch{5}, Offset{1}};
  partition->fetch_done(done, {});
  const auto next = outside.next_fetch();
  EXPECT_EQ(next.fetch_offset, Offset{1});
  brings(next, 1, 6, 1);
  EXPECT_EQ(outside.next_fetch().fetch_offset, Offset{2});
}

TEST_F(FollowingPartition, an_answer_from_before_the_change_of_leader_brings_nothing) {
  follows(2, 5);
  const auto late = outside.next_fetch();
  follows(3, 6);
  brings(late, 1, 5, 1);
  EXPECT_EQ(outside.next_fetch().fetch_offset, Offset{0});
  EXPECT_FALSE(outside.has_fetch());
  EXPECT_EQ(partition->size_bytes(), 0);
}

TEST_F(FollowingPartition, what_is_damaged_on_the_way_is_asked_for_again) {
  follows(2, 5);
  const auto sent = outside.next_fetch();
  Bytes bytes = records(0, 1, 5);
  bytes.back() ^= std::byte{1};
  FetchDone done = answer(sent);
  done.has_records = true;
  partition->fetch_done(done, bytes);
  EXPECT_FALSE(outside.has_fetch());
  outside.next_timer();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  partition->tick();
  EXPECT_EQ(outside.next_fetch().fetch_offset, Offset{0});
}

TEST_F(FollowingPartition, readers_and_writers_are_sent_to_the_leader) {
  follows(2, 5);
  EXPECT_EQ(partition->view().error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(partition->slice(Offset{0}, 100, true).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(partition->delete_records(Offset{-1}).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(partition->end_offset_for(LeaderEpoch{5}).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(append(false).error().code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(fetched_by(3, 0, 5).error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

TEST_F(FollowingPartition, begins_where_the_leader_begins) {
  has_three_records_of_a_leader_that_begins_at_two();
  EXPECT_EQ(partition->log_state()->log_start_offset, Offset{2});
  EXPECT_EQ(outside.wanted_durable_starts, 1);
  EXPECT_TRUE(partition->apply_retention(0).value());
  EXPECT_EQ(outside.next_fetch().durable_start_offset, Offset{0});
  ASSERT_TRUE(partition->remove_deleted_segments(Offset{2}));
  EXPECT_FALSE(partition->apply_retention(0).value());
  follows(3, 6);
  EXPECT_EQ(outside.wanted_durable_starts, 1);
  EXPECT_EQ(outside.next_fetch().durable_start_offset, Offset{2});
}

TEST_F(FollowingPartition, remembers_its_high_watermark_over_a_clean_stop) {
  follows(2, 5);
  brings(outside.next_fetch(), 3, 5, 2);
  restart();
  EXPECT_EQ(high_watermark(), Offset{2});
}

}  // namespace
}  // namespace ottla
