// What a leader may ask of the ISR, and moves to other replicas.
#include "replication/partition_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;

class IsrChangeTest : public PartitionTest {};
class ReassignmentTest : public PartitionTest {
 protected:
  ErrorCode move(const Ids& target) {
    const auto done = reassign(partition, target, context());
    expect_sound();
    return done ? ErrorCode::NONE : done.error().code;
  }
  ErrorCode cancel() {
    const auto done = cancel_reassignment(partition, context());
    expect_sound();
    return done ? ErrorCode::NONE : done.error().code;
  }
};

TEST_F(IsrChangeTest, a_shrink_and_an_expansion) {
  EXPECT_EQ(alter(wish({{1}, {3}})), ErrorCode::NONE);
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{1}, BrokerId{3}));
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{1});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(alter(wish({{1}, {3}, {2}})), ErrorCode::NONE);
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{2});
  EXPECT_EQ(alter(wish({{1}, {3}, {2}})), ErrorCode::NONE);  // as it is
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{2});
}

TEST_F(IsrChangeTest, who_knows_more_than_the_controller_is_sent_to_another) {
  auto change = wish({{1}});
  ++change.leader_epoch.value;
  EXPECT_EQ(alter(change), ErrorCode::NOT_CONTROLLER);
  change = wish({{1}});
  ++change.partition_epoch.value;
  EXPECT_EQ(alter(change), ErrorCode::NOT_CONTROLLER);
  --change.leader_epoch.value;  // and an older leader epoch does not excuse it
  EXPECT_EQ(alter(change), ErrorCode::NOT_CONTROLLER);
}

TEST_F(IsrChangeTest, an_old_leader_is_told_so) {
  const auto outdated = wish({{1}, {2}});
  fence(1);
  unfence(1);
  EXPECT_EQ(alter(outdated, {1}), ErrorCode::FENCED_LEADER_EPOCH);
  EXPECT_EQ(alter(wish({{2}, {3}}), {1}), ErrorCode::INVALID_REQUEST);
}

TEST_F(IsrChangeTest, a_change_of_an_older_record_is_refused) {
  const auto outdated = wish({{1}, {2}});
  fence(3);
  EXPECT_EQ(alter(outdated), ErrorCode::INVALID_UPDATE_VERSION);
  EXPECT_EQ(alter(outdated, {2}), ErrorCode::INVALID_REQUEST);  // the sender is looked at first
}

TEST_F(IsrChangeTest, an_isr_is_part_of_the_replicas) {
  EXPECT_EQ(alter(wish({{1}, {4}})), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(alter(wish({{1}, {2}, {2}})), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(alter(wish({})), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{0});
}

TEST_F(IsrChangeTest, a_leader_that_leaves_is_followed_by_another_of_the_isr) {
  EXPECT_EQ(alter(wish({{3}, {2}})), ErrorCode::NEW_LEADER_ELECTED);
  EXPECT_EQ(partition.leader, BrokerId{2});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{3}, BrokerId{2}));
}

TEST_F(IsrChangeTest, nobody_joins_who_is_fenced_shutting_down_or_of_another_start) {
  EXPECT_EQ(alter(wish({{1}})), ErrorCode::NONE);
  brokers[{2}].fenced = true;
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::INELIGIBLE_REPLICA);
  brokers[{2}] = {.epoch = {20}, .fenced = false, .in_controlled_shutdown = true};
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::INELIGIBLE_REPLICA);
  brokers[{2}] = {.epoch = {20}, .fenced = false};
  auto earlier = wish({{1}, {2}});
  brokers[{2}].epoch = {77};
  EXPECT_EQ(alter(earlier), ErrorCode::INELIGIBLE_REPLICA);
  auto unknown = wish({{1}, {2}});
  unknown.new_isr[1].broker_epoch = {};
  EXPECT_EQ(alter(unknown), ErrorCode::INELIGIBLE_REPLICA);
  brokers.erase({2});
  earlier.partition_epoch = partition.partition_epoch;
  EXPECT_EQ(alter(earlier), ErrorCode::INELIGIBLE_REPLICA);
}

// The leader has heard of the refusal and goes on without the member; a copy of its request comes when the member is
// back.
TEST_F(IsrChangeTest, no_copy_of_a_refused_request_is_accepted_later) {
  EXPECT_EQ(alter(wish({{1}})), ErrorCode::NONE);
  const auto request = wish({{1}, {2}});
  brokers[{2}].fenced = true;
  EXPECT_EQ(alter(request), ErrorCode::INELIGIBLE_REPLICA);
  brokers[{2}].fenced = false;
  EXPECT_EQ(alter(request), ErrorCode::INVALID_UPDATE_VERSION);
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::NONE);
}

TEST_F(IsrChangeTest, a_leader_that_recovers_is_alone_and_recovers_once) {
  partition.isr = {{1}};
  partition.leader_recovery_state = LeaderRecoveryState::recovering;
  auto change = wish({{1}, {2}});
  change.leader_recovery_state = LeaderRecoveryState::recovering;
  EXPECT_EQ(alter(change), ErrorCode::INVALID_REQUEST);
  change.new_isr.erase(change.new_isr.begin());  // another, alone
  EXPECT_EQ(alter(change), ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::NONE);
  EXPECT_EQ(partition.leader_recovery_state, LeaderRecoveryState::recovering);  // the third may have more
  EXPECT_EQ(alter(wish({{1}, {2}, {3}})), ErrorCode::NONE);
  EXPECT_EQ(partition.leader_recovery_state, LeaderRecoveryState::recovered);
  change = wish({{1}});
  change.leader_recovery_state = LeaderRecoveryState::recovering;
  EXPECT_EQ(alter(change), ErrorCode::INVALID_REQUEST);
}

