#include "replication/controller_housekeeping.h"

#include <set>

#include "replication/cluster_test_fixture.h"

namespace ottla {
namespace {

using testing::ElementsAre;

class HousekeepingTest : public ClusterTest {
 protected:
  // Broker 1 was away and is in sync again, of the first `partitions` of topic a.
  void come_back(std::size_t partitions) {
    fence(1);
    unfence(1);
    for (std::size_t number = 0; number < partitions; ++number) {
      const auto& now = partition("a", number);
      AlterPartition command{.broker_id = now.leader, .broker_epoch = epoch(now.leader.value)};
      IsrChange change{.partition_index = static_cast<std::int32_t>(number),
                       .leader_epoch = now.leader_epoch,
                       .partition_epoch = now.partition_epoch};
      for (const std::int32_t id : {1, 2}) {
        change.new_isr.push_back({{id}, epoch(id)});
      }
      command.topics.push_back({id_of("a"), {change}});
      apply(command);
    }
  }
  std::optional<AlterPartitionReassignments> widen() {
    auto command = widen_early_topics(controller, default_replication(controller.brokers().size()), 3);
    if (command) {
      EXPECT_EQ(apply(*command), ErrorCode::NONE);
    }
    return command;
  }
  void create_early(const std::string& name, const std::vector<Ids>& partitions) {
    CreateTopic command{.name = name, .topic_id = id_of(name), .default_replication = true};
    for (const Ids& replicas : partitions) {
      command.partitions.push_back(
          {.partition_index = static_cast<std::int32_t>(command.partitions.size()), .replicas = replicas});
    }
    EXPECT_EQ(apply(command), ErrorCode::NONE);
  }
};

TEST_F(HousekeepingTest, preferred_leaders_that_are_in_sync_get_their_partitions_back) {
  start({1, 2});
  create("a", {{{1}, {2}}, {{1}, {2}}, {{1}, {2}}});
  EXPECT_EQ(preferred_elections(controller, 10, 100), std::nullopt);
  come_back(2);
  const auto command = preferred_elections(controller, 10, 100);
  ASSERT_TRUE(command);
  EXPECT_THAT(command->topics.at(0).partitions, ElementsAre(0, 1));
  EXPECT_THAT(preferred_elections(controller, 10, 1)->topics.at(0).partitions, ElementsAre(0));
  apply(*command);
  EXPECT_EQ(partition("a", 1).leader, BrokerId{1});
  EXPECT_EQ(partition("a", 2).leader, BrokerId{2});
  EXPECT_EQ(preferred_elections(controller, 10, 100), std::nullopt);
}

TEST_F(HousekeepingTest, a_small_imbalance_is_left_alone) {
  start({1, 2});
  create("a", {{{1}, {2}}});
  come_back(1);
  std::vector<Ids> many(9, Ids{{1}, {2}});
  create("b", many);
  EXPECT_EQ(preferred_elections(controller, 10, 100), std::nullopt);  // one of ten
  EXPECT_NE(preferred_elections(controller, 9, 100), std::nullopt);
}

TEST_F(HousekeepingTest, defaults_follow_the_number_of_brokers) {
  EXPECT_EQ(default_replication(1).replication_factor, 1);
  EXPECT_EQ(default_replication(2).replication_factor, 2);
  EXPECT_EQ(default_replication(2).min_insync_replicas, 1);
  EXPECT_EQ(default_replication(3).replication_factor, 3);
  EXPECT_EQ(default_replication(3).min_insync_replicas, 2);
  EXPECT_EQ(default_replication(9).replication_factor, 3);
}

TEST_F(HousekeepingTest, early_topics_are_widened_as_brokers_register) {
  start({1});
  create_early("e", {{{1}}, {{1}}});
  create("a", {{{1}}}, 1);  // its one replica was asked for
  EXPECT_EQ(widen(), std::nullopt);
  start({2, 3});
  ASSERT_TRUE(widen());
  EXPECT_EQ(controller.topic("e")->min_insync_replicas, 2);
  EXPECT_EQ(partition("a").replicas.size(), 1U);
  for (const std::size_t number : {0, 1}) {
    const auto& now = partition("e", number);
    EXPECT_EQ(now.leader, BrokerId{1});
    EXPECT_EQ(now.replicas.size(), 3U);
    EXPECT_EQ(effective_min_isr(now, 2), 1U);  // writes go on until the others are there
  }
  EXPECT_EQ(widen(), std::nullopt);  // under way
}

TEST_F(HousekeepingTest, widening_waits_for_brokers_that_are_there_and_picks_other_racks) {
  auto first = start_of(1);
  first.rack = "a";
  apply(first);
  unfence(1);
  create_early("e", {{{1}}, {{1}}});
  for (const std::int32_t id : {2, 3, 4, 5}) {
    auto one = start_of(id);
    one.rack = id == 2 ? "a" : id == 3 ? "b" : "c";
    apply(one);
  }
  EXPECT_EQ(widen(), std::nullopt);
  for (const std::int32_t id : {2, 3, 4, 5}) {
    unfence(id);
  }
  ASSERT_TRUE(widen());
  std::set<std::int32_t> in_rack_c;
  for (const std::size_t number : {0, 1}) {
    const auto& replicas = partition("e", number).replicas;
    EXPECT_THAT(replicas, testing::Contains(BrokerId{3}));
    EXPECT_THAT(replicas, testing::Not(testing::Contains(BrokerId{2})));
    in_rack_c.insert(std::ranges::find(replicas, BrokerId{4}) != replicas.end() ? 4 : 5);
  }
  EXPECT_EQ(in_rack_c.size(), 2U);  // the emptier one each time
}

}  // namespace
}  // namespace ottla
