#include "broker/cluster/recent_losses.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

TEST(RecentLosses, a_broker_is_in_doubt_for_a_moment_after_its_connection_broke) {
  RecentLosses losses;
  EXPECT_FALSE(losses.is_anybody_in_doubt(1000));
  losses.connection_lost({1}, 1000);
  losses.connection_lost({2}, 1200);
  EXPECT_TRUE(losses.is_in_doubt({1}, 1299));
  EXPECT_EQ(losses.in_doubt(1299), (std::vector<BrokerId>{{1}, {2}}));
  EXPECT_EQ(losses.in_doubt(1300), (std::vector<BrokerId>{{2}}));
  EXPECT_FALSE(losses.is_in_doubt({1}, 1300));
  EXPECT_FALSE(losses.is_in_doubt({3}, 1001));
  EXPECT_TRUE(losses.is_anybody_in_doubt(1499));
  EXPECT_FALSE(losses.is_anybody_in_doubt(1500));
  losses.connection_lost({1}, 5000);  // again
  EXPECT_TRUE(losses.is_in_doubt({1}, 5000));
}

TEST(RecentLosses, who_was_alive_is_remembered_for_ten_seconds) {
  RecentLosses losses;
  losses.seen_alive({1}, 1000);
  EXPECT_TRUE(losses.was_alive_lately({1}, 10'999));
  EXPECT_FALSE(losses.was_alive_lately({1}, 11'000));
  EXPECT_FALSE(losses.was_alive_lately({2}, 1000));
}

}  // namespace
}  // namespace ottla
