#include "replication/broker_sessions.h"

#include "replication/cluster_test_fixture.h"

namespace ottla {
namespace {

class BrokerSessionsTest : public ClusterTest {
 protected:
  BrokerSessionsTest() {
    start({1, 2, 3});
    create("a", {{{1}, {2}, {3}}});
  }
  [[nodiscard]] Heartbeat from(std::int32_t id, std::int64_t read_up_to = 1000) const {
    return {.broker_id = {id}, .broker_epoch = epoch(id), .metadata_index = read_up_to, .want_fence = false};
  }
  // With what it asks to be committed.
  HeartbeatAnswer beat(const Heartbeat& heartbeat) {
    auto answer = sessions.heartbeat(controller.brokers(), heartbeat, now_ms);
    EXPECT_TRUE(answer) << answer.error().message;
    if (answer->first) {
      EXPECT_EQ(apply(*answer->first), ErrorCode::NONE);
    }
    EXPECT_EQ(answer->is_fenced, controller.brokers().at(heartbeat.broker_id).fenced);
    return *answer;
  }
  Ids fenced_by_tick() {
    Ids ids;
    for (const auto& command : sessions.tick(controller.brokers(), now_ms)) {
      EXPECT_EQ(apply(command), ErrorCode::NONE);
      ids.push_back(command.broker_id);
    }
    return ids;
  }

  std::int64_t now_ms = 0;
  BrokerSessions sessions{9000, {}, 0};
};

TEST_F(BrokerSessionsTest, a_broker_that_is_not_heard_is_fenced) {
  EXPECT_EQ(fenced_by_tick(), Ids{});
  now_ms = 5000;
  beat(from(1));
  beat(from(3));
  now_ms = 9000;
  EXPECT_EQ(fenced_by_tick(), Ids{});
  now_ms = 9001;
  EXPECT_EQ(fenced_by_tick(), Ids{{2}});
  EXPECT_EQ(fenced_by_tick(), Ids{});
  EXPECT_FALSE(beat(from(2)).is_fenced);
}

TEST_F(BrokerSessionsTest, a_new_controller_gives_everybody_a_full_session) {
  sessions = BrokerSessions(9000, controller.brokers(), 50'000);
  now_ms = 59'000;
  EXPECT_EQ(fenced_by_tick(), Ids{});
  now_ms = 59'001;
  EXPECT_EQ(fenced_by_tick(), (Ids{{1}, {2}, {3}}));
}

TEST_F(BrokerSessionsTest, a_connection_that_cannot_be_made_again_shortens_a_session_until_the_broker_is_heard) {
  (void)fenced_by_tick();
  for (int i = 0; i < 2; ++i) {
    sessions.connection_lost({1}, 100, now_ms);
    sessions.connection_lost({2}, 100, now_ms);
  }
  now_ms = 50;
  beat(from(2));
  now_ms = 101;
  EXPECT_EQ(fenced_by_tick(), Ids{{1}});
}

TEST_F(BrokerSessionsTest, a_connection_that_is_refused_ends_a_session_once) {
  (void)fenced_by_tick();
  sessions.connection_refused({1}, now_ms);
  EXPECT_EQ(fenced_by_tick(), Ids{{1}});
  now_ms = 299;
  EXPECT_TRUE(beat(from(1)).is_fenced);  // it had been sent before
  now_ms = 300;
  EXPECT_FALSE(beat(from(1)).is_fenced);  // it lives all the same
  sessions.connection_refused({1}, now_ms);
  beat(from(1));
  sessions.connection_refused({1}, now_ms);
  EXPECT_EQ(fenced_by_tick(), Ids{});
  fence(1);
  EXPECT_EQ(apply(start_of(1, 2)), ErrorCode::NONE);  // of its next process it is believed again
  beat(from(1));
  sessions.connection_refused({1}, now_ms);
  EXPECT_EQ(fenced_by_tick(), Ids{{1}});
}

TEST_F(BrokerSessionsTest, a_connection_that_breaks_now_and_then_costs_nothing) {
  (void)fenced_by_tick();
  sessions.connection_lost({1}, 100, now_ms);
  now_ms = 3'001;
  sessions.connection_lost({1}, 100, now_ms);
  now_ms = 3'101;
  beat(from(1));
  sessions.connection_lost({1}, 100, now_ms);
  now_ms = 4'000;
  EXPECT_EQ(fenced_by_tick(), Ids{});
}

TEST_F(BrokerSessionsTest, a_broker_is_unfenced_when_it_has_read_its_own_registration) {
  EXPECT_EQ(apply(start_of(4)), ErrorCode::NONE);
  const auto registered = static_cast<std::int64_t>(index);
  create("b", {{{1}}});  // the log goes on
  const auto early = beat(from(4, registered - 1));
  EXPECT_FALSE(early.is_caught_up);
  EXPECT_TRUE(early.is_fenced);
  auto shy = from(4, registered);
  shy.want_fence = true;
  EXPECT_TRUE(beat(shy).is_fenced);
  EXPECT_FALSE(beat(from(4, registered)).is_fenced);
  auto stale = from(4);
  --stale.broker_epoch.value;
  EXPECT_EQ(sessions.heartbeat(controller.brokers(), stale, now_ms).error().code, ErrorCode::STALE_BROKER_EPOCH);
}

TEST_F(BrokerSessionsTest, a_broker_leaves_when_all_have_read_that_it_leads_no_more) {
  const auto before = static_cast<std::int64_t>(index);
  auto leaving = from(1);
  leaving.want_shut_down = true;
  beat(from(2, before));
  EXPECT_FALSE(beat(leaving).should_shut_down);
  EXPECT_EQ(partition("a").leader, BrokerId{2});
  const auto moved = static_cast<std::int64_t>(index);
  EXPECT_FALSE(beat(leaving).should_shut_down);
  beat(from(2, moved));
  EXPECT_FALSE(beat(leaving).should_shut_down);  // 3 was never heard
  beat(from(3, moved));
  const auto answer = beat(leaving);
  EXPECT_TRUE(answer.should_shut_down);
  EXPECT_TRUE(answer.is_fenced);
  EXPECT_TRUE(beat(leaving).should_shut_down);  // the answer was lost
}

TEST_F(BrokerSessionsTest, a_broker_that_is_fenced_may_go_at_once) {
  fence(1);
  auto leaving = from(1, 0);
  leaving.want_shut_down = true;
  EXPECT_TRUE(beat(leaving).should_shut_down);
  EXPECT_TRUE(controller.brokers().at({1}).fenced);
}

TEST_F(BrokerSessionsTest, a_broker_without_its_directory_is_fenced) {
  auto failing = from(1);
  failing.has_offline_log_dir = true;
  EXPECT_TRUE(beat(failing).is_fenced);
  EXPECT_EQ(partition("a").leader, BrokerId{2});
  EXPECT_TRUE(beat(failing).is_fenced);
}

TEST(ClusterId, brokers_of_another_cluster_are_refused) {
  EXPECT_TRUE(check_cluster_id("a", "a"));
  EXPECT_EQ(check_cluster_id("a", "b").error().code, ErrorCode::INCONSISTENT_CLUSTER_ID);
}

}  // namespace
}  // namespace ottla
