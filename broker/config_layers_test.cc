#include "broker/config_layers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/config_entries.h"
#include "broker/group_config.h"
#include "broker/topic_config.h"

namespace ottla {
namespace {

class ConfigLayersTest : public testing::Test {
 protected:
  static Config started(std::vector<GivenSetting> given) {
    auto parsed = parse_config(given);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return std::move(parsed->config);
  }
  static Config changed(const Config& config, const Configs& for_all, const Configs& for_one) {
    auto whole = with_changes(config, for_all, for_one);
    EXPECT_TRUE(whole) << whole.error().message;
    return std::move(*whole);
  }
  static ConfigEntry entry(const std::vector<ConfigEntry>& entries, std::string_view name) {
    const auto found = std::ranges::find(entries, name, &ConfigEntry::name);
    EXPECT_NE(found, entries.end()) << name;
    return found != entries.end() ? *found : ConfigEntry{};
  }
  static std::string told(const std::vector<LayeredValue>& layers) {
    std::string text;
    for (const auto& [name, value, source] : layers) {
      text += fmt::format("{}{}:{}={}", text.empty() ? "" : ", ", static_cast<int>(source), name, value);
    }
    return text;
  }
  static std::string why(const Result<void>& refused) { return refused ? "accepted" : refused.error().message; }
};

TEST_F(ConfigLayersTest, the_change_for_this_broker_comes_before_that_for_all_before_the_start_before_the_default) {
  const Config config = changed(started({{"log.retention.ms", "3000", "--set"}}), {{"log.retention.ms", "2000"}},
                                {{"log.retention.ms", "1000"}});
  EXPECT_EQ(told(broker_layers(config, "log.retention.ms")),
            "2:log.retention.ms=1000, 3:log.retention.ms=2000, 4:log.retention.ms=3000, 5:log.retention.hours=168");
  EXPECT_EQ(config.log_retention_ms, 1000);
  EXPECT_EQ(broker_value(config, "log.retention.ms"), "1000");
}

TEST_F(ConfigLayersTest, a_synonym_counts_in_its_own_units_and_alone_is_no_layer) {
  const Config config = started({{"log.retention.minutes", "2", "--set"}});
  EXPECT_EQ(effective_broker_value(config, "log.retention.ms"), "120000");
  EXPECT_EQ(broker_value(config, "log.retention.ms"), std::nullopt);
  EXPECT_EQ(told(broker_layers(config, "log.retention.ms")), "");
  EXPECT_EQ(effective_topic_value({}, config, "retention.ms"), "120000");
}

TEST_F(ConfigLayersTest, a_topics_own_value_comes_first_then_the_brokers) {
  const Config config = changed(started({}), {}, {{"message.max.bytes", "5000"}});
  const auto own = entry(topic_config_entries({{"max.message.bytes", "7000"}}, config), "max.message.bytes");
  EXPECT_EQ(own.value, "7000");
  EXPECT_EQ(told(own.synonyms), "1:max.message.bytes=7000, 2:message.max.bytes=5000, 5:message.max.bytes=1048588");
  const auto inherited = entry(topic_config_entries({}, config), "max.message.bytes");
  EXPECT_EQ(inherited.value, "5000");
  EXPECT_EQ(inherited.source, ConfigSource::dynamic_broker);
  EXPECT_EQ(parse_topic_config({}, config)->max_message_bytes, 5000);
}

TEST_F(ConfigLayersTest, what_has_no_effect_is_accepted_and_says_so) {
  const Config config = started({});
  EXPECT_TRUE(check_topic_settings({{"preallocate", "true"}}, config));
  const auto entries = topic_config_entries({{"preallocate", "true"}}, config);
  EXPECT_EQ(entry(entries, "preallocate").value, "true");
  EXPECT_EQ(entry(entries, "preallocate").documentation, "stored, no effect");
  EXPECT_NE(entry(entries, "retention.ms").documentation, "stored, no effect");
  EXPECT_EQ(entry(broker_config_entries(config), "num.io.threads").documentation, "stored, no effect");
  EXPECT_EQ(entry(group_config_entries({}, config), "share.isolation.level").documentation, "stored, no effect");
}

TEST_F(ConfigLayersTest, secrets_are_not_told_and_what_cannot_change_says_so) {
  const Config config = changed(started({}), {}, {{"listener.name.tls.ssl.keystore.password", "secret"}});
  const auto entries = broker_config_entries(config);
  const auto secret = entry(entries, "listener.name.tls.ssl.keystore.password");
  EXPECT_TRUE(secret.is_sensitive);
  EXPECT_EQ(secret.value, std::nullopt);
  EXPECT_TRUE(entry(entries, "num.partitions").is_read_only);
  EXPECT_TRUE(entry(entries, "listeners").is_read_only);
  EXPECT_FALSE(entry(entries, "log.retention.ms").is_read_only);
}

TEST_F(ConfigLayersTest, refusals_are_in_kafkas_words) {
  const Config config = started({});
  const auto topic = [&](const char* name, const char* value) {
    return why(check_topic_settings({{name, value}}, config));
  };
  EXPECT_EQ(topic("no.such", "1"), "Unknown topic config name: no.such");
  EXPECT_EQ(topic("internal.segment.bytes", "1"), "Unknown topic config name: internal.segment.bytes");
  EXPECT_EQ(topic("retention.ms", "x"), "Invalid value x for configuration retention.ms: Not a number of type LONG");
  EXPECT_EQ(topic("retention.ms", "-2"), "Invalid value -2 for configuration retention.ms: Value must be at least -1");
  EXPECT_EQ(topic("segment.bytes", "2147483648"),
            "Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT");
  EXPECT_EQ(topic("cleanup.policy", "compact, shred"),
            "Invalid value shred for configuration cleanup.policy: String must be one of: compact, delete");
  EXPECT_EQ(topic("cleanup.policy", "delete,delete"), "Configuration 'cleanup.policy' values must not be duplicated.");
  EXPECT_EQ(topic("preallocate", "yes"),
            "Invalid value yes for configuration preallocate: Expected value to be either true or false");
  EXPECT_EQ(topic("min.cleanable.dirty.ratio", "1.5"),
            "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1");
  EXPECT_EQ(topic("cleanup.policy", " compact , delete "), "accepted");
  EXPECT_EQ(why(check_topic_settings({{"min.compaction.lag.ms", "9"}, {"max.compaction.lag.ms", "8"}}, config)),
            "conflict topic config setting min.compaction.lag.ms (9) > max.compaction.lag.ms (8)");
}

TEST_F(ConfigLayersTest, throttled_replicas_are_a_star_or_pairs_of_partition_and_broker) {
  const Config config = started({});
  for (const char* name : {"follower.replication.throttled.replicas", "leader.replication.throttled.replicas"}) {
    const auto topic = [&](const char* value) { return why(check_topic_settings({{name, value}}, config)); };
    const auto refused = [&](const char* value) {
      return fmt::format(
          "Invalid value [{0}] for configuration {1}: {1} must be the literal '*' or a list of replicas in the "
          "following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
          value, name);
    };
    for (const char* value : {"", " ", "*", " * ", "1:2", "01:2 , 3:4", "1:2,1:2", "1:2,", ",", "99999999999:1"}) {
      EXPECT_EQ(topic(value), "accepted") << value;
    }
    for (const char* value : {"x", "none", ":", "1:", ":1", "1:2:3", "-1:2", "1 : 2", "a:b"}) {
      EXPECT_EQ(topic(value), refused(value));
    }
    EXPECT_EQ(topic("1:2,x"), refused("1:2, x"));
    EXPECT_EQ(topic("*,1:2"), refused("*, 1:2"));
    EXPECT_TRUE(parse_topic_config({{name, "x"}}, config)) << "a topic that has it from before is served";
  }
}

TEST_F(ConfigLayersTest, a_groups_settings_stay_within_the_brokers_bounds) {
  const Config config = started({{"group.consumer.min.session.timeout.ms", "50000", "--set"}});
  const auto group = [&](const char* name, const char* value) {
    return why(check_group_settings({{name, value}}, config));
  };
  EXPECT_EQ(group("consumer.session.timeout.ms", "49999"),
            "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms");
  EXPECT_EQ(group("consumer.session.timeout.ms", "60001"),
            "consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms");
  EXPECT_EQ(group("consumer.session.timeout.ms", "55000"), "accepted");
  EXPECT_EQ(group("no.such", "1"), "Unknown group config name: no.such");
}

}  // namespace
}  // namespace ottla
