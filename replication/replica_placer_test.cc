#include "replication/replica_placer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace ottla {
namespace {

using testing::ElementsAre;

class ReplicaPlacerTest : public testing::Test {
 protected:
  void broker(std::int32_t id, const char* rack = nullptr, bool fenced = false) {
    brokers[{id}] = {.fenced = fenced, .rack = rack != nullptr ? std::optional<std::string>(rack) : std::nullopt};
  }
  [[nodiscard]] std::vector<std::vector<BrokerId>> lists(std::size_t partitions, std::int32_t replicas,
                                                         std::uint64_t seed) const {
    return *place_replicas(brokers, partitions, replicas, seed);
  }
  // How often each broker is at `place` of the list.
  [[nodiscard]] std::map<std::int32_t, int> counts(std::size_t partitions, std::int32_t replicas, std::size_t place,
                                                   std::uint64_t seed = 7) const {
    std::map<std::int32_t, int> count;
    for (const auto& list : lists(partitions, replicas, seed)) {
      ++count[list.at(place).value];
    }
    return count;
  }
  [[nodiscard]] ErrorCode refusal(std::int32_t replicas) const {
    const auto placed = place_replicas(brokers, 1, replicas, 1);
    return placed ? ErrorCode::NONE : placed.error().code;
  }
  Brokers brokers;
};

TEST_F(ReplicaPlacerTest, leaders_and_followers_are_spread_evenly) {
  for (std::int32_t id = 1; id <= 4; ++id) {
    broker(id);
  }
  for (std::size_t place = 0; place < 3; ++place) {
    for (const auto& [id, count] : counts(400, 3, place)) {
      EXPECT_EQ(count, 100) << "broker " << id << " at " << place;
    }
  }
}

TEST_F(ReplicaPlacerTest, nobody_has_two_replicas_and_the_same_seed_gives_the_same) {
  for (std::int32_t id = 1; id <= 5; ++id) {
    broker(id, id % 2 == 0 ? "a" : "b");
  }
  std::set<std::vector<BrokerId>> different;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto placed = place_replicas(brokers, 20, 4, seed);
    for (const auto& list : *placed) {
      EXPECT_EQ(std::set(list.begin(), list.end()).size(), 4U);
    }
    EXPECT_EQ(*placed, *place_replicas(brokers, 20, 4, seed));
    different.insert(placed->front());
  }
  EXPECT_GT(different.size(), 5U);
}

TEST_F(ReplicaPlacerTest, replicas_are_on_as_many_racks_as_there_are) {
  for (std::int32_t id = 0; id < 9; ++id) {
    broker(id, std::array{"a", "b", "c"}[static_cast<std::size_t>(id) % 3]);
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto placed = place_replicas(brokers, 30, 3, seed);
    for (const auto& list : *placed) {
      std::set<std::int32_t> racks;
      for (const BrokerId id : list) {
        racks.insert(id.value % 3);
      }
      EXPECT_EQ(racks.size(), 3U);
    }
  }
}

TEST_F(ReplicaPlacerTest, racks_of_different_sizes_still_share) {
  broker(1, "a");
  broker(2, "a");
  broker(3, "a");
  broker(4, "b");
  for (const auto& list : lists(50, 2, 3)) {
    EXPECT_TRUE(list[0] == BrokerId{4} || list[1] == BrokerId{4});
  }
  EXPECT_EQ(place_replicas(brokers, 1, 4, 3)->front().size(), 4U);
}

TEST_F(ReplicaPlacerTest, a_fenced_broker_comes_last_and_never_leads) {
  broker(1);
  broker(2);
  broker(3, nullptr, true);
  EXPECT_FALSE(counts(100, 3, 0).contains(3));
  EXPECT_FALSE(counts(100, 2, 1).contains(3));
  EXPECT_EQ(counts(100, 3, 2).at(3), 100);
  broker(4, "far", true);  // a rack of fenced brokers only
  EXPECT_FALSE(counts(100, 3, 0).contains(4));
}

TEST_F(ReplicaPlacerTest, a_broker_that_shuts_down_leads_nothing) {
  broker(1);
  broker(2);
  brokers[{2}].in_controlled_shutdown = true;
  EXPECT_THAT(place_replicas(brokers, 1, 1, 5)->front(), ElementsAre(BrokerId{1}));
  EXPECT_THAT(place_replicas(brokers, 1, 2, 5)->front(), ElementsAre(BrokerId{1}, BrokerId{2}));
  brokers[{1}].in_controlled_shutdown = true;
  EXPECT_EQ(refusal(1), ErrorCode::INVALID_REPLICATION_FACTOR);
}

TEST_F(ReplicaPlacerTest, what_cannot_be_placed_is_refused) {
  EXPECT_EQ(refusal(1), ErrorCode::INVALID_REPLICATION_FACTOR);
  broker(1, nullptr, true);
  EXPECT_EQ(refusal(1), ErrorCode::INVALID_REPLICATION_FACTOR);
  broker(2);
  EXPECT_EQ(refusal(2), ErrorCode::NONE);
  EXPECT_EQ(refusal(0), ErrorCode::INVALID_REPLICATION_FACTOR);
  EXPECT_EQ(refusal(3), ErrorCode::INVALID_REPLICATION_FACTOR);
}

}  // namespace
}  // namespace ottla
