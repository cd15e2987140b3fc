// A follower and its leader, over real connections.
#include "broker/cluster/replica_network.h"

#include <gtest/gtest.h>

#include "broker/cluster/test_cluster_broker.h"
#include "broker/cluster/test_replicas.h"

namespace ottla {
namespace {

using std::chrono::milliseconds;

// Broker 2, which follows.
class FollowingBroker {
 public:
  explicit FollowingBroker(milliseconds fetch_backoff = milliseconds(20)) {
    core.start();
    partitions.set_replica_outside(&network, {.fetch_backoff_ms = fetch_backoff.count()});
    partition = open_replica(partitions);
  }
  FollowingBroker(const FollowingBroker&) = delete;
  FollowingBroker& operator=(const FollowingBroker&) = delete;
  ~FollowingBroker() {
    run_on(core, [this] { network.close(); });
    core.stop_and_join();
  }
  Offset end() { return partition->log_state()->durable_end_offset; }
  void find_leader_at(std::optional<PeerAddress> address) {
    run_on(core, [&] { leader_address = std::move(address); });
  }

 private:
  static Config settings() {
    Config config = parse_config({}).value().config;
    config.node_id = BrokerId{2};
    config.replica_fetch_wait_max_ms = 30'000;
    return config;
  }
  FaultDisk disk;
  const Config config = settings();
  std::unique_ptr<LogDirectory> directory = LogDirectory::open(disk, "data", "cluster", BrokerId{2}).value();
  std::atomic<std::int64_t> epoch = follower_broker_epoch.value;
  std::optional<PeerAddress> leader_address;

 public:
  Core core{0};
  std::atomic<int> altered = 0;
  std::atomic<int> asked_for_address = 0;
  ReplicaNetwork network{
      core,
      config,
      "cluster",
      epoch,
      [this](BrokerId id) {
        ++asked_for_address;
        return id == BrokerId{1} ? leader_address : std::nullopt;
      },
      [this](const std::shared_ptr<Partition>& of, const replica_effect::SendAlterPartition& request) {
        of->view();  // without its lock
        altered += static_cast<int>(request.token);
      },
      [] {}};
  Partitions partitions{disk, *directory, config};
  std::shared_ptr<Partition> partition;
};

class ReplicaNetworkTest : public testing::Test {
 protected:
  ReplicaNetworkTest() {
    leader = open_replica(broker.broker().partitions);
    broker.start();
  }
  void write() { ASSERT_EQ(append(broker.core(), leader, "v"), ErrorCode::NONE); }
  [[nodiscard]] Offset committed() const { return leader->view().high_watermark; }

  ClusterBroker broker{1};
  std::shared_ptr<Partition> leader;
};

TEST_F(ReplicaNetworkTest, a_follower_gets_what_the_leader_has_and_so_it_is_committed) {
  write();
  write();
  EXPECT_EQ(committed(), Offset{0});
  FollowingBroker follower;
  follower.find_leader_at(broker.address("CLUSTER"));
  EXPECT_TRUE(comes_true([&] { return follower.end() == Offset{2} && committed() == Offset{2}; }));
  EXPECT_EQ(follower.partition->size_bytes(), leader->size_bytes());
}

TEST_F(ReplicaNetworkTest, once_it_has_caught_up_its_fetch_waits_at_the_leader) {
  FollowingBroker follower;
  follower.find_leader_at(broker.address("CLUSTER"));
  write();
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{1}; }));
  const int asked = follower.asked_for_address;
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_LE(follower.asked_for_address, asked + 1);
  const auto began = Clock::now();
  write();
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{2}; }));
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(15));
}

TEST_F(ReplicaNetworkTest, while_nobody_knows_where_the_leader_is_it_asks_again_after_the_backoff) {
  FollowingBroker follower;
  write();
  EXPECT_TRUE(comes_true([&] { return follower.asked_for_address >= 3; }));
  follower.find_leader_at(broker.address("CLUSTER"));
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{1}; }));
}

TEST_F(ReplicaNetworkTest, a_leader_at_another_address_is_found_there) {
  FollowingBroker follower;
  follower.find_leader_at(PeerAddress{.host = "127.0.0.1", .port = 1});
  write();
  EXPECT_TRUE(comes_true([&] { return follower.asked_for_address >= 2; }));
  follower.find_leader_at(broker.address("CLUSTER"));
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{1}; }));
}

TEST_F(ReplicaNetworkTest, a_connection_that_breaks_is_made_again) {
  FollowingBroker follower;
  follower.find_leader_at(broker.address("CLUSTER"));
  write();
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{1}; }));
  run_on(broker.core(), [this] { broker.core().close_connections(); });
  write();
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{2}; }));
}

TEST_F(ReplicaNetworkTest, the_controller_is_asked_on_the_core_without_the_partitions_lock) {
  FollowingBroker follower;
  follower.network.send_alter_partition(follower.partition, {.token = 7});
  EXPECT_TRUE(comes_true([&] { return follower.altered == 7; }));
}

TEST_F(ReplicaNetworkTest, nothing_happens_after_close) {
  FollowingBroker follower;
  follower.find_leader_at(broker.address("CLUSTER"));
  write();
  EXPECT_TRUE(comes_true([&] { return committed() == Offset{1}; }));
  run_on(follower.core, [&] { follower.network.close(); });
  write();
  follower.network.send_alter_partition(follower.partition, {.token = 7});
  follower.partition->tick();
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(follower.end(), Offset{1});
  EXPECT_EQ(follower.altered, 0);
}

// As when a topic is deleted: timers and fetches under way keep nothing for ever.
TEST_F(ReplicaNetworkTest, a_partition_that_is_gone_is_forgotten) {
  FollowingBroker follower(std::chrono::hours(1));
  std::weak_ptr<Partition> partition = follower.partition;
  EXPECT_TRUE(comes_true([&] { return follower.asked_for_address == 1; }));
  EXPECT_TRUE(follower.partitions.remove(replicated_topic.id));
  follower.partition.reset();
  EXPECT_TRUE(comes_true([&] { return partition.expired(); }));
}

}  // namespace
}  // namespace ottla
