#include "broker/cluster/peer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "broker/cluster/test_fake_broker.h"
#include "protocol/api/10000_quorum_message.h"
#include "protocol/api/10001_propose.h"
#include "protocol/api/10003_member_heartbeat.h"

namespace ottla {
namespace {

using std::chrono::milliseconds;

class PeerTest : public testing::Test {
 protected:
  using Answer = Result<PeerAnswer<MemberHeartbeatResponse>>;

  PeerTest() { core.start(); }
  ~PeerTest() override {
    run([this] { peer->close(); });
    core.stop_and_join();
  }
  void run(const std::function<void()>& action) {
    std::promise<void> done;
    asio::post(core.io, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::shared_ptr<Peer> make_peer(const PeerLimits& limits) {
    return std::make_shared<Peer>(core, broker.address(), [this](bool) { ++lost; }, limits);
  }
  void limit(const PeerLimits& limits) { peer = make_peer(limits); }

  std::future<Answer> call(std::int64_t number, milliseconds time_out = patience) {
    return asio::co_spawn(core.io, call_now(number, time_out), asio::use_future);
  }
  Awaitable<Answer> call_now(std::int64_t number, milliseconds time_out) {
    const MemberHeartbeatRequest request{.cluster_id = "c", .metadata_index = number};
    co_return co_await peer->call(request, time_out);
  }
  void send(std::int64_t number) { peer->send(QuorumMessageRequest{.cluster_id = "c", .term = number}); }
  static ErrorCode code(std::future<Answer>& called) {
    const auto answer = called.get();
    return answer ? answer->response.error_code : answer.error().code;
  }
  // Reads a heartbeat and answers it with an error of its own, so that answers can be told apart.
  static std::int64_t number_of(TestRequest request) { return request.as<MemberHeartbeatRequest>().metadata_index; }
  static void answer(TestConversation& with, const TestRequest& request, ErrorCode error) {
    with.answer(request.header.correlation_id, MemberHeartbeatResponse{.error_code = error});
  }
  void wait_for_lost(int times) const {
    for (int i = 0; i < 1000 && lost < times; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_EQ(lost, times);
  }

  bool becomes_refused(bool wanted) {  // or is it no more, sooner or later
    bool is_refused = !wanted;
    for (int i = 0; i < 1000 && is_refused != wanted; ++i, std::this_thread::sleep_for(milliseconds(10))) {
      run([&] { is_refused = peer->is_refused(); });
    }
    return is_refused == wanted;
  }
  static constexpr milliseconds patience{10'000};
  Core core{0};
  FakeBroker broker;
  std::atomic<int> lost = 0;
  std::shared_ptr<Peer> peer = make_peer({});
};

TEST_F(PeerTest, a_call_is_answered) {
  auto called = call(7);
  auto conversation = broker.accept();
  auto request = conversation.next();
  ASSERT_TRUE(request);
  EXPECT_EQ(number_of(*request), 7);
  EXPECT_EQ(request->header.client_id, "ottla");
  conversation.answer(request->header.correlation_id,
                      MemberHeartbeatResponse{.error_code = ErrorCode::NONE, .is_caught_up = true});
  const auto answer = called.get();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->response.is_caught_up);
  EXPECT_EQ(lost, 0);
}

TEST_F(PeerTest, calls_go_out_without_waiting_and_their_answers_may_come_in_any_order) {
  auto first = call(1);
  auto second = call(2);
  auto conversation = broker.accept();
  const auto one = conversation.next();
  const auto two = conversation.next();
  ASSERT_TRUE(one && two);
  answer(conversation, *two, ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_EQ(code(second), ErrorCode::STALE_BROKER_EPOCH);
  answer(conversation, *one, ErrorCode::NOT_CONTROLLER);
  EXPECT_EQ(code(first), ErrorCode::NOT_CONTROLLER);
}

TEST_F(PeerTest, a_call_times_out_and_the_connection_goes_on) {
  auto slow = call(1, milliseconds(20));
  auto conversation = broker.accept();
  const auto late = conversation.next();
  EXPECT_EQ(code(slow), ErrorCode::REQUEST_TIMED_OUT);
  auto quick = call(2);
  const auto request = conversation.next();
  ASSERT_TRUE(late && request);
  answer(conversation, *late, ErrorCode::NOT_CONTROLLER);  // for nobody
  answer(conversation, *request, ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_EQ(code(quick), ErrorCode::STALE_BROKER_EPOCH);
  EXPECT_EQ(lost, 0);
}

TEST_F(PeerTest, where_nobody_listens_calls_fail_and_the_connection_counts_as_lost) {
  broker.stop();
  auto called = call(1);
  EXPECT_EQ(code(called), ErrorCode::NETWORK_EXCEPTION);
  wait_for_lost(1);
}

TEST_F(PeerTest, one_that_stays_connected_connects_again_with_nothing_to_say_and_knows_whether_somebody_listens) {
  limit({.stays_connected = true});
  send(1);
  broker.accept().close();
  auto conversation = broker.accept();
  wait_for_lost(1);
  run([this] { EXPECT_FALSE(peer->is_refused()); });
  broker.stop();
  conversation.close();
  EXPECT_TRUE(becomes_refused(true));
  FakeBroker again(broker.address().port);
  again.accept();
  EXPECT_TRUE(becomes_refused(false));
}

TEST_F(PeerTest, a_break_ends_the_calls_under_way_and_the_next_call_finds_the_broker_again) {
  auto first = call(1);
  auto second = call(2);
  {
    auto conversation = broker.accept();
    ASSERT_TRUE(conversation.next());
    broker.stop();
  }
  EXPECT_EQ(code(first), ErrorCode::NETWORK_EXCEPTION);
  EXPECT_EQ(code(second), ErrorCode::NETWORK_EXCEPTION);
  wait_for_lost(1);
  FakeBroker again(broker.address().port);
  auto third = call(3);
  auto conversation = again.accept();
  const auto request = conversation.next();
  ASSERT_TRUE(request);
  EXPECT_EQ(number_of(*request), 3);
  answer(conversation, *request, ErrorCode::NOT_CONTROLLER);
  EXPECT_EQ(code(third), ErrorCode::NOT_CONTROLLER);
  EXPECT_EQ(lost, 1);
}

TEST_F(PeerTest, an_idle_connection_that_breaks_is_told_of_too) {
  auto called = call(1);
  auto conversation = broker.accept();
  answer(conversation, conversation.next().value(), ErrorCode::NONE);
  EXPECT_EQ(code(called), ErrorCode::NONE);
  conversation.close();
  wait_for_lost(1);
}

TEST_F(PeerTest, pauses_between_attempts_grow_up_to_a_bound) {
  limit({.first_pause = milliseconds(50), .longest_pause = milliseconds(100)});
  broker.stop();
  const auto began = Clock::now();
  for (int i = 0; i < 5; ++i) {  // pauses of 0, 50, 100, 100 and 100 ms, give or take a quarter
    auto called = call(i);
    EXPECT_EQ(code(called), ErrorCode::NETWORK_EXCEPTION);
  }
  EXPECT_GE(Clock::now() - began, milliseconds(262));
  EXPECT_EQ(lost, 5);
}

TEST_F(PeerTest, one_that_accepts_and_closes_at_once_is_not_asked_again_at_once) {
  limit({.first_pause = milliseconds(50), .longest_pause = milliseconds(100)});
  const auto began = Clock::now();
  for (int i = 0; i < 4; ++i) {
    auto called = call(i);
    broker.accept().close();
    EXPECT_EQ(code(called), ErrorCode::NETWORK_EXCEPTION);
  }
  EXPECT_GE(Clock::now() - began, milliseconds(187));
}

TEST_F(PeerTest, messages_arrive_in_order_and_too_many_are_dropped_before_there_is_a_connection) {
  limit({.queued_messages = 3});
  run([this] {
    for (int i = 1; i <= 5; ++i) {
      send(i);
    }
  });
  auto conversation = broker.accept();
  for (const int expected : {1, 2, 3}) {
    EXPECT_EQ(conversation.next().value().as<QuorumMessageRequest>().term, expected);
  }
  run([this] { send(6); });
  EXPECT_EQ(conversation.next().value().as<QuorumMessageRequest>().term, 6);
}

TEST_F(PeerTest, a_call_beyond_the_queues_bytes_fails_at_once) {
  limit({.queued_bytes = 1000});
  const auto propose = [this](std::size_t size) -> Awaitable<ErrorCode> {
    const ProposeRequest request{.cluster_id = "c", .command = Bytes(size)};
    const auto answer = co_await peer->call(request, patience);
    co_return answer ? ErrorCode::NONE : answer.error().code;
  };
  std::future<ErrorCode> fits;
  std::future<ErrorCode> too_much;
  run([&] {
    fits = asio::co_spawn(core.io, propose(600), asio::use_future);
    too_much = asio::co_spawn(core.io, propose(600), asio::use_future);
  });
  EXPECT_EQ(too_much.get(), ErrorCode::NETWORK_EXCEPTION);
  auto conversation = broker.accept();
  const auto request = conversation.next();
  ASSERT_TRUE(request);
  conversation.answer(request->header.correlation_id, ProposeResponse{});
  EXPECT_EQ(fits.get(), ErrorCode::NONE);
}

TEST_F(PeerTest, a_request_that_is_too_long_is_not_sent) {
  limit({.frame_bytes = 20});
  auto called = call(1);
  EXPECT_EQ(code(called), ErrorCode::MESSAGE_TOO_LARGE);
  EXPECT_EQ(lost, 0);
}

TEST_F(PeerTest, an_answer_that_cannot_be_read_closes_the_connection) {
  auto called = call(1);
  auto conversation = broker.accept();
  const auto request = conversation.next();
  ASSERT_TRUE(request);
  Writer out;
  begin_response(out, request->header.correlation_id, true);
  out.integer<std::int8_t>(1);
  finish_response(out);
  conversation.say(out.flatten());
  EXPECT_EQ(code(called), ErrorCode::INVALID_REQUEST);
  EXPECT_FALSE(conversation.next());
  wait_for_lost(1);
}

TEST_F(PeerTest, an_answer_that_is_too_long_closes_the_connection_before_it_is_read) {
  limit({.frame_bytes = 100});
  auto called = call(1);
  auto conversation = broker.accept();
  ASSERT_TRUE(conversation.next());
  Writer out;
  out.integer<std::int32_t>(101);
  conversation.say(out.flatten());
  EXPECT_EQ(code(called), ErrorCode::NETWORK_EXCEPTION);
  EXPECT_FALSE(conversation.next());
}

TEST_F(PeerTest, close_ends_calls_under_way_and_those_to_come) {
  auto under_way = call(1);
  auto conversation = broker.accept();
  ASSERT_TRUE(conversation.next());
  run([this] { peer->close(); });
  EXPECT_EQ(code(under_way), ErrorCode::NETWORK_EXCEPTION);
  EXPECT_FALSE(conversation.next());
  auto later = call(2);
  EXPECT_EQ(code(later), ErrorCode::NETWORK_EXCEPTION);
  EXPECT_EQ(lost, 0);
  std::weak_ptr<Peer> gone;
  run([&] {
    gone = peer;
    peer = make_peer({});
  });
  for (int i = 0; i < 1000 && !gone.expired(); ++i) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(gone.expired());
}

TEST_F(PeerTest, close_during_a_pause_ends_it) {
  limit({.first_pause = std::chrono::hours(1), .longest_pause = std::chrono::hours(1)});
  broker.stop();
  auto first = call(1);
  EXPECT_EQ(code(first), ErrorCode::NETWORK_EXCEPTION);
  auto waits = call(2);
  run([this] { peer->close(); });
  EXPECT_EQ(code(waits), ErrorCode::NETWORK_EXCEPTION);
}

}  // namespace
}  // namespace ottla
