// What a leader answers to a follower's fetch, over a real connection.
#include <gtest/gtest.h>

#include "broker/cluster/test_cluster_broker.h"
#include "broker/cluster/test_replicas.h"
#include "protocol/api/10002_replica_fetch.h"

namespace ottla {
namespace {

using std::chrono::milliseconds;

class ReplicaFetchTest : public testing::Test {
 protected:
  using Answer = Result<PeerAnswer<ReplicaFetchResponse>>;

  ReplicaFetchTest() {
    leader = open_replica(broker.broker().partitions);
    broker.start();
    core.start();
    peer = std::make_shared<Peer>(core, broker.address("CLUSTER"));
  }
  ~ReplicaFetchTest() override {
    run_on(core, [this] { peer->close(); });
    core.stop_and_join();
  }
  // What the follower asks that has everything below `from`.
  static ReplicaFetchRequest from(std::int64_t offset, milliseconds max_wait = milliseconds(0)) {
    return {.cluster_id = "cluster",
            .replica_id = BrokerId{2},
            .broker_epoch = follower_broker_epoch,
            .topic_id = replicated_topic.id,
            .current_leader_epoch = LeaderEpoch{0},
            .fetch_offset = Offset{offset},
            .last_fetched_epoch = LeaderEpoch{offset > 0 ? 0 : -1},
            .durable_end_offset = Offset{offset},
            .max_wait_ms = static_cast<std::int32_t>(max_wait.count()),
            .max_bytes = 1'000'000};
  }
  std::future<Answer> fetch(const ReplicaFetchRequest& request) {
    return asio::co_spawn(core.io, fetch_now(request), asio::use_future);
  }
  Awaitable<Answer> fetch_now(ReplicaFetchRequest request) {
    co_return co_await peer->call(request, std::chrono::seconds(60));
  }
  ReplicaFetchResponse answer(const ReplicaFetchRequest& request) { return answer(fetch(request)); }
  // The records as a number of bytes only: their frame is gone.
  ReplicaFetchResponse answer(std::future<Answer> called) {
    const auto got = called.get();
    EXPECT_TRUE(got) << got.error().message;
    record_bytes = got ? got->response.records.bytes.size() : 0;
    return got ? got->response : ReplicaFetchResponse{};
  }
  void write(const std::string& value = "v") { ASSERT_EQ(append(broker.core(), leader, value), ErrorCode::NONE); }
  void wait_until_durable(std::int64_t end) {
    EXPECT_TRUE(comes_true([&] { return leader->log_state()->durable_end_offset == Offset{end}; }));
  }

