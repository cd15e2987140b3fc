// What brokers say to one another, from the handlers' side: who is served, and that answers overtake one another.
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>

#include "broker/cluster/quorum_wire.h"
#include "broker/cluster/test_cluster_broker.h"
#include "broker/cluster/test_fake_broker.h"
#include "protocol/api/18_api_versions.h"

namespace ottla {
namespace {

class ClusterListenerTest : public testing::Test {
 protected:
  using Answer = Result<PeerAnswer<ProposeResponse>>;

  ~ClusterListenerTest() override {
    if (peer) {
      run_on(core, [this] { peer->close(); });
    }
    core.stop_and_join();
  }
  void connect(const std::string& listener = "CLUSTER") {
    broker.start();
    core.start();
    peer = std::make_shared<Peer>(core, broker.address(listener));
  }
  std::future<Answer> propose(std::size_t size, std::string cluster_id = "cluster") {
    return asio::co_spawn(core.io, propose_now(size, std::move(cluster_id)), asio::use_future);
  }
  Awaitable<Answer> propose_now(std::size_t size, std::string cluster_id) {
    const ProposeRequest request{.cluster_id = std::move(cluster_id), .command = Bytes(size)};
    co_return co_await peer->call(request, std::chrono::seconds(30));
  }
  void say(const quorum::Message& message, const std::string& cluster_id = "cluster") {
    run_on(core, [&] { peer->send(to_wire(message, cluster_id)); });
  }
  static bool is_ready(const std::future<Answer>& called) {
    return called.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  static constexpr std::size_t waits = 101;  // a command that is answered when the test says so
  ClusterBroker broker;
  Core core{0};
  std::shared_ptr<Peer> peer;
};

TEST_F(ClusterListenerTest, proposals_and_heartbeats_are_answered) {
  connect();
  auto proposed = propose(7).get();
  ASSERT_TRUE(proposed) << proposed.error().message;
  EXPECT_EQ(proposed->response.index, 7);
  const auto beat = [this]() -> Awaitable<bool> {
    const MemberHeartbeatRequest request{.cluster_id = "cluster", .metadata_index = 1};
    const auto answer = co_await peer->call(request, std::chrono::seconds(10));
    co_return answer && answer->response.is_caught_up;
  };
  EXPECT_TRUE(asio::co_spawn(core.io, beat(), asio::use_future).get());
}

TEST_F(ClusterListenerTest, an_answer_overtakes_one_that_waits) {
  connect();
  auto slow = propose(waits);
  EXPECT_EQ(propose(2).get()->response.index, 2);
  EXPECT_EQ(propose(3).get()->response.index, 3);
  EXPECT_FALSE(is_ready(slow));
  broker.services.let_go(1);
  EXPECT_EQ(slow.get()->response.index, static_cast<std::int64_t>(waits));
}

TEST_F(ClusterListenerTest, so_many_may_wait_and_no_more_are_read_until_one_is_answered) {
  constexpr std::size_t most = 10'000;
  connect();
  for (std::size_t i = 0; i < most + 1; ++i) {
    propose(waits);
  }
  EXPECT_TRUE(comes_true([&] { return broker.services.proposed == most; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(broker.services.proposed, most);
  broker.services.let_go(1);
  EXPECT_TRUE(comes_true([&] { return broker.services.proposed == most + 1; }));
}

TEST_F(ClusterListenerTest, a_connection_that_goes_leaves_its_requests_to_end_and_then_nothing) {
  connect();
  auto slow = propose(waits);
  EXPECT_TRUE(comes_true([&] { return broker.services.proposed == 1; }));
  run_on(core, [this] { peer->close(); });
  EXPECT_EQ(slow.get().error().code, ErrorCode::NETWORK_EXCEPTION);
  broker.services.let_go(1);
  EXPECT_TRUE(comes_true([&] { return broker.services.answered == 1 && broker.connections() == 0; }));
}

// They tell by their end that the other broker is gone. A client that says nothing is sent away.
TEST_F(ClusterListenerTest, brokers_may_be_silent) {
  broker.start();
  core.start();
  const PeerLimits stays{.stays_connected = true};
  peer = std::make_shared<Peer>(core, broker.address("CLUSTER"), nullptr, stays);
  std::atomic<int> lost = 0;
  const auto client = std::make_shared<Peer>(core, broker.address("PLAINTEXT"), [&lost](bool) { ++lost; }, stays);
  run_on(core, [&] {
    peer->open();
    client->open();
  });
  EXPECT_TRUE(comes_true([&] { return lost > 0; }));
  run_on(core, [&] { client->close(); });
  EXPECT_TRUE(comes_true([&] { return broker.connections() == 1; }));
}

TEST_F(ClusterListenerTest, clients_get_nothing_of_it) {
  connect("PLAINTEXT");
  EXPECT_EQ(propose(1).get().error().code, ErrorCode::NETWORK_EXCEPTION);
  EXPECT_EQ(broker.services.proposed, 0U);
  for (const auto& api : served_api_versions()) {
    EXPECT_LT(api.api_key, 10'000);
  }
}

TEST_F(ClusterListenerTest, a_broker_that_is_in_no_cluster_refuses) {
  broker.broker().cluster = nullptr;
  connect();
  EXPECT_EQ(propose(1).get().error().code, ErrorCode::NETWORK_EXCEPTION);
}

TEST_F(ClusterListenerTest, another_cluster_is_sent_away) {
  connect();
  EXPECT_EQ(propose(1, "other").get().error().code, ErrorCode::NETWORK_EXCEPTION);
  EXPECT_EQ(broker.services.proposed, 0U);
  const quorum::Message message{.from = 3, .to = 2, .body = quorum::TimeoutNow{.term = 1}};
  say(message, "other");
  EXPECT_TRUE(comes_true([&] { return broker.connections() == 0; }));
  EXPECT_EQ(broker.services.received(), 0U);
}

TEST_F(ClusterListenerTest, messages_of_the_quorum_arrive_and_are_not_answered) {
  connect();
  say({.from = 3, .to = 2, .body = quorum::TimeoutNow{.term = 4, .last_log = {.index = 9, .term = 3}}});
  EXPECT_EQ(propose(5).get()->response.index, 5);  // what came before it has been read
  ASSERT_EQ(broker.services.received(), 1U);
  const auto message = broker.services.last_received();
  EXPECT_EQ(message.from, 3U);
  EXPECT_EQ(std::get<quorum::TimeoutNow>(message.body).last_log, (quorum::Position{9, 3}));
}

TEST_F(ClusterListenerTest, a_message_for_another_server_or_that_no_server_sends_closes_the_connection) {
  connect();
  for (const quorum::ServerId to : {quorum::ServerId{4}, quorum::ServerId{0}}) {
    // Once this side knows, too, that the last one was closed.
    ASSERT_TRUE(comes_true([&] { return propose(1).get().has_value(); }));
    EXPECT_EQ(broker.connections(), 1);
    say({.from = 3, .to = to, .body = quorum::TimeoutNow{.term = 4}});
    EXPECT_TRUE(comes_true([&] { return broker.connections() == 0; }));
  }
  EXPECT_EQ(broker.services.received(), 0U);
}

}  // namespace
}  // namespace ottla
