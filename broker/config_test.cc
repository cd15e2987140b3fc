#include "broker/config.h"

#include <gmock/gmock.h>

namespace ottla {
namespace {

// Found by fuzzing: a value may hold the end of a line, by an escape of a properties file.
TEST(ConfigTest, what_is_wrong_is_one_line_whatever_the_setting_holds) {
  for (const auto& [name, value] : {std::pair{"num.partitions", "1\n2"},
                                    {"no\nsetting", "1"},
                                    {"log.message.timestamp.type", "a\rb\nc"},
                                    {"listeners", "PLAINTEXT\n://:0"}}) {
    const std::vector<GivenSetting> given{{.name = name, .value = value, .source = "file:1"}};
    const auto parsed = parse_config(given);
    ASSERT_FALSE(parsed) << name;
    EXPECT_THAT(parsed.error().message, testing::Not(testing::ContainsRegex("[\n\r]"))) << name;
  }
}

// As Kafka does.
TEST(ConfigTest, what_clients_may_hold_is_no_less_than_one_request) {
  const auto starts = [](const char* bytes) {
    return parse_config(
               std::vector<GivenSetting>{{.name = "queued.max.request.bytes", .value = bytes, .source = "file:1"},
                                         {.name = "socket.request.max.bytes", .value = "1000", .source = "file:2"}})
        .has_value();
  };
  EXPECT_TRUE(starts("1000"));
  EXPECT_TRUE(starts("-1"));
  EXPECT_FALSE(starts("999"));
}

TEST(ConfigTest, a_warning_is_one_line) {
  const std::vector<GivenSetting> given{
      {.name = "listener.name.a\nb.ssl.key.password", .value = "1", .source = "file:1"}};
  const auto parsed = parse_config(given);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->warnings, testing::ElementsAre(testing::Not(testing::HasSubstr("\n"))));
}

TEST(ConfigTest, connections_from_an_address_whatever_colons_it_has) {
  const auto overrides = [](const char* value) {
    return parse_config(
        std::vector<GivenSetting>{{.name = "max.connections.per.ip.overrides", .value = value, .source = "file:1"}});
  };
  const auto parsed = overrides("127.0.0.1:5,::1:7");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->config.max_connections_per_ip_overrides,
              testing::ElementsAre(testing::Pair("127.0.0.1", 5), testing::Pair("::1", 7)));
  for (const char* wrong :
       {"127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:many", "localhost:1", "0:0:0:0:0:0:0:1:1"}) {
    EXPECT_FALSE(overrides(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace ottla
