#include "broker/connection_limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace ottla {
namespace {

class ConnectionLimitsTest : public testing::Test {
 protected:
  ConnectionLimitsTest() {
    config.max_connections = 3;
    config.max_connections_per_ip = 2;
    config.max_connections_per_ip_overrides = {{"10.0.0.9", 1}, {"::1", 0}};
  }
  bool admit(const std::string& address) {
    auto place = limits.admit(address, config);
    if (place) {
      places.push_back(std::move(*place));
    }
    return place.has_value();
  }

  Config config;
  ConnectionLimits limits;
  std::vector<ConnectionLimits::Place> places;
};

TEST_F(ConnectionLimitsTest, an_address_has_so_many_places_and_gets_them_back) {
  EXPECT_TRUE(admit("10.0.0.1"));
  EXPECT_TRUE(admit("10.0.0.1"));
  EXPECT_FALSE(admit("10.0.0.1"));
  EXPECT_TRUE(admit("10.0.0.2"));
  places.clear();
  EXPECT_TRUE(admit("10.0.0.1"));
}

TEST_F(ConnectionLimitsTest, some_addresses_have_a_number_of_their_own) {
  EXPECT_TRUE(admit("10.0.0.9"));
  EXPECT_FALSE(admit("10.0.0.9"));
  EXPECT_FALSE(admit("::1"));
}

TEST_F(ConnectionLimitsTest, it_is_full_until_one_goes) {
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    EXPECT_FALSE(limits.is_full(config));
    EXPECT_TRUE(admit(address));
  }
  EXPECT_TRUE(limits.is_full(config));
  places.pop_back();
  EXPECT_FALSE(limits.is_full(config));
}

}  // namespace
}  // namespace ottla
