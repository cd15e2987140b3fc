// For tests: broker 1 with a partition of its own disk, and others that are words: what they would be sent is kept
// here, what they say is said by the test.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <future>

#include "broker/metadata_quorum.h"
#include "broker/partitions.h"
#include "storage/fault_file.h"
#include "storage/test_batches.h"

namespace ottla {

class FakeOutside final : public ReplicaOutside {
 public:
  static constexpr auto patience = std::chrono::seconds(5);

  void send_fetch(std::shared_ptr<Partition> /*partition*/, const replica_effect::SendFetch& fetch) override {
    keep(fetches_, fetch);
  }
  void send_alter_partition(std::shared_ptr<Partition> /*partition*/,
                            const replica_effect::SendAlterPartition& request) override {
    keep(requests_, request);
  }
  void make_log_starts_durable() override { ++wanted_durable_starts; }
  void arm_timer(std::shared_ptr<Partition> /*partition*/, std::int64_t at_ms) override { keep(timers_, at_ms); }

  // The oldest that was not taken yet. It may still have to come: a sync takes its time.
  replica_effect::SendFetch next_fetch() { return take(fetches_); }
  replica_effect::SendAlterPartition next_request() { return take(requests_); }
  std::int64_t next_timer() { return take(timers_); }
  std::atomic<int> wanted_durable_starts = 0;
  [[nodiscard]] bool has_fetch() {
    const std::lock_guard lock(mutex_);
    return !fetches_.empty();
  }

 private:
  template <class One>
  void keep(std::vector<One>& all, const One& one) {
    {
      const std::lock_guard lock(mutex_);
      all.push_back(one);
    }
    changed_.notify_all();
  }
  template <class One>
  One take(std::vector<One>& all) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return !all.empty(); })) {
      ADD_FAILURE() << "nothing was sent";
      return {};
    }
    One first = all.front();
    all.erase(all.begin());
    return first;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<replica_effect::SendFetch> fetches_;
  std::vector<replica_effect::SendAlterPartition> requests_;
  std::vector<std::int64_t> timers_;
};

// Topic "t" has one partition, with replicas on brokers 1, 2 and 3; broker n has epoch 100 + n. This one is broker 1.
class ReplicaPartitionTest : public testing::Test {
 protected:
  ReplicaPartitionTest() {
    start();
    core.start();
  }
  ~ReplicaPartitionTest() override {
    partitions->for_each([](Partition& one) { one.end_waits(); });
    core.stop_and_join();
  }
  void start() {
    auto opened = LogDirectory::open(disk, "data", std::nullopt, BrokerId{1});
    ASSERT_TRUE(opened) << opened.error().message;
    directory = std::move(*opened);
    partitions = std::make_unique<Partitions>(disk, *directory, config);
    partitions->set_replica_outside(&outside, {.lag_time_max_ms = 1000});
    EXPECT_TRUE(partitions->open(topic, std::vector{PartitionMetadata{.replicas = {{BrokerId{1}}}}}));
    partition = partitions->find("t")->partition(0);
  }
  // Without a goodbye to anybody, but with one to the disk.
  void restart() {
    EXPECT_TRUE(partitions->close());
    partition.reset();
    partitions.reset();
    directory.reset();
    // A directory with partitions has metadata, too.
    EXPECT_TRUE(MetadataQuorum::seed(disk, "data", std::vector<Command>{AllocateProducerIds{.broker_id = {1}}}));
    start();
  }

  [[nodiscard]] PartitionMetadata metadata(int leader, int epoch, const std::vector<int>& isr = {1, 2, 3}) {
    PartitionMetadata made{.leader = BrokerId{leader},
                           .leader_epoch = LeaderEpoch{epoch},
                           .partition_epoch = PartitionEpoch{++partition_epoch},
                           .replicas = {},
                           .isr = {},
                           .effective_min_isr = min_isr,
                           .waits_for_disk = true};
    for (const int id : {1, 2, 3}) {
      made.replicas.push_back({BrokerId{id}, BrokerEpoch{100 + id}, true});
    }
    for (const int id : isr) {
      made.isr.push_back(BrokerId{id});
    }
    return made;
  }
  void leads(int epoch, const std::vector<int>& isr = {1, 2, 3}) { partition->follow(metadata(1, epoch, isr)); }
  void follows(int leader, int epoch) { partition->follow(metadata(leader, epoch)); }

