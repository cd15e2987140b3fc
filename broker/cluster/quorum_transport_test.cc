#include "broker/cluster/quorum_transport.h"

#include <gtest/gtest.h>

#include <atomic>

#include "broker/cluster/quorum_wire.h"
#include "broker/cluster/test_cluster_broker.h"
#include "broker/cluster/test_fake_broker.h"

namespace ottla {
namespace {

class QuorumTransportTest : public testing::Test {
 protected:
  QuorumTransportTest() { core.start(); }
  ~QuorumTransportTest() override {
    run_on(core, [this] { transport.close(); });
    core.stop_and_join();
  }
  static quorum::Message to(quorum::ServerId server, quorum::MessageBody body) {
    return {.from = 1, .to = server, .body = std::move(body)};
  }
  static quorum::Message snapshot_to(quorum::ServerId server) {
    const quorum::Configuration servers{{{1, "a:1", quorum::ServerRole::voter}}};
    return to(server, quorum::InstallSnapshot{.term = 7,
                                              .snapshot = {.last = {.index = 1, .term = 1},
                                                           .configuration_index = 1,
                                                           .configuration = servers,
                                                           .image = quorum::share(Bytes(1000))}});
  }
  static QuorumMessageRequest next(TestConversation& conversation) {
    auto request = conversation.next();
    EXPECT_TRUE(request);
    return request ? request->as<QuorumMessageRequest>() : QuorumMessageRequest{};
  }

  FakeBroker second;
  FakeBroker third;
  Core core{0};
  std::atomic<quorum::ServerId> lost = 0;
  void send(const quorum::Message& message) {
    const auto address = addresses.find(message.to);
    transport.send(message, address == addresses.end() ? "" : address->second);
  }
  static std::string text_of(const PeerAddress& address) { return fmt::format("{}:{}", address.host, address.port); }

  const std::map<quorum::ServerId, std::string> addresses{{2, text_of(second.address())},
                                                          {3, text_of(third.address())}};
  QuorumTransport transport{core, "cluster", 1, "here:1", [this](quorum::ServerId server, bool) { lost = server; }};
};

TEST_F(QuorumTransportTest, a_message_goes_to_its_server) {
  send(to(2, quorum::TimeoutNow{.term = 5}));
  send(to(3, quorum::TimeoutNow{.term = 6}));
  auto with_second = second.accept();
  auto with_third = third.accept();
  const auto message = next(with_second);
  EXPECT_EQ(message.cluster_id, "cluster");
  EXPECT_EQ(message.from, 1);
  EXPECT_EQ(message.from_address, "here:1");
  EXPECT_EQ(message.to, 2);
  EXPECT_EQ(message.term, 5);
  EXPECT_EQ(next(with_third).term, 6);
}

TEST_F(QuorumTransportTest, snapshots_have_a_connection_of_their_own) {
  send(to(2, quorum::TimeoutNow{.term = 5}));
  auto first = second.accept();
  EXPECT_EQ(next(first).term, 5);
  send(snapshot_to(2));
  auto other = second.accept();
  EXPECT_EQ(next(other).kind, QuorumMessageRequest::Kind::install_snapshot);
  send(to(2, quorum::TimeoutNow{.term = 8}));
  EXPECT_EQ(next(first).term, 8);
}

TEST_F(QuorumTransportTest, a_server_that_is_gone_is_told_of_and_one_that_nobody_knows_does_no_harm) {
  send(to(9, quorum::TimeoutNow{.term = 5}));
  send(to(3, quorum::TimeoutNow{.term = 5}));
  third.accept().close();
  EXPECT_TRUE(comes_true([this] { return lost == 3; }));
  send(to(2, quorum::TimeoutNow{.term = 6}));
  auto with_second = second.accept();
  EXPECT_EQ(next(with_second).term, 6);
  EXPECT_EQ(lost, 3U);
}

TEST_F(QuorumTransportTest, it_stays_connected_with_nothing_to_say_until_a_server_is_none_any_more) {
  std::vector<quorum::Server> servers{{.id = 1, .address = "nobody:1"}};
  for (const auto& [id, address] : addresses) {
    servers.push_back({.id = id, .address = address, .role = quorum::ServerRole::voter});
  }
  run_on(core, [&] { transport.stay_connected(servers); });
  auto with_second = second.accept();
  auto with_third = third.accept();
  servers.pop_back();
  run_on(core, [&] { transport.stay_connected(servers); });
  EXPECT_FALSE(with_third.next());
  send(to(2, quorum::TimeoutNow{.term = 5}));
  EXPECT_EQ(next(with_second).term, 5);
}

TEST_F(QuorumTransportTest, nothing_is_sent_after_close) {
  send(to(2, quorum::TimeoutNow{.term = 5}));
  auto with_second = second.accept();
  EXPECT_EQ(next(with_second).term, 5);
  run_on(core, [this] { transport.close(); });
  send(to(2, quorum::TimeoutNow{.term = 6}));
  EXPECT_FALSE(with_second.next());
}

}  // namespace
}  // namespace ottla
