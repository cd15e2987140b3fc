// The simulator itself: that it repeats, and that its checks find what they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/quorum/sim/world.h"

namespace ottla::quorum::sim {
namespace {

TEST(QuorumSim, a_seed_does_the_same_twice) {
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome once = run_seed(seed, {});
    EXPECT_EQ(once.violation, "") << seed;
    EXPECT_EQ(run_seed(seed, {}).trace, once.trace) << seed;
    traces.insert(once.trace);
  }
  EXPECT_EQ(traces.size(), 10U);
}

TEST(QuorumSim, a_run_has_what_it_should_have) {
  Counts counts;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    counts += run_seed(seed, {}).counts;
  }
  EXPECT_GT(counts.elections, 100U);
  EXPECT_GT(counts.crashes, 100U);
  EXPECT_GT(counts.truncations, 20U);
  EXPECT_GT(counts.snapshots_taken, 100U);
  EXPECT_GT(counts.snapshots_installed, 20U);
  EXPECT_GT(counts.promotions, 10U);
  EXPECT_GT(counts.transfers, 10U);
  EXPECT_GT(counts.given_up_leaders, 10U);
}

// What the first of so many seeds that fails says.
std::string first_violation(Bug bug, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    if (std::string violation = run_seed(seed, {.bug = bug}).violation; !violation.empty()) {
      return violation;
    }
  }
  return "";
}

TEST(QuorumSim, acknowledging_before_the_entries_are_durable_is_found) {
  EXPECT_THAT(first_violation(Bug::ack_before_durable, 5), testing::HasSubstr("without a majority"));
}

TEST(QuorumSim, forgetting_a_vote_is_found) {
  EXPECT_THAT(first_violation(Bug::vote_not_stored, 200), testing::HasSubstr("double vote"));
}

TEST(QuorumSim, dropping_the_log_before_the_snapshot_is_durable_is_found) {
  EXPECT_THAT(first_violation(Bug::log_dropped_before_snapshot, 1000), testing::HasSubstr("has it no more"));
}

}  // namespace
}  // namespace ottla::quorum::sim
