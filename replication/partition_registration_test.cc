// Elections, leaving and returning brokers, the ELR.
#include "replication/partition_registration.h"

#include "replication/partition_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
constexpr BrokerId none{};

class PartitionRegistrationTest : public PartitionTest {};

TEST_F(PartitionRegistrationTest, a_new_partition_is_led_by_the_first_replica_that_is_there) {
  brokers[{1}].fenced = true;
  brokers[{3}].in_controlled_shutdown = true;
  const auto made = new_partition({{1}, {2}, {3}, {4}}, context());
  EXPECT_EQ(made->leader, BrokerId{2});
  EXPECT_THAT(made->isr, ElementsAre(BrokerId{2}, BrokerId{4}));
  EXPECT_EQ(made->leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(new_partition({{1}, {3}}, context()).error().code, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
}

TEST_F(PartitionRegistrationTest, a_fenced_leader_is_followed_by_the_first_in_sync_replica) {
  fence(1);
  EXPECT_EQ(partition.leader, BrokerId{2});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{1});
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{2}, BrokerId{3}));
}

TEST_F(PartitionRegistrationTest, a_fenced_follower_leaves_the_isr_and_the_leader_keeps_its_epoch) {
  fence(2);
  EXPECT_EQ(partition.leader, BrokerId{1});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{1});
  fence(2);  // nothing more to leave
  EXPECT_EQ(partition.partition_epoch, PartitionEpoch{1});
}

TEST_F(PartitionRegistrationTest, a_broker_that_shuts_down_leads_no_more) {
  brokers[{1}].in_controlled_shutdown = true;
  EXPECT_TRUE(broker_left(partition, {1}, context()));
  EXPECT_EQ(partition.leader, BrokerId{2});
  EXPECT_EQ(alter(wish({{2}, {3}, {1}})), ErrorCode::INELIGIBLE_REPLICA);
}

TEST_F(PartitionRegistrationTest, who_leaves_an_isr_that_is_too_small_stays_eligible) {
  fence(2);
  EXPECT_THAT(partition.elr, IsEmpty());
  fence(3);
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{1}));
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{3}));
  fence(1);
  EXPECT_THAT(partition.isr, IsEmpty());
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{1}, BrokerId{3}));
  EXPECT_EQ(partition.leader, none);
  EXPECT_THAT(partition.last_known_elr, ElementsAre(BrokerId{1}));
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
}

TEST_F(PartitionRegistrationTest, an_eligible_replica_leads_when_it_returns_and_no_other) {
  fence(2);
  fence(3);
  fence(1);
  unfence(2);
  EXPECT_EQ(partition.leader, none);
  unfence(3);
  EXPECT_EQ(partition.leader, BrokerId{3});
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{3}));
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{1}));
  EXPECT_THAT(partition.last_known_elr, IsEmpty());
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{2});
  EXPECT_EQ(partition.leader_recovery_state, LeaderRecoveryState::recovered);
  unfence(1);
  EXPECT_EQ(partition.leader, BrokerId{3});  // it goes on
}

TEST_F(PartitionRegistrationTest, an_eligible_replica_does_not_lead_while_there_is_an_isr) {
  fence(2);
  fence(1);
  brokers[{1}].fenced = false;
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{1}));
  EXPECT_FALSE(broker_returned(partition, context()));
  EXPECT_EQ(elect(Election::preferred), ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE);
  EXPECT_EQ(partition.leader, BrokerId{3});
}

TEST_F(PartitionRegistrationTest, the_elr_ends_with_a_full_isr) {
  fence(2);
  fence(3);
  unfence(2);
  EXPECT_EQ(alter(wish({{1}, {2}})), ErrorCode::NONE);
  EXPECT_THAT(partition.elr, IsEmpty());
}

TEST_F(PartitionRegistrationTest, a_single_member_that_may_be_missed_is_enough_after_its_return) {
  min_insync_replicas = 1;
  fence(2);
  fence(3);
  fence(1);
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{1}));
  unfence(3);
  EXPECT_EQ(partition.leader, none);
  unfence(1);
  EXPECT_EQ(partition.leader, BrokerId{1});
  EXPECT_THAT(partition.elr, IsEmpty());
}

