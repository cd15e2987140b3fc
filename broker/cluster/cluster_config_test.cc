#include "broker/cluster/cluster_config.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace ottla {
namespace {

// Settings that start broker 2 of three; each test changes some. An empty value takes a setting away.
class ClusterConfigTest : public testing::Test {
 protected:
  using Changes = std::map<std::string, std::string>;

  static Result<ParsedConfig> parse(const Changes& changes) {
    Changes all{{"node.id", "2"},
                {"controller.quorum.voters", "1@a:9192,2@b:9192,3@c:9192"},
                {"listeners", "PLAINTEXT://10.0.0.2:9092,CLUSTER://:9192"},
                {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CLUSTER:PLAINTEXT"},
                {"inter.broker.listener.name", "CLUSTER"}};
    for (const auto& [name, value] : changes) {
      all[name] = value;
    }
    std::vector<GivenSetting> given;
    for (const auto& [name, value] : all) {
      if (!value.empty()) {
        given.push_back({name, value, "--set"});
      }
    }
    return parse_config(given);
  }
  static Config started(const Changes& changes = {}) {
    auto parsed = parse(changes);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? std::move(parsed->config) : Config{};
  }
  static std::string why(const Changes& changes) {
    const auto parsed = parse(changes);
    return parsed ? "it starts" : parsed.error().message;
  }
  static std::string why_voters(const std::string& voters) { return why({{"controller.quorum.voters", voters}}); }
};

TEST_F(ClusterConfigTest, three_voters_and_a_listener_of_their_own_make_a_cluster) {
  const Config config = started();
  EXPECT_TRUE(config.is_cluster());
  EXPECT_TRUE(config.node_id_is_given);
  ASSERT_EQ(config.controller_quorum_voters.size(), 3U);
  EXPECT_EQ(config.controller_quorum_voters[1], (QuorumVoter{.id = BrokerId{2}, .host = "b", .port = 9192}));
  EXPECT_TRUE(config.is_inter_broker("CLUSTER"));
  EXPECT_FALSE(config.is_inter_broker("PLAINTEXT"));
  EXPECT_EQ(config.opened_listeners().size(), 2U);
  ASSERT_EQ(config.client_listeners().size(), 1U);
  EXPECT_EQ(config.client_listeners().front().name, "PLAINTEXT");
}

TEST_F(ClusterConfigTest, without_voters_the_name_of_the_inter_broker_listener_changes_nothing) {
  const Config config =
      parse_config(std::vector<GivenSetting>{{"inter.broker.listener.name", "PLAINTEXT", "file:1"}}).value().config;
  EXPECT_FALSE(config.is_cluster());
  EXPECT_FALSE(config.is_inter_broker("PLAINTEXT"));
  EXPECT_EQ(config.client_listeners().size(), 1U);
  EXPECT_EQ(config.cluster_id, std::nullopt);
}

TEST_F(ClusterConfigTest, defaults_are_kafkas) {
  const Config config = parse_config({}).value().config;
  EXPECT_EQ(config.default_replication_factor, 1);
  EXPECT_EQ(config.min_insync_replicas, 1);
  EXPECT_EQ(config.broker_heartbeat_interval_ms, 2'000);
  EXPECT_EQ(config.broker_session_timeout_ms, 9'000);
  EXPECT_EQ(config.replica_lag_time_max_ms, 30'000);
  EXPECT_EQ(config.replica_fetch_wait_max_ms, 500);
  EXPECT_EQ(config.replica_fetch_max_bytes, 1'048'576);
  EXPECT_EQ(config.replica_fetch_backoff_ms, 1'000);
  EXPECT_TRUE(config.auto_leader_rebalance_enable);
  EXPECT_EQ(config.leader_imbalance_check_interval_seconds, 300);
}

TEST_F(ClusterConfigTest, voters_are_read_in_any_order_with_addresses_of_any_kind) {
  const Config config = started({{"controller.quorum.voters", " 3@[::1]:9192 , 2@b.example.com:1,1@10.0.0.1:65535"}});
  EXPECT_EQ(config.controller_quorum_voters,
            (std::vector<QuorumVoter>{{.id = BrokerId{1}, .host = "10.0.0.1", .port = 65535},
                                      {.id = BrokerId{2}, .host = "b.example.com", .port = 1},
                                      {.id = BrokerId{3}, .host = "::1", .port = 9192}}));
}

TEST_F(ClusterConfigTest, voters_that_cannot_be_are_refused) {
  for (const char* text : {"x@a:1", "1@a", "1@:1", "a:1", "@a:1", "-1@a:1", "1@a:65536", "1@a:x", "1@a:", "1"}) {
    EXPECT_EQ(why_voters(text), "--set: controller.quorum.voters: '" + std::string(text) + "' is not id@host:port");
  }
  EXPECT_EQ(why_voters("2@b:0"), "--set: controller.quorum.voters: '2@b:0' has port 0; the others would not find it");
  EXPECT_EQ(why_voters("2@b:1,2@c:1"), "--set: controller.quorum.voters: broker 2 is there twice");
  EXPECT_EQ(why_voters("2@b:1,3@b:1"), "--set: controller.quorum.voters: '3@b:1' is another broker's address, too");
  EXPECT_EQ(why_voters("1@a:1,2@b:1,3@c:1,4@d:1,5@e:1,6@f:1"),
            "--set: controller.quorum.voters: 6 voters, at most 5 make sense");
}

TEST_F(ClusterConfigTest, a_broker_must_know_which_voter_it_is) {
  EXPECT_EQ(why({{"node.id", ""}}),
            "controller.quorum.voters is given, so node.id must be: it says which of them this broker is, or that it "
            "is none of them");
  EXPECT_EQ(why({{"node.id", ""}, {"broker.id", "2"}}), "it starts");
}

TEST_F(ClusterConfigTest, a_broker_that_is_no_voter_tells_the_others_where_it_is) {
  const Config config = started({{"node.id", "4"}, {"listeners", "PLAINTEXT://10.0.0.4:9092,CLUSTER://10.0.0.4:9194"}});
  EXPECT_EQ(own_address(config), (QuorumVoter{.id = BrokerId{4}, .host = "10.0.0.4", .port = 9194}));
  const Config behind = started({{"node.id", "4"},
                                 {"listeners", "PLAINTEXT://10.0.0.4:9092,CLUSTER://:9194"},
                                 {"advertised.listeners", "CLUSTER://d:1"}});
  EXPECT_EQ(own_address(behind), (QuorumVoter{.id = BrokerId{4}, .host = "d", .port = 1}));
  EXPECT_EQ(own_address(started({})), (QuorumVoter{.id = BrokerId{2}, .host = "b", .port = 9192}));
  EXPECT_EQ(why({{"node.id", "4"}, {"listeners", "PLAINTEXT://10.0.0.4:9092,CLUSTER://:9194"}}),
            "listener CLUSTER is on every interface; other brokers must know an address of it: set "
            "advertised.listeners=CLUSTER://host:port");
}

TEST_F(ClusterConfigTest, the_inter_broker_listener_must_be_there_and_be_for_brokers_alone) {
  EXPECT_EQ(why({{"inter.broker.listener.name", ""}}),
            "controller.quorum.voters is given, so inter.broker.listener.name must name one of the listeners; '' is "
            "none of them");
  EXPECT_EQ(why({{"inter.broker.listener.name", "OTHER"}}),
            "controller.quorum.voters is given, so inter.broker.listener.name must name one of the listeners; 'OTHER' "
            "is none of them");
  EXPECT_EQ(why({{"controller.listener.names", "CLUSTER"}}),
            "controller.quorum.voters is given, so inter.broker.listener.name must name one of the listeners; "
            "'CLUSTER' is none of them");
  EXPECT_EQ(why({{"listeners", "CLUSTER://:9192"}}),
            "listener CLUSTER is for brokers alone (inter.broker.listener.name); clients need another in listeners");
  EXPECT_EQ(why({{"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT"}}),
            "listener CLUSTER has no protocol in listener.security.protocol.map");
  EXPECT_EQ(why({{"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CLUSTER:SSL"}}),
            "listener CLUSTER wants SSL, only PLAINTEXT is served yet");
}

TEST_F(ClusterConfigTest, the_voters_addresses_are_those_of_the_inter_broker_listener) {
  EXPECT_EQ(why({{"listeners", "PLAINTEXT://10.0.0.2:9092,CLUSTER://:0"}}),
            "listener CLUSTER has port 0; the others would not find it");
  EXPECT_EQ(why_voters("1@a:9092,2@b:9092"),
            "controller.quorum.voters gives for this broker the port 9092 of listener PLAINTEXT; it has to be that of "
            "CLUSTER (inter.broker.listener.name)");
}

TEST_F(ClusterConfigTest, a_client_listener_on_every_interface_needs_an_advertised_address) {
  for (const char* listeners : {"PLAINTEXT://:9092,CLUSTER://:9192", "PLAINTEXT://0.0.0.0:9092,CLUSTER://:9192",
                                "PLAINTEXT://[::]:9092,CLUSTER://:9192"}) {
    EXPECT_EQ(why({{"listeners", listeners}}),
              "listener PLAINTEXT is on every interface; in a cluster the other brokers must tell clients an address "
              "of it: set advertised.listeners=PLAINTEXT://host:port");
    EXPECT_EQ(why({{"listeners", listeners}, {"advertised.listeners", "PLAINTEXT://b:9092"}}), "it starts");
    EXPECT_EQ(why({{"listeners", listeners}, {"controller.quorum.voters", "2@b:9192"}}), "it starts");
  }
}

TEST_F(ClusterConfigTest, brokers_with_the_same_voters_agree_on_the_cluster_id) {
  const auto id = started().cluster_id;
  ASSERT_TRUE(id);
  EXPECT_TRUE(Uuid::parse(*id));
  EXPECT_EQ(started({{"controller.quorum.voters", "3@c:9192, 1@a:9192,2@b:9192"}}).cluster_id, id);
  EXPECT_EQ(started({{"node.id", "3"}}).cluster_id, id);
  EXPECT_NE(started({{"controller.quorum.voters", "1@a:9192,2@b:9192,3@d:9192"}}).cluster_id, id);
  EXPECT_EQ(started({{"cluster.id", "of-my-own"}}).cluster_id, "of-my-own");
}

// Directories are formatted with it: it must not change from one version to the next.
TEST_F(ClusterConfigTest, the_cluster_id_is_the_sha_256_of_the_sorted_voters) {
  EXPECT_EQ(started().cluster_id, "jcnXVI3QhjiCUynDGcLDZw");
}

TEST_F(ClusterConfigTest, a_cluster_id_never_begins_with_a_dash) {
  std::set<char> first;
  for (std::uint16_t port = 1; port < 2000; ++port) {
    first.insert(cluster_id_of(std::vector<QuorumVoter>{{.id = BrokerId{1}, .host = "a", .port = port}}).front());
  }
  EXPECT_EQ(first.size(), 63U);
  EXPECT_FALSE(first.contains('-'));
}

}  // namespace
}  // namespace ottla
