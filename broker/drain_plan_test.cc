#include "broker/drain_plan.h"

#include <gtest/gtest.h>

namespace ottla {

namespace {

class DrainPlanTest : public testing::Test {
 protected:
  void broker(int id, std::optional<std::string> rack = {}) {
    metadata.brokers.push_back({.node_id = BrokerId{id}, .rack = std::move(rack)});
  }
  // A topic of one partition for each list of replicas.
  void topic(const std::string& name, const std::vector<std::vector<int>>& partitions) {
    auto& made = metadata.topics.emplace_back();
    made.name = name;
    for (const auto& replicas : partitions) {
      auto& partition = made.partitions.emplace_back();
      partition.partition_index = static_cast<std::int32_t>(made.partitions.size()) - 1;
      for (const int id : replicas) {
        partition.replica_nodes.push_back(BrokerId{id});
      }
    }
  }
  // As "topic-partition: replicas".
  std::vector<std::string> moves(int leaving, const std::vector<TopicPartition>& under_way = {}) {
    plan = plan_drain(metadata, BrokerId{leaving}, under_way);
    std::vector<std::string> told;
    for (const auto& topic : plan.request.topics) {
      for (const auto& partition : topic.partitions) {
        std::string text = topic.name + "-" + std::to_string(partition.partition_index) + ":";
        for (const BrokerId id : *partition.replicas) {
          text += " " + std::to_string(id.value);
        }
        told.push_back(text);
      }
    }
    EXPECT_EQ(plan.partitions, told.size());
    return told;
  }
  using Texts = std::vector<std::string>;

  MetadataResponse metadata;
  DrainPlan plan;
};

}  // namespace

TEST_F(DrainPlanTest, goes_to_who_has_fewest_in_the_same_place) {
  for (const int id : {1, 2, 3, 4, 5}) {
    broker(id);
  }
  topic("a", {{4, 2, 3}, {2, 4, 3}, {3, 2, 4}, {1, 2, 3}});
  EXPECT_EQ(moves(4), (Texts{"a-0: 5 2 3", "a-1: 2 1 3", "a-2: 3 2 5"}));
  EXPECT_EQ(partitions_on(metadata, BrokerId{4}), 3U);
  EXPECT_EQ(moves(4, {{"a", 1}, {"a", 2}}), Texts{"a-0: 5 2 3"});
}

TEST_F(DrainPlanTest, goes_to_a_rack_of_its_own) {
  broker(1, "x");
  broker(2, "y");
  broker(3, "y");
  broker(4, "z");
  broker(5, "z");
  topic("busy", {{4, 5}, {5}, {5}});
  topic("a", {{1, 2, 4}});
  EXPECT_EQ(moves(4), (Texts{"busy-0: 3 5", "a-0: 1 2 5"}));  // not 3, which has less, beside 2
}

TEST_F(DrainPlanTest, who_does_not_run_gets_nothing) {
  broker(1);
  broker(2);
  topic("a", {{1, 2, 3}, {3, 1}});
  EXPECT_EQ(moves(3), Texts{"a-1: 2 1"});
  EXPECT_EQ(plan.stuck, (std::vector<TopicPartition>{{"a", 0}}));
  EXPECT_EQ(moves(9), Texts{});
  EXPECT_TRUE(plan.stuck.empty());
}

}  // namespace ottla