TEST_F(IsrChangeTest, whom_the_leader_drops_below_min_isr_stays_eligible) {
  EXPECT_EQ(alter(wish({{1}})), ErrorCode::NONE);
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{2}, BrokerId{3}));
}

TEST_F(ReassignmentTest, new_replicas_are_added_and_the_old_ones_leave_when_all_are_in_sync) {
  EXPECT_EQ(move({{4}, {5}}), ErrorCode::NONE);
  EXPECT_THAT(partition.replicas, ElementsAre(BrokerId{4}, BrokerId{5}, BrokerId{1}, BrokerId{2}, BrokerId{3}));
  EXPECT_THAT(partition.adding, ElementsAre(BrokerId{4}, BrokerId{5}));
  EXPECT_THAT(partition.removing, ElementsAre(BrokerId{1}, BrokerId{2}, BrokerId{3}));
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(alter(wish({{1}, {2}, {3}, {4}})), ErrorCode::NONE);
  EXPECT_TRUE(partition.is_reassigning());
  EXPECT_EQ(alter(wish({{1}, {4}, {5}})), ErrorCode::NEW_LEADER_ELECTED);
  EXPECT_FALSE(partition.is_reassigning());
  EXPECT_THAT(partition.replicas, ElementsAre(BrokerId{4}, BrokerId{5}));
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{4}, BrokerId{5}));
  EXPECT_EQ(partition.leader, BrokerId{4});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
}

TEST_F(ReassignmentTest, a_leader_that_stays_hears_of_the_end_by_its_epoch) {
  partition = *new_partition({{1}}, context());
  EXPECT_EQ(move({{1}, {2}}), ErrorCode::NONE);
  EXPECT_EQ(effective_min_isr(partition, 2), 1U);
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::NONE);
  EXPECT_EQ(partition.leader, BrokerId{1});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(effective_min_isr(partition, 2), 2U);
}

TEST_F(ReassignmentTest, another_order_and_fewer_replicas_are_reached_at_once) {
  EXPECT_EQ(move({{3}, {2}, {1}}), ErrorCode::NONE);
  EXPECT_FALSE(partition.is_reassigning());
  EXPECT_EQ(partition.leader, BrokerId{1});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(move({{3}, {2}}), ErrorCode::NONE);
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{2}, BrokerId{3}));
  EXPECT_EQ(partition.leader, BrokerId{3});
}

TEST_F(ReassignmentTest, fewer_replicas_wait_until_those_that_stay_are_in_sync) {
  fence(2);
  EXPECT_EQ(move({{1}, {2}}), ErrorCode::NONE);
  EXPECT_THAT(partition.removing, ElementsAre(BrokerId{3}));
  unfence(2);
  EXPECT_TRUE(partition.is_reassigning());
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::NONE);
  EXPECT_FALSE(partition.is_reassigning());
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
}

TEST_F(ReassignmentTest, a_cancelled_move_takes_out_what_it_added) {
  EXPECT_EQ(cancel(), ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
  move({{4}, {5}});
  alter(wish({{1}, {2}, {4}}));
  EXPECT_EQ(cancel(), ErrorCode::NONE);
  EXPECT_THAT(partition.replicas, ElementsAre(BrokerId{1}, BrokerId{2}, BrokerId{3}));
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{1}, BrokerId{2}));
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
}

TEST_F(ReassignmentTest, a_move_on_top_of_a_move_is_cancelled_to_where_it_all_began) {
  move({{4}, {5}});
  alter(wish({{1}, {2}, {3}, {4}}));
  move({{1}, {5}});
  EXPECT_THAT(partition.replicas, ElementsAre(BrokerId{1}, BrokerId{5}, BrokerId{4}, BrokerId{2}, BrokerId{3}));
  EXPECT_EQ(cancel(), ErrorCode::NONE);
  EXPECT_THAT(partition.replicas, ElementsAre(BrokerId{1}, BrokerId{2}, BrokerId{3}));
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{1}, BrokerId{2}, BrokerId{3}));
}

TEST_F(ReassignmentTest, a_move_is_not_cancelled_when_only_new_replicas_are_in_sync) {
  move({{4}, {5}});
  alter(wish({{1}, {4}}));
  fence(1);
  EXPECT_EQ(partition.leader, BrokerId{4});
  EXPECT_EQ(cancel(), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_TRUE(partition.is_reassigning());
}

TEST_F(ReassignmentTest, a_target_names_registered_brokers_once) {
  for (const Ids& bad : {Ids{}, Ids{{1}, {1}}, Ids{{1}, {9}}}) {
    EXPECT_EQ(move(bad), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  }
  EXPECT_FALSE(partition.is_reassigning());
}

}  // namespace
}  // namespace ottla