  ClusterBroker broker{1};
  std::shared_ptr<Partition> leader;
  Core core{0};
  std::shared_ptr<Peer> peer;
  std::size_t record_bytes = 0;
};

TEST_F(ReplicaFetchTest, gives_what_is_beyond_the_high_watermark_too) {
  write();
  wait_until_durable(1);
  const auto response = answer(from(0));
  EXPECT_EQ(response.error_code, ErrorCode::NONE);
  EXPECT_EQ(response.high_watermark, Offset{0});
  EXPECT_EQ(response.log_start_offset, Offset{0});
  EXPECT_LT(response.diverging_epoch.value, 0);
  EXPECT_EQ(static_cast<std::int64_t>(record_bytes), leader->size_bytes());
}

TEST_F(ReplicaFetchTest, tells_the_high_watermark_that_the_fetch_itself_has_moved) {
  write();
  wait_until_durable(1);
  const auto response = answer(from(1));
  EXPECT_EQ(response.high_watermark, Offset{1});
  EXPECT_EQ(record_bytes, 0U);
  EXPECT_EQ(leader->view().high_watermark, Offset{1});
}

TEST_F(ReplicaFetchTest, gives_one_batch_however_large_and_no_more_than_asked) {
  write(std::string(10'000, 'x'));
  const auto one = static_cast<std::size_t>(leader->size_bytes());
  write();
  auto request = from(0);
  request.max_bytes = 1;
  EXPECT_EQ(answer(request).error_code, ErrorCode::NONE);
  EXPECT_EQ(record_bytes, one);
}

TEST_F(ReplicaFetchTest, waits_until_there_is_more) {
  auto waiting = fetch(from(0, std::chrono::seconds(30)));
  EXPECT_EQ(waiting.wait_for(milliseconds(50)), std::future_status::timeout);
  const auto began = Clock::now();
  write();
  answer(std::move(waiting));
  EXPECT_GT(record_bytes, 0U);
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(15));
}

TEST_F(ReplicaFetchTest, a_wait_ends_with_nothing) {
  const auto began = Clock::now();
  EXPECT_EQ(answer(from(0, milliseconds(50))).error_code, ErrorCode::NONE);
  EXPECT_GE(Clock::now() - began, milliseconds(50));
  EXPECT_EQ(record_bytes, 0U);
}

TEST_F(ReplicaFetchTest, a_wait_ends_when_another_leads) {
  auto waiting = fetch(from(0, std::chrono::seconds(30)));
  EXPECT_EQ(waiting.wait_for(milliseconds(50)), std::future_status::timeout);
  auto metadata = replicated(LeaderEpoch{1});
  metadata.leader = BrokerId{2};
  leader->follow(metadata);
  EXPECT_EQ(answer(std::move(waiting)).error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

TEST_F(ReplicaFetchTest, a_wait_ends_when_the_follower_goes) {
  auto waiting = fetch(from(0, std::chrono::seconds(30)));
  EXPECT_EQ(waiting.wait_for(milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(broker.connections(), 1);
  run_on(core, [this] { peer->close(); });
  EXPECT_TRUE(comes_true([this] { return broker.connections() == 0; }));
}

TEST_F(ReplicaFetchTest, a_partition_that_waits_holds_up_no_other) {
  auto waiting = fetch(from(0, std::chrono::seconds(30)));
  EXPECT_EQ(answer(from(0)).error_code, ErrorCode::NONE);
  EXPECT_EQ(waiting.wait_for(milliseconds(0)), std::future_status::timeout);
}

TEST_F(ReplicaFetchTest, what_is_wrong_is_told_at_once) {
  const auto wait = std::chrono::seconds(30);
  auto request = from(0, wait);
  request.topic_id = Uuid::random();
  EXPECT_EQ(answer(request).error_code, ErrorCode::UNKNOWN_TOPIC_ID);
  request = from(0, wait);
  request.partition_index = 1;
  EXPECT_EQ(answer(request).error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
  request = from(0, wait);
  request.current_leader_epoch = LeaderEpoch{1};
  EXPECT_EQ(answer(request).error_code, ErrorCode::UNKNOWN_LEADER_EPOCH);
  request = from(1, wait);
  request.last_fetched_epoch = LeaderEpoch{};
  EXPECT_EQ(answer(request).error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
}

TEST_F(ReplicaFetchTest, a_log_that_differs_is_told_where) {
  write();
  const auto response = answer(from(5, std::chrono::seconds(30)));
  EXPECT_EQ(response.error_code, ErrorCode::NONE);
  EXPECT_EQ(response.diverging_epoch, LeaderEpoch{0});
  EXPECT_EQ(response.diverging_end_offset, Offset{1});
  EXPECT_EQ(record_bytes, 0U);
}

// Sixty-four times a mebibyte is asked for before anything is read: only so much of it is held at once.
TEST_F(ReplicaFetchTest, a_follower_that_does_not_read_gets_no_more_than_the_connection_may_hold) {
  write(std::string(1'000'000, 'x'));
  constexpr std::size_t asked = 64;
  std::vector<std::future<Answer>> waiting;
  waiting.reserve(asked);
  for (std::size_t i = 0; i < asked; ++i) {
    waiting.push_back(fetch(from(0)));
  }
  for (auto& one : waiting) {
    EXPECT_EQ(answer(std::move(one)).error_code, ErrorCode::NONE);
    EXPECT_GT(record_bytes, 1'000'000U);
  }
}

}  // namespace
}  // namespace ottla