  // Batches of one record each, as the leader of `epoch` has them.
  static Bytes records(int from, int count, int epoch) {
    Bytes all;
    for (int i = 0; i < count; ++i) {
      Bytes one = make_batch({{.key = "k", .value = std::to_string(epoch)}});
      patch_base_offset(one, Offset{from + i});
      patch_leader_epoch(one, LeaderEpoch{epoch});
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
  static FetchDone answer(const replica_effect::SendFetch& sent) {
    return {.generation = sent.generation,
            .current_leader_epoch = sent.current_leader_epoch,
            .fetch_offset = sent.fetch_offset,
            .diverging_epoch = {},
            .high_watermark = Offset{0},
            .log_start_offset = Offset{0}};
  }
  // The leader has `count` records of `epoch` for the fetch that was sent.
  void brings(const replica_effect::SendFetch& sent, int count, int epoch, int high_watermark) {
    const Bytes bytes = records(static_cast<int>(sent.fetch_offset.value), count, epoch);
    FetchDone done = answer(sent);
    done.high_watermark = Offset{high_watermark};
    done.has_records = count > 0;
    partition->fetch_done(done, bytes);
  }
  replica_effect::AnswerFetch fetched_by(int id, int offset, int epoch, std::optional<int> durable = {},
                                         int durable_start = 0) {
    return partition->fetched_by({.token = 7,
                                  .replica = BrokerId{id},
                                  .broker_epoch = BrokerEpoch{100 + id},
                                  .current_leader_epoch = LeaderEpoch{epoch},
                                  .fetch_offset = Offset{offset},
                                  .last_fetched_epoch = LeaderEpoch{offset > 0 ? epoch : -1},
                                  .durable_end_offset = Offset{durable.value_or(offset)},
                                  .durable_start_offset = Offset{durable_start}});
  }

  template <class T>
  std::future<T> run(Awaitable<T> action) {
    return asio::co_spawn(core.io, std::move(action), asio::use_future);
  }
  Result<Dispatched> append(bool needs_all_acks) {
    Bytes batch = make_batch({{.key = "k", .value = "v"}});
    return run(partition->append(core, as_append(batch), needs_all_acks)).get();
  }
  std::future<Result<void>> committed(const Dispatched& written, bool needs_all_acks) {
    return run(partition->wait_until_committed(core, written.base_offset + 1, written.epoch, FakeOutside::patience,
                                               needs_all_acks));
  }
  // Both stages, begun.
  std::future<Result<void>> write(bool needs_all_acks) {
    const auto written = append(needs_all_acks);
    EXPECT_TRUE(written) << written.error().message;
    return committed(written.value_or(Dispatched{}), needs_all_acks);
  }
  template <class T>
  static bool is_over(std::future<T>& future) {
    return future.wait_for(std::chrono::milliseconds(50)) == std::future_status::ready;
  }
  static ErrorCode code_of(std::future<Result<void>>& outcome) {
    const auto result = outcome.get();
    return result ? ErrorCode::NONE : result.error().code;
  }
  [[nodiscard]] Offset durable_end() const { return partition->log_state()->durable_end_offset; }
  [[nodiscard]] Offset high_watermark() const { return partition->log_state()->high_watermark; }

  FaultDisk disk;
  Config config = parse_config({}).value().config;
  const Topic topic{.name = "t", .id = Uuid::random(), .partitions = {PartitionRegistration{}}, .configs = {}};
  FakeOutside outside;
  std::int32_t partition_epoch = 0;
  std::size_t min_isr = 1;
  std::unique_ptr<LogDirectory> directory;
  Core core{0};
  std::unique_ptr<Partitions> partitions;
  std::shared_ptr<Partition> partition;
};

}  // namespace ottla
