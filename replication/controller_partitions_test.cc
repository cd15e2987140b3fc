// Commands that name partitions, and min.insync.replicas.
#include "replication/cluster_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ControllerPartitionsTest : public ClusterTest {
 protected:
  ControllerPartitionsTest() {
    start({1, 2, 3, 4});
    create("a", {{{1}, {2}, {3}}, {{2}, {3}, {1}}});
  }
  [[nodiscard]] IsrChange wish(std::int32_t number, const Ids& isr) const {
    const auto& now = partition("a", static_cast<std::size_t>(number));
    IsrChange change{
        .partition_index = number, .leader_epoch = now.leader_epoch, .partition_epoch = now.partition_epoch};
    for (const BrokerId id : isr) {
      change.new_isr.push_back({id, epoch(id.value)});
    }
    return change;
  }
};

TEST_F(ControllerPartitionsTest, each_partition_has_an_outcome_of_its_own) {
  EXPECT_EQ(apply(AlterPartition{.broker_id = {1},
                                 .broker_epoch = epoch(1),
                                 .topics = {{id_of("a"), {wish(0, {{1}, {2}}), wish(1, {{2}}), {.partition_index = 7}}},
                                            {id_of("x"), {{.partition_index = 0}}}}}),
            ErrorCode::NONE);
  ASSERT_EQ(outcomes().size(), 4U);
  EXPECT_EQ(outcomes()[0].code, ErrorCode::NONE);
  EXPECT_EQ(outcomes()[0].partition, partition("a", 0));
  EXPECT_THAT(partition("a", 0).isr, ElementsAre(BrokerId{1}, BrokerId{2}));
  EXPECT_EQ(outcomes()[1].code, ErrorCode::INVALID_REQUEST);  // 2 leads it
  EXPECT_EQ(outcomes()[2].code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(outcomes()[3].code, ErrorCode::UNKNOWN_TOPIC_ID);
  EXPECT_EQ(std::get<PartitionsChanged>(*last).partitions.size(), 1U);
}

TEST_F(ControllerPartitionsTest, leaders_are_elected_by_command) {
  fence(1);
  unfence(1);
  apply(
      AlterPartition{.broker_id = {2}, .broker_epoch = epoch(2), .topics = {{id_of("a"), {wish(0, {{2}, {3}, {1}})}}}});
  apply(ElectLeaders{.topics = {{id_of("a"), {0, 1}}}});
  EXPECT_EQ(outcomes()[0].code, ErrorCode::NONE);
  EXPECT_EQ(outcomes()[1].code, ErrorCode::ELECTION_NOT_NEEDED);
  EXPECT_EQ(partition("a", 0).leader, BrokerId{1});
}

TEST_F(ControllerPartitionsTest, a_move_is_made_and_cancelled) {
  apply(AlterPartitionReassignments{.topics = {{id_of("a"), {{0, {{4}, {2}, {3}}}, {1, {{9}}}}}}});
  EXPECT_EQ(outcomes()[0].code, ErrorCode::NONE);
  EXPECT_EQ(outcomes()[1].code, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_THAT(partition("a").adding, ElementsAre(BrokerId{4}));
  apply(AlterPartitionReassignments{.topics = {{id_of("a"), {{0, {}}, {1, {}}}}}});
  EXPECT_EQ(outcomes()[0].code, ErrorCode::NONE);
  EXPECT_EQ(outcomes()[1].code, ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
  EXPECT_THAT(partition("a").replicas, ElementsAre(BrokerId{2}, BrokerId{3}, BrokerId{1}));  // as in Kafka
}

TEST_F(ControllerPartitionsTest, a_new_min_isr_is_heard_wherever_it_is_set) {
  const auto partition_epoch = [&] { return partition("a").partition_epoch.value; };
  fence(2);
  fence(3);
  EXPECT_THAT(partition("a").elr, ElementsAre(BrokerId{3}));
  const auto before = partition_epoch();
  configure(config_resource::broker, "", "min.insync.replicas", "3");
  EXPECT_EQ(partition_epoch(), before + 1);
  EXPECT_EQ(controller.min_insync_replicas(*controller.topic("a")), 3);
  EXPECT_THAT(partition("a").elr, IsEmpty());
  configure(config_resource::topic, "a", "min.insync.replicas", "2");
  EXPECT_EQ(partition_epoch(), before + 2);
  configure(config_resource::topic, "a", "min.insync.replicas", "2");   // as it is
  configure(config_resource::broker, "", "min.insync.replicas", "1");   // the topic's own goes before
  configure(config_resource::broker, "1", "min.insync.replicas", "1");  // of one broker: it does not count
  configure(config_resource::topic, "a", "retention.ms", "1");
  EXPECT_EQ(partition_epoch(), before + 2);
  EXPECT_EQ(controller.min_insync_replicas(*controller.topic("a")), 2);
}

TEST_F(ControllerPartitionsTest, new_partitions_are_led_by_who_is_there) {
  fence(4);
  EXPECT_EQ(
      apply(AddPartitions{.topic_id = id_of("a"), .partitions = {{.partition_index = 2, .replicas = {{4}, {1}}}}}),
      ErrorCode::NONE);
  EXPECT_EQ(partition("a", 2).leader, BrokerId{1});
  const auto refused = [&](const Ids& replicas) {
    return apply(AddPartitions{.topic_id = id_of("a"), .partitions = {{.partition_index = 3, .replicas = replicas}}});
  };
  EXPECT_EQ(refused({{4}}), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(refused({{1}, {1}}), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(refused({{1}, {9}}), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(controller.topic("a")->partitions.size(), 3U);
}

}  // namespace
}  // namespace ottla
