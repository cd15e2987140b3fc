// Which replicas this broker has, and what becomes of those that come and go.
#include "broker/replica_test_fixture.h"

namespace ottla {
namespace {

class PartitionsChangeTest : public ReplicaPartitionTest {
 protected:
  [[nodiscard]] PartitionMetadata elsewhere() {
    auto made = metadata(2, 1, {2, 3});
    std::erase_if(made.replicas, [](const ReplicaBroker& one) { return one.id == BrokerId{1}; });
    return made;
  }
  Topic other{.name = "u",
              .id = Uuid::random(),
              .partitions = {PartitionRegistration{}, PartitionRegistration{}},
              .configs = {}};
};

TEST_F(PartitionsChangeTest, a_partition_without_a_replica_here_is_known_and_is_not_here) {
  ASSERT_TRUE(partitions->open(other, std::vector{elsewhere(), metadata(1, 1, {1})}));
  const auto served = partitions->find("u");
  EXPECT_EQ(served->partition(0), nullptr);
  EXPECT_EQ(absence(served, 0), ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(absence(served, 2), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(absence(served, -1), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(absence(nullptr, 0), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(served->partition(1)->view().error, ErrorCode::NONE);
  EXPECT_FALSE(disk.exists("data/u-0"));
  int seen = 0;
  partitions->for_each([&](Partition& one) { seen += one.name() == "u-1" ? 1 : 0; });
  EXPECT_EQ(seen, 1);
}

TEST_F(PartitionsChangeTest, a_replica_that_comes_follows_and_one_that_goes_leaves_nothing) {
  ASSERT_TRUE(partitions->open(other, std::vector{elsewhere(), elsewhere()}));
  ASSERT_TRUE(partitions->change(other, 0, metadata(2, 1, {2, 3})));
  EXPECT_EQ(outside.next_fetch().leader, BrokerId{2});
  const auto came = partitions->find("u")->partition(0);
  ASSERT_NE(came, nullptr);
  EXPECT_EQ(came->key(), (PartitionKey{other.id, 0}));
  EXPECT_TRUE(disk.exists("data/u-0"));
  ASSERT_TRUE(partitions->change(other, 0, elsewhere()));
  EXPECT_EQ(partitions->find("u")->partition(0), nullptr);
  EXPECT_EQ(came->view().error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
  EXPECT_FALSE(disk.exists("data/u-0"));
}

TEST_F(PartitionsChangeTest, a_change_of_leader_reaches_the_replica) {
  ASSERT_TRUE(partitions->change(topic, 0, metadata(2, 1)));
  EXPECT_EQ(outside.next_fetch().leader, BrokerId{2});
  ASSERT_TRUE(partitions->change(topic, 0, metadata(1, 2)));
  EXPECT_EQ(partition->view().error, ErrorCode::NONE);
  EXPECT_EQ(partition->view().leader_epoch, LeaderEpoch{2});
}

TEST_F(PartitionsChangeTest, a_topic_goes_with_the_replicas_that_are_here) {
  ASSERT_TRUE(partitions->open(other, std::vector{elsewhere(), metadata(1, 1, {1})}));
  ASSERT_TRUE(partitions->remove(other.id));
  EXPECT_EQ(partitions->find("u"), nullptr);
  EXPECT_FALSE(disk.exists("data/u-1"));
}

// What an acknowledgement waits for comes with the metadata; whoever waits may be done by it.
TEST_F(PartitionsChangeTest, trust_in_the_page_cache_lets_those_go_who_wait_for_the_disk) {
  leads(1, {1});
  auto trusting = metadata(1, 1, {1});
  trusting.waits_for_disk = false;
  ASSERT_TRUE(partitions->configure(topic, std::vector{trusting}));
  auto done = write(false);
  EXPECT_EQ(code_of(done), ErrorCode::NONE);
  EXPECT_EQ(partition->view().high_watermark, Offset{1});
}

TEST_F(PartitionsChangeTest, a_directory_of_no_replica_here_is_set_aside) {
  Controller controller;
  ASSERT_TRUE(controller.apply(
      CreateTopic{
          .name = "t",
          .topic_id = topic.id,
          .partitions =
              {{.partition_index = 0, .replicas = {{2}}, .isr = {{2}}, .leader = {2}, .leader_epoch = LeaderEpoch{0}}}},
      1));
  restart();
  ASSERT_TRUE(partitions->set_aside_strays(controller));
  EXPECT_FALSE(disk.exists("data/t-0"));
}

}  // namespace
}  // namespace ottla