TEST_F(PartitionRegistrationTest, lost_storage_costs_both_isr_and_elr) {
  lose(1);
  EXPECT_EQ(partition.leader, BrokerId{2});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
  lose(2);
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{3}));
  EXPECT_THAT(partition.elr, IsEmpty());
  fence(3);
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{3}));
  lose(3);
  EXPECT_THAT(partition.elr, IsEmpty());
  EXPECT_THAT(partition.last_known_elr, IsEmpty());
  unfence(3);
  EXPECT_EQ(partition.leader, none);
}

TEST_F(PartitionRegistrationTest, another_min_isr_clears_the_elr_and_is_heard_by_the_leader) {
  fence(2);
  fence(3);
  const auto outdated = wish({{1}});
  min_insync_replicas = 3;
  min_isr_changed(partition, context());
  expect_sound();
  EXPECT_THAT(partition.elr, IsEmpty());
  EXPECT_EQ(alter(outdated), ErrorCode::INVALID_UPDATE_VERSION);
  const auto before = partition;
  min_isr_changed(partition, context());  // nothing to clear: the epoch rises all the same
  EXPECT_EQ(partition.partition_epoch.value, before.partition_epoch.value + 1);
  EXPECT_EQ(partition.leader_epoch, before.leader_epoch);
}

TEST_F(PartitionRegistrationTest, another_min_isr_leaves_the_elr_that_is_all_there_is) {
  fence(2);
  fence(3);
  fence(1);
  min_insync_replicas = 1;
  min_isr_changed(partition, context());
  EXPECT_THAT(partition.elr, ElementsAre(BrokerId{1}, BrokerId{3}));
  unfence(3);
  EXPECT_EQ(partition.leader, BrokerId{3});
  EXPECT_THAT(partition.elr, IsEmpty());
}

TEST_F(PartitionRegistrationTest, the_preferred_replica_takes_over_only_by_command_and_only_in_sync) {
  fence(1);
  unfence(1);
  EXPECT_EQ(elect(Election::preferred), ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE);
  EXPECT_EQ(alter(wish({{2}, {3}, {1}})), ErrorCode::NONE);
  EXPECT_EQ(partition.leader, BrokerId{2});
  EXPECT_EQ(elect(Election::preferred), ErrorCode::NONE);
  EXPECT_EQ(partition.leader, BrokerId{1});
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch{2});
  EXPECT_EQ(elect(Election::preferred), ErrorCode::ELECTION_NOT_NEEDED);
}

TEST_F(PartitionRegistrationTest, an_unclean_election_needs_a_command_and_starts_from_the_leader_alone) {
  fence(2);
  fence(3);
  fence(1);
  unfence(2);
  EXPECT_EQ(partition.leader, none);
  EXPECT_EQ(elect(Election::preferred), ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE);
  EXPECT_EQ(elect(Election::unclean), ErrorCode::NONE);
  EXPECT_EQ(partition.leader, BrokerId{2});
  EXPECT_THAT(partition.isr, ElementsAre(BrokerId{2}));
  EXPECT_THAT(partition.elr, IsEmpty());
  EXPECT_EQ(partition.leader_recovery_state, LeaderRecoveryState::recovering);
  EXPECT_EQ(elect(Election::unclean), ErrorCode::ELECTION_NOT_NEEDED);
}

TEST_F(PartitionRegistrationTest, an_unclean_election_prefers_an_eligible_replica_and_then_the_last_leader) {
  fence(1);
  fence(2);
  fence(3);  // led last
  for (const std::int32_t id : {2, 3}) {
    partition.elr.clear();  // as if all had lost something
    brokers[{id}].fenced = false;
  }
  EXPECT_EQ(elect(Election::unclean), ErrorCode::NONE);
  EXPECT_EQ(partition.leader, BrokerId{3});
}

TEST_F(PartitionRegistrationTest, a_last_leader_that_is_not_there_is_not_elected) {
  fence(2);
  fence(3);
  fence(1);
  partition.elr.clear();
  EXPECT_EQ(elect(Election::unclean), ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE);
  EXPECT_EQ(partition.leader, none);
}

TEST_F(PartitionRegistrationTest, min_isr_is_never_more_than_there_are_replicas) {
  EXPECT_EQ(effective_min_isr(partition, 2), 2U);
  EXPECT_EQ(effective_min_isr(partition, 9), 3U);
  EXPECT_EQ(effective_min_isr(partition, 0), 1U);
  partition.replicas = {{4}, {5}, {1}};
  partition.adding = {{4}, {5}};
  EXPECT_EQ(effective_min_isr(partition, 2), 1U);
}

}  // namespace
}  // namespace ottla
