#include "replication/partition_metadata.h"

#include "replication/cluster_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;

class PartitionMetadataTest : public ClusterTest {
 protected:
  [[nodiscard]] std::vector<PartitionMetadata> metadata(std::int32_t self = 1) const {
    return partition_metadata(controller, *controller.topic("a"), {self});
  }
};

TEST_F(PartitionMetadataTest, a_replica_hears_of_its_partition_what_the_record_says) {
  start({1, 2, 3});
  create("a", {{{1}, {2}, {3}}, {{3}, {2}}});
  fence(1);
  const auto now = metadata();
  ASSERT_EQ(now.size(), 2U);
  EXPECT_EQ(now[0].leader, BrokerId{2});
  EXPECT_EQ(now[0].leader_epoch, partition("a", 0).leader_epoch);
  EXPECT_EQ(now[0].partition_epoch, partition("a", 0).partition_epoch);
  EXPECT_THAT(now[0].isr, ElementsAre(BrokerId{2}, BrokerId{3}));
  EXPECT_FALSE(now[0].is_recovering);
  EXPECT_EQ(now[1].leader, BrokerId{3});
}

TEST_F(PartitionMetadataTest, a_fenced_broker_and_one_that_is_unknown_may_not_join) {
  start({1, 2, 3});
  create("a", {{{1}, {2}, {3}}});
  fence(2);
  apply(UnregisterBroker{{3}});
  const auto replicas = metadata().front().replicas;
  ASSERT_EQ(replicas.size(), 3U);
  EXPECT_TRUE(replicas[0].may_join_isr);
  EXPECT_EQ(replicas[0].broker_epoch, epoch(1));
  EXPECT_FALSE(replicas[1].may_join_isr);
  EXPECT_EQ(replicas[1].broker_epoch, epoch(2));
  EXPECT_FALSE(replicas[2].may_join_isr);
  EXPECT_EQ(replicas[2].broker_epoch, BrokerEpoch{});
}

TEST_F(PartitionMetadataTest, min_isr_is_the_committed_one_and_no_more_than_there_are_replicas) {
  start({1, 2, 3});
  create("a", {{{1}, {2}, {3}}, {{1}}}, 2);
  EXPECT_EQ(metadata()[0].effective_min_isr, 2U);
  EXPECT_EQ(metadata()[1].effective_min_isr, 1U);
  configure(config_resource::topic, "a", "min.insync.replicas", "3");
  EXPECT_EQ(metadata()[0].effective_min_isr, 3U);
}

TEST_F(PartitionMetadataTest, what_a_replica_promises_is_its_own_brokers_setting) {
  start({1, 2});
  create("a", {{{1}, {2}}});
  configure(config_resource::broker, "1", "log.flush.interval.messages", "100");
  EXPECT_FALSE(metadata(1).front().waits_for_disk);
  EXPECT_TRUE(metadata(2).front().waits_for_disk);
}

TEST_F(PartitionMetadataTest, an_unclean_election_is_told_until_the_leader_has_recovered) {
  start({1, 2});
  create("a", {{{1}, {2}}}, 1);
  fence(2);
  fence(1);
  unfence(2);
  ASSERT_EQ(partition("a").leader, BrokerId{});
  apply(ElectLeaders{.election = Election::unclean, .topics = {{.topic_id = id_of("a"), .partitions = {0}}}});
  EXPECT_EQ(metadata().front().leader, BrokerId{2});
  EXPECT_TRUE(metadata().front().is_recovering);
}

TEST_F(PartitionMetadataTest, a_broker_on_its_own_is_registered_nowhere_and_leads) {
  apply(CreateTopic{
      .name = "a",
      .topic_id = id_of("a"),
      .partitions = {
          {.partition_index = 0, .replicas = {{1}}, .isr = {{1}}, .leader = {1}, .leader_epoch = LeaderEpoch{0}}}});
  const auto alone = metadata().front();
  EXPECT_EQ(alone.leader, BrokerId{1});
  ASSERT_EQ(alone.replicas.size(), 1U);
  EXPECT_TRUE(alone.replicas.front().may_join_isr);
  EXPECT_EQ(alone.replicas.front().broker_epoch, BrokerEpoch{});
  EXPECT_EQ(alone.effective_min_isr, 1U);
}

}  // namespace
}  // namespace ottla
