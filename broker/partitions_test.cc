#include "broker/partitions.h"

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <thread>

#include "storage/fault_file.h"
#include "storage/test_batches.h"

namespace ottla {
namespace {

class PartitionsTest : public testing::Test {
 protected:
  PartitionsTest() { core.start(); }
  ~PartitionsTest() override {
    partitions.for_each([](Partition& partition) { partition.end_waits(); });
    core.stop_and_join();
  }
  std::shared_ptr<Partition> make_topic(const std::string& name) {
    const PartitionRegistration alone{.replicas = {config.node_id},
                                      .isr = {config.node_id},
                                      .leader = config.node_id,
                                      .leader_epoch = LeaderEpoch{0},
                                      .partition_epoch = PartitionEpoch{0}};
    const Topic topic{.name = name, .id = Uuid::random(), .partitions = {alone}, .configs = {}};
    EXPECT_TRUE(partitions.open(topic, partition_metadata({}, topic, config.node_id)));
    return partitions.find(name)->partition(0);
  }
  // Both stages of a write, as Produce with acks=all has them.
  ErrorCode write(const std::shared_ptr<Partition>& partition) {
    Bytes batch = make_batch({{.key = "k", .value = "v"}});
    const auto both = [&]() -> Awaitable<ErrorCode> {
      const auto appended = co_await partition->append(core, as_append(batch), true);
      if (!appended) {
        co_return appended.error().code;
      }
      const auto done =
          co_await partition->wait_until_committed(core, appended->base_offset + 1, appended->epoch, patience, true);
      co_return done ? ErrorCode::NONE : done.error().code;
    };
    return asio::co_spawn(core.io, both(), asio::use_future).get();
  }

  static constexpr auto patience = std::chrono::seconds(5);
  FaultDisk disk;
  Config config = parse_config({}).value().config;
  std::unique_ptr<LogDirectory> directory = LogDirectory::open(disk, "data", std::nullopt, BrokerId{1}).value();
  Core core{0};
  Partitions partitions{disk, *directory, config};
};

TEST_F(PartitionsTest, after_a_failed_sync_every_partition_refuses_at_once_and_so_does_a_topic_made_later) {
  const auto before = make_topic("before");
  const auto beside = make_topic("beside");
  ASSERT_EQ(write(before), ErrorCode::NONE);
  disk.fail_sync_after = 0;
  EXPECT_EQ(write(before), ErrorCode::KAFKA_STORAGE_ERROR);
  EXPECT_EQ(write(beside), ErrorCode::KAFKA_STORAGE_ERROR);
  EXPECT_TRUE(partitions.failure());
  EXPECT_EQ(write(make_topic("after")), ErrorCode::KAFKA_STORAGE_ERROR);
  EXPECT_EQ(before->view().high_watermark, Offset{1});
}

TEST_F(PartitionsTest, a_failed_sync_of_a_checkpoint_ends_the_writing_too) {
  const auto topic = make_topic("t");
  ASSERT_EQ(write(topic), ErrorCode::NONE);
  partitions.housekeeper().start();
  disk.fail_sync_after = 0;
  partitions.housekeeper().make_log_starts_durable(std::make_shared<OneShot<Result<void>>>());
  for (int i = 0; i < 500 && !partitions.failure(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(partitions.failure());
  EXPECT_EQ(write(topic), ErrorCode::KAFKA_STORAGE_ERROR);
}

}  // namespace
}  // namespace ottla
